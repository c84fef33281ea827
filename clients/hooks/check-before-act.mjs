#!/usr/bin/env node
// Asks Nagaya before a coding assistant uses a tool. Register it as the assistant's hook before each tool use; see docs/assistants.md.
//
// In, on standard input: { "tool_name": "Bash", "tool_input": { "command": "…" }, "session_id": "…" } as assistants write it.
// Out: exit 0 to go on (after a warning with the advice as JSON on standard output), exit 2 to stop, the reason on standard error.
// Whatever keeps Nagaya from answering never stops the assistant: exit 0, and a message that says so.
//
// NAGAYA_API_URL    where Nagaya serves; default http://127.0.0.1:3000
// NAGAYA_API_KEY    a key of the product, which may write
// NAGAYA_PRODUCT    default coding_rule2
// NAGAYA_TIMEOUT_MS how long the assistant waits at most; default 1500
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const GO_ON = 0;
const STOP = 2;
const MAX_TEXT = 20_000;
const MAX_SESSION = 100;

/** What the assistant is about to do, as one text: the command itself, or the tool and what it is given. */
export function actionOf({ tool_name: tool = 'tool', tool_input: input = {} }) {
  const { command, description: _, ...rest } = typeof input === 'object' && input !== null ? input : { command: String(input) };
  const others = Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
  const text = typeof command === 'string' ? [command, others].filter(Boolean).join('\n') : `${tool} ${JSON.stringify(input)}`;
  return text.slice(0, MAX_TEXT);
}

export function adviceOf({ matches = [] }) {
  return matches
    .map(({ patternType, patternDescription, occurrences, preventionActions = [] }) =>
      [`${patternType} (happened ${occurrences} times): ${patternDescription}`, ...preventionActions.map((action) => `  - ${action}`)].join('\n'))
    .join('\n');
}

async function readInput() {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  const input = JSON.parse(text);
  if (typeof input !== 'object' || input === null) throw new Error('the input is no object');
  return input;
}

async function ask(input) {
  const { NAGAYA_API_URL: url = 'http://127.0.0.1:3000', NAGAYA_API_KEY: key, NAGAYA_PRODUCT: product = 'coding_rule2', NAGAYA_TIMEOUT_MS: timeout = '1500' } = process.env;
  if (!key) throw new Error('NAGAYA_API_KEY is not set');
  const session = typeof input.session_id === 'string' && input.session_id !== '' ? input.session_id.slice(0, MAX_SESSION) : undefined;
  const answer = await fetch(`${url.replace(/\/+$/, '')}/v1/products/${product}/mistakes/check`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ action: actionOf(input), context: `tool: ${input.tool_name ?? 'unknown'}`, ...(session && { sessionId: session }) }),
    signal: AbortSignal.timeout(Number(timeout) || 1500),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`it answered ${answer.status} ${body.code ?? ''}: ${body.detail ?? ''}`);
  return body;
}

async function main() {
  let result;
  try {
    result = await ask(await readInput());
  } catch (error) {
    const reason = error?.name === 'TimeoutError' ? 'it did not answer in time' : error?.cause?.code ?? error?.message ?? String(error);
    const message = `Nagaya was not asked about this action (${reason}). The assistant goes on without its advice.`;
    process.stderr.write(`${message}\n`);
    process.stdout.write(`${JSON.stringify({ systemMessage: message })}\n`);
    return GO_ON;
  }
  if (result.verdict === 'block') {
    process.stderr.write(`Nagaya advises against this: it repeats a mistake.\n${adviceOf(result)}\nDo it another way. (check ${result.id})\n`);
    return STOP;
  }
  if (result.verdict === 'warn') {
    const advice = `Nagaya: this resembles a mistake that was made before.\n${adviceOf(result)}\n(check ${result.id})`;
    process.stdout.write(`${JSON.stringify({ systemMessage: advice, hookSpecificOutput: { hookEventName: 'PreToolUse', additionalContext: advice } })}\n`);
  }
  return GO_ON;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await main();
