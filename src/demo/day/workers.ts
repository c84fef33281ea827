import type { Worker } from './day.js';

export const workers: readonly Worker[] = [
  { id: 'assistant-1', type: 'assistant', status: 'busy', cpu: 61.5, memory: 48.2, tasks: 3, intervalSeconds: 60 },
  { id: 'assistant-2', type: 'assistant', status: 'idle', cpu: 4.1, memory: 31.7, tasks: 0, intervalSeconds: 60 },
  { id: 'test-runner-1', type: 'test-runner', status: 'busy', cpu: 93.8, memory: 72.4, tasks: 6, intervalSeconds: 30 },
  { id: 'doc-indexer-1', type: 'indexer', status: 'busy', cpu: 22.9, memory: 18.3, tasks: 1, intervalSeconds: 1, fallsSilent: true },
];
