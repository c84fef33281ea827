import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** A process told apart from every other one that ever had, or will have, its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** The machine's boot and the PID namespace (a container has its own): outside of it the number says nothing. */
  readonly host: string;
  /** When the process started, in the system's own notation; empty where the system doesn't tell. */
  readonly started: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostOf(), started: startOf(process.pid) };
}

/**
 * `unknown` for a process of another machine or container: nobody here can see whether it lives.
 * A number that was given to another process in the meantime counts as dead.
 */
export function stateOf(identity: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (identity.host !== hostOf()) return 'unknown';
  if (!numberIsTaken(identity.pid)) return 'dead';
  const started = startOf(identity.pid);
  return started === identity.started ? 'alive' : 'dead';
}

function numberIsTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function hostOf(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Not Linux: one machine, no PID namespaces.
    return process.platform;
  }
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22, counted behind the command's name, which may itself hold blanks and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return process.platform === 'linux' || process.platform === 'win32' ? '' : startByPs(pid);
  }
}

function startByPs(pid: number): string {
  try {
    const env = { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' };
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env, timeout: 5_000 }).trim();
  } catch {
    return '';
  }
}
