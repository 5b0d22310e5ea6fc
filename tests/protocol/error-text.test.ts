import { describe, expect, it } from 'vitest';
import { errorText } from '../../protocol/errors.ts';

describe('the words of whatever was thrown', () => {
  it.each<[string, unknown, string]>([
    ['an error', new RangeError('too long'), 'too long'],
    ['an event that carries an error', Object.assign(new Event('close'), { error: new Error('reset') }), 'reset'],
    ['an event without one', new Event('abort'), 'the abort event came first'],
    ['a string', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
  ])('%s', (_title, thrown, words) => {
    expect(errorText(thrown)).toBe(words);
  });
});
