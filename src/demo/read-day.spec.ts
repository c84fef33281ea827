import { describe, expect, it } from '@jest/globals';

import { featureHash } from './feature-hash.js';
import { closestPassage } from './read-day.js';

describe('closestPassage', () => {
  it('takes two neighbouring sentences of one speaker', () => {
    const messages = ['Where is it?', 'It does not exist. I invented an API option. The page is corrected.'];
    expect(closestPassage(featureHash('an API option that does not exist'), messages)).toBe('It does not exist. I invented an API option.');
  });

  it('finds where Japanese sentences end, also inside quotation marks', () => {
    const messages = ['本当に実行しましたか。', '「通りました。」と言いました。実行していません。すみません。'];
    expect(closestPassage(featureHash('通りましたと言った'), messages)).toBe('「通りました。」と言いました。');
    expect(closestPassage(featureHash('本当に実行したか'), messages)).toBe('本当に実行しましたか。');
  });

  it('leaves file names whole', () => {
    expect(closestPassage(featureHash('auth.ts'), ['Look at fixtures/auth.ts, please.'])).toBe('Look at fixtures/auth.ts, please.');
  });
});
