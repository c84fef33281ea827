import type { Socket } from 'node:net';

/** When the connection is over, well or broken: `events.once` rejects when it was broken. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve()));
}
