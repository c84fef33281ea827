import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import { rolePassword, scramVerifier } from '../role-secret.js';
import { FolderLock, findHolder } from './folder-lock.js';
import { makeSecrets, readSecrets, type EmbeddedSecrets } from './secrets.js';
import { Supervisor } from './supervisor.js';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** 0, the default: any free one. */
  readonly port?: number;
  readonly onProgress?: (step: string) => void;
  readonly log?: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** How long a connection waits for another one's open transaction; default 30 s. */
  readonly waitingMs?: number;
}

export interface EmbeddedServer {
  /** The superuser's login; anything that speaks PostgreSQL's protocol can use it. */
  readonly adminUrl: string;
  readonly roleSecret: string;
  readonly backupSecret: string;
  /** The data folder was empty. */
  readonly firstStart: boolean;
  /** False where another process has the folder and this one only talks to it. */
  readonly owned: boolean;
  /** Lets transactions at work finish, writes everything down and ends the engine. Does nothing where it is not owned. */
  stop(): Promise<void>;
}

const WAITING_MS = 30_000;
const STARTING_LIMIT_MS = 60_000;

const WHAT_IT_IS =
  'The embedded database is for trying out and for development: it serves one connection at a time, it is no security ' +
  'boundary between products, and a power cut may lose what was written last.';

/**
 * Opens the data folder, made where it is missing, and serves it on the loopback interface.
 * @throws AppError `conflict` that names the process which has the folder; `unavailable` where the engine does not start
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const folder = prepareFolder(options.dataDir);
  const lock = await FolderLock.acquire(folder);
  try {
    return await serve(folder, lock, options);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Talks to the process that has the folder, where one has, and otherwise opens it for as long as the caller needs it. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const folder = prepareFolder(options.dataDir);
  for (const until = Date.now() + STARTING_LIMIT_MS; ; await sleep(200)) {
    const attached = await attach(folder);
    if (attached) return attached;
    try {
      return await startEmbedded(options);
    } catch (error) {
      // Somebody has it who does not answer yet: it is starting, or stopping.
      if (!(error instanceof AppError && error.code === 'conflict') || Date.now() > until) throw error;
    }
  }
}

async function serve(folder: string, lock: FolderLock, options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { log = () => {}, onProgress = () => {}, waitingMs = WAITING_MS } = options;
  const database = join(folder, 'pgdata');
  // Lies there while initdb's files are written: a folder that was cut off in the midst would look like a database.
  const unfinished = join(folder, 'pgdata.unfinished');
  if (existsSync(unfinished)) rmSync(database, { recursive: true, force: true });
  const firstStart = !existsSync(database);
  if (firstStart) writeFileSync(unfinished, '', { mode: 0o600 });
  const secrets = readSecrets(folder) ?? makeSecrets(folder);

  onProgress(firstStart ? 'Creating the embedded database (some seconds, the first time only)' : 'Opening the embedded database');
  const supervisor = new Supervisor({
    databaseFolder: database,
    port: options.port ?? 0,
    superuserVerifier: scramVerifier(secrets.superuserSecret, 'postgres'),
    waitingMs,
    // After the others' errors, which say what is wrong.
    idleInTransactionMs: waitingMs * 2,
    log,
  });
  const port = await supervisor.start();
  rmSync(unfinished, { force: true });
  lock.publish(port);
  log('info', WHAT_IT_IS);
  return {
    ...describe(secrets, port),
    firstStart,
    owned: true,
    stop: async () => {
      await supervisor.stop();
      lock.release();
    },
  };
}

async function attach(folder: string): Promise<EmbeddedServer | undefined> {
  const port = (await findHolder(folder))?.port;
  const secrets = readSecrets(folder);
  if (port === undefined || !secrets || !(await isListening(port))) return undefined;
  return { ...describe(secrets, port), firstStart: false, owned: false, stop: async () => {} };
}

function describe(secrets: EmbeddedSecrets, port: number): Pick<EmbeddedServer, 'adminUrl' | 'roleSecret' | 'backupSecret'> {
  const { superuserSecret, roleSecret, backupSecret } = secrets;
  const adminUrl = `postgresql://postgres:${rolePassword(superuserSecret, 'postgres')}@127.0.0.1:${port}/postgres`;
  return { adminUrl, roleSecret, backupSecret };
}

/** Nobody else's: it holds the secrets. */
function prepareFolder(dataDir: string): string {
  const folder = resolve(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return folder;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (listening: boolean) => {
      socket.destroy();
      answer(listening);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.setTimeout(5_000, () => finish(false));
  });
}
