import type { Socket } from 'node:net';
import { EngineFailure, type Engine } from './engine.js';
import { LoginFailure, logIn } from './login-conversation.js';
import { reportedSettings, type RoleRecord } from './logins.js';
import { PreparedStatements } from './prepared-statements.js';
import type { Claimant, SessionQueue } from './session-queue.js';
import { LoginRefused, type Login, type Session } from './session.js';
import { refusedMessage, ruleForMessage } from './statement-rules.js';
import {
  backendKeyData,
  errorResponse,
  negotiateProtocolVersion,
  parameterStatus,
  readyForQuery,
  type ErrorFields,
} from './wire/backend-messages.js';
import { countMessages } from './wire/backend-reply.js';
import type { FrontendMessage } from './wire/frontend-messages.js';
import { FrontendReader, ProtocolViolation } from './wire/frontend-reader.js';
import { readStartup } from './wire/startup-packet.js';

/** What a connection needs of the front end that accepted it. */
export interface Reception {
  readonly engine: Engine;
  readonly session: Session;
  readonly queue: SessionQueue;
  readonly messageLimitBytes: number;
  findRole(name: string): Promise<RoleRecord | undefined>;
  connectionsOf(roleOid: number): number;
  /** True once nobody new may begin anything. */
  readonly closing: boolean;
  onEngineFailure(failure: EngineFailure): void;
}

const LOGIN_LIMIT_MS = 30_000;

// A client that doesn't read its answers gets no further ones, and one that sends ahead is not read further.
const UNSENT_LIMIT_BYTES = 16 * 1024 * 1024;
const AHEAD_LIMIT_BYTES = 4 * 1024 * 1024;
