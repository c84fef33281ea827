import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.js';

/** What logins to the embedded database derive from; each 32 random bytes, base64url. */
export interface EmbeddedSecrets {
  /** Derives the superuser's password. */
  readonly superuserSecret: string;
  readonly roleSecret: string;
  readonly backupSecret: string;
}

const NAMES = ['superuserSecret', 'roleSecret', 'backupSecret'] as const;

/** @throws AppError `internal` where the file is not what Nagaya wrote; its path is in the message */
export function readSecrets(folder: string): EmbeddedSecrets | undefined {
  const path = secretsFile(folder);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const secrets = parse(text);
  if (!secrets) {
    throw new AppError('internal', `${path} can't be read as Nagaya's secrets. Bring it back from a copy, or remove it: new ones are made then.`);
  }
  return secrets;
}

/** The caller has the folder to itself. */
export function makeSecrets(folder: string): EmbeddedSecrets {
  const random = () => randomBytes(32).toString('base64url');
  const secrets = { superuserSecret: random(), roleSecret: random(), backupSecret: random() };
  const path = secretsFile(folder);
  const draft = `${path}.tmp`;
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
  // The mode above counts for a new file only; a draft may lie there from a start that was cut off.
  chmodSync(draft, 0o600);
  renameSync(draft, path);
  return secrets;
}

function secretsFile(folder: string): string {
  return join(folder, 'secrets.json');
}

function parse(text: string): EmbeddedSecrets | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<string, unknown>>;
    const whole = NAMES.every((name) => typeof value[name] === 'string' && value[name].length >= 32);
    return whole ? (value as unknown as EmbeddedSecrets) : undefined;
  } catch {
    return undefined;
  }
}
