import type { Session } from '../day.js';

export const doubleCharge: Session = {
  key: 'double-charge',
  title: 'Customers charged twice after a webhook retry',
  project: 'tally-pay',
  language: 'en',
  programmingLanguage: 'Go',
  exchanges: [
    {
      user: 'Support has three customers who were charged twice for one order since this morning. Please look into it, carefully.',
      assistant:
        "I'll only read for now. All three orders have two captures between eight and eleven seconds apart, and each second one follows a retried webhook from the card network.",
      tool: 'read',
      importance: 'critical',
      files: ['internal/webhook/handler.go'],
    },
    {
      user: 'Is it our bug or theirs?',
      assistant:
        "Ours. They retry when we take more than eight seconds to answer, which they document. We treat the retry as a new event, since we store its delivery id and not the payment's id.",
      tool: 'read',
      importance: 'critical',
      files: ['internal/webhook/handler.go', 'internal/capture/store.go'],
    },
    {
      user: 'Why did it take more than eight seconds?',
      assistant:
        'I don\'t know yet, and I\'d rather not guess. The traces of the three requests show nine seconds in one step, waiting for a row lock in "orders".',
      tool: 'shell',
      importance: 'high',
    },
    {
      user: 'Probably the nightly export again.',
      assistant:
        "The export ran at 02:00 and these are from 09:14 on, so it can't be that. What did start at 09:10 is the price update that someone launched by hand; it holds one transaction over the whole table.",
      tool: 'shell',
      importance: 'high',
      files: ['scripts/reprice.sql'],
    },
    {
      user: 'First stop the bleeding. What is the smallest safe change?',
      assistant:
        "An idempotency key on the capture: the payment id plus the capture's sequence number, sent to the card network. A second capture with the same key returns the first result, so nobody is charged twice even if we repeat ourselves.",
      importance: 'critical',
      files: ['internal/capture/client.go'],
    },
    {
      user: 'Do it, with a test that fails without the fix.',
      assistant:
        'The test delivers the same webhook twice, the second time while the first still waits for its lock. Without the key it records two captures, with the key one. I ran it both ways.',
      tool: 'edit',
      importance: 'critical',
      files: ['internal/capture/client.go', 'internal/capture/client_test.go'],
    },
    {
      user: 'Is our own table protected too?',
      assistant:
        'Not by the code alone. I propose a unique constraint on (payment_id, sequence); two rows violate it today, exactly the double charges we know, and they need a decision before it can be added.',
      tool: 'read',
      importance: 'high',
      files: ['migrations/0047_capture_unique.sql'],
    },
    {
      user: 'Refund those first. Can you issue the refunds?',
      assistant:
        "I can prepare them, but moving customers' money is yours to confirm. Here are the three refunds with order, amount and reason; say yes and I'll run them one by one.",
      importance: 'critical',
    },
    {
      user: 'Yes, go ahead.',
      assistant:
        'All three went through: 48.00, 19.90 and 132.50 euros, each with its reference in the ticket. I checked the balance of each payment afterwards; all three are back to a single charge.',
      tool: 'shell',
      importance: 'critical',
    },
    {
      user: "Who else might be affected that hasn't written to support?",
      assistant:
        'I compared captures with orders over the last thirty days: five more orders have two captures. Two of them are deliberate split shipments, so three customers still need a refund and a letter.',
      tool: 'shell',
      importance: 'critical',
      files: ['reports/double-captures.csv'],
    },
    {
      user: "You logged the full card token in that debug line, didn't you?",
      assistant:
        "Yes, in the first version of the handler's trace, and it should never have left my editor. I removed the line, the log of that test run is deleted, and the token was a sandbox one.",
      tool: 'edit',
      importance: 'high',
      files: ['internal/webhook/handler.go'],
    },
    {
      user: 'Rotate it anyway.',
      assistant:
        "Rotated. I've also added a check to the linter configuration that refuses log calls with a field named token, pan or secret.",
      tool: 'shell',
      importance: 'high',
      files: ['.golangci.yml'],
    },
    {
      user: 'What about the eight seconds? The webhook must answer faster.',
      assistant:
        "It now stores the event, answers 202 and leaves the capture to a queue; the 95th percentile in the load test is 35 ms. The queue worker takes the order's lock with a timeout of two seconds and tries again later.",
      tool: 'edit',
      importance: 'high',
      files: ['internal/webhook/handler.go', 'internal/queue/worker.go'],
    },
    {
      user: 'The error from enqueue is ignored in your diff.',
      assistant:
        'Correct, I swallowed it with a blank identifier. If storing fails we must answer 500 so that the card network tries again; fixed, with a test for a full disk.',
      tool: 'edit',
      importance: 'high',
      files: ['internal/webhook/handler.go', 'internal/webhook/handler_test.go'],
    },
    {
      user: 'Write the incident note for the team.',
      assistant:
        '"Between 09:10 and 10:05 retried webhooks captured six payments twice. Cause: retries were told apart by delivery id. Captures now carry an idempotency key, the table a unique constraint, and webhooks answer before they work."',
      tool: 'docs',
      importance: 'high',
      files: ['docs/incidents/double-capture.md'],
    },
  ],
};
