import type { Session } from '../day.js';

export const checkoutFlakyTest: Session = {
  key: 'checkout-flaky-test',
  title: 'Checkout spec that fails one run in eight',
  project: 'harbour-shop',
  language: 'en',
  programmingLanguage: 'TypeScript',
  exchanges: [
    {
      user: 'The checkout spec fails about one run in eight on CI and never on my laptop. Can you find out why?',
      assistant:
        "I'll read the spec and the last ten failed runs before I touch anything. All ten stop at the same line: the order total is read before the coupon has been applied.",
      tool: 'read',
      importance: 'high',
      files: ['e2e/checkout.spec.ts'],
    },
    {
      user: 'So the staging server is slow?',
      assistant:
        "It isn't: in the failed runs it answered in 40 ms too. The page shows a total twice, first without the coupon and then with it, and the spec takes whichever it finds first.",
      tool: 'read',
      files: ['src/checkout/summary.tsx'],
    },
    {
      user: 'Just raise the timeout to ten seconds then.',
      assistant:
        'That would hide it rather than cure it, because the wait already ends at the wrong total. Better to wait for the line "Coupon WELCOME10" and read the total after it has appeared.',
    },
    {
      user: 'Fine, do it your way.',
      assistant:
        "Done. The spec now waits for the coupon's row and only then compares the total. Two call sites in the spec changed, nothing else.",
      tool: 'edit',
      files: ['e2e/checkout.spec.ts'],
    },
    {
      user: 'Did you actually run it?',
      assistant:
        'Yes: fifty repeats on two workers, fifty green, and the log is attached to the branch. Before the change the same command lost six of fifty.',
      tool: 'shell',
      importance: 'high',
      files: ['e2e/checkout.spec.ts'],
    },
    {
      user: 'Great. CI is red again though, this time in cart-merge.',
      assistant:
        "Different cause. Both specs sign in as anna@shop.test, and when they run at the same moment each empties the other's cart.",
      tool: 'shell',
      files: ['e2e/cart-merge.spec.ts', 'e2e/checkout.spec.ts'],
    },
    {
      user: 'How did nobody notice that for a year?',
      assistant:
        'Until last Tuesday the end-to-end job had a single worker. The commit "halve CI time" made it two, and since then every shared test user has been a race waiting to happen.',
      tool: 'shell',
      files: ['.ci/e2e.yml'],
    },
    {
      user: 'Give every spec a shopper of its own.',
      assistant:
        "I've added a fixture that registers a fresh shopper for each test and deletes it afterwards. It costs 200 ms a test, some eleven seconds over the whole suite.",
      tool: 'edit',
      files: ['e2e/fixtures/auth.ts'],
    },
    {
      user: 'Hang on, you edited fixtures/auth.ts, but createShopper in that very file already does this.',
      assistant:
        "You're right, and I have no excuse: I edited the file without reading it to the end. My copy is gone and the specs call createShopper.",
      tool: 'edit',
      importance: 'high',
      files: ['e2e/fixtures/auth.ts'],
    },
    {
      user: 'Please open a file completely before you change it.',
      assistant:
        "Agreed. I've recorded it as a mistake of mine, edited without reading, with the rule that the first change to any file comes after a full read of it.",
      tool: 'memory',
      importance: 'high',
    },
    {
      user: 'One more: delivery-date.spec is green all day and fails after midnight in Tokyo.',
      assistant:
        'It computes "tomorrow" from the machine\'s clock in UTC while the page uses the shop\'s time zone. From 15:00 UTC on the two disagree by one day.',
      tool: 'read',
      files: ['e2e/delivery-date.spec.ts', 'src/delivery/calendar.ts'],
    },
    {
      user: 'Mock the clock?',
      assistant:
        'Yes, in the browser context: the spec sets a fixed instant, 2 March 09:00 in Tokyo, and a second case at 23:30 that would have caught this. The production code needs no change.',
      tool: 'edit',
      files: ['e2e/delivery-date.spec.ts'],
    },
    {
      user: 'Could we spot flaky specs before they annoy people?',
      assistant:
        'The nightly job can run each changed spec twenty times and list those that are neither always green nor always red. That is forty lines of script and about six minutes a night.',
    },
    {
      user: 'And the two retries that CI makes for every failed spec, should they stay?',
      assistant:
        "I'd lower them to one and report every spec that needed it. With silent retries a flake stays invisible until it happens three times in a row.",
      tool: 'edit',
      files: ['.ci/e2e.yml', 'playwright.config.ts'],
    },
    {
      user: 'Write the pull request text, please. Short.',
      assistant:
        '"Specs no longer share shoppers or clocks. Checkout waits for the coupon row; cart-merge has its own user; delivery-date fixes the instant. 50 of 50 repeats pass on two workers."',
      tool: 'git',
    },
  ],
};
