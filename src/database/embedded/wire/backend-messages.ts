import { cString, message } from './frontend-messages.js';

// Wire messages from server to client, protocol 3.0.

export type Severity = 'ERROR' | 'FATAL';

export interface ErrorFields {
  readonly severity: Severity;
  /** SQLSTATE */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export function errorResponse({ severity, code, message: text, hint }: ErrorFields): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`, ...(hint === undefined ? [] : [`H${hint}`])];
  return message('E', ...fields.map(cString), Buffer.alloc(1));
}

export function readyForQuery(status: 'I' | 'T' | 'E'): Buffer {
  return message('Z', Buffer.from(status));
}

export function parameterStatus(name: string, value: string): Buffer {
  return message('S', cString(name), cString(value));
}

export function backendKeyData(processId: number, secret: number): Buffer {
  return message('K', int32(processId), int32(secret));
}

export const AUTHENTICATION_OK = authentication(0);

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return authentication(10, ...mechanisms.map(cString), Buffer.alloc(1));
}

export function authenticationSaslContinue(data: string): Buffer {
  return authentication(11, Buffer.from(data));
}

export function authenticationSaslFinal(data: string): Buffer {
  return authentication(12, Buffer.from(data));
}

/** To a client that asks for a newer minor version, or for protocol options: none of them is known here. */
export function negotiateProtocolVersion(options: readonly string[]): Buffer {
  return message('v', int32(0x0003_0000), int32(options.length), ...options.map(cString));
}

function authentication(kind: number, ...parts: readonly Buffer[]): Buffer {
  return message('R', int32(kind), ...parts);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
