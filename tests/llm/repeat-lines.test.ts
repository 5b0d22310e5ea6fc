import { expect, it } from 'vitest';
import { repeatLines } from '../../worker/llm/kernels/repeat-lines.ts';

it('lines with a count nobody gives are refused by name', () => {
  expect(() => repeatLines('// repeat QUADS NTH\nx\n// end NTH\n', { KEYS: 2 })).toThrow(/repeats lines QUADS times/);
});

it('lines are repeated with their number, nested ones for each of the others, none where the count is nothing', () => {
  const code = [
    'before',
    '  // repeat QUADS NTH',
    '  // repeat KEYS KTH',
    '  sumNTHofKTH += KTHu;',
    '  // end KTH',
    '  weightNTH = 1;',
    '  // end NTH',
    '// repeat NONE NTH',
    'never',
    '// end NTH',
    'after',
    '',
  ].join('\n');
  expect(repeatLines(code, { QUADS: 2, KEYS: 2, NONE: 0 }).split('\n')).toEqual([
    'const QUADS = 2u;',
    'const KEYS = 2u;',
    'const NONE = 0u;',
    'before',
    '  sum0of0 += 0u;',
    '  sum0of1 += 1u;',
    '  weight0 = 1;',
    '  sum1of0 += 0u;',
    '  sum1of1 += 1u;',
    '  weight1 = 1;',
    'after',
    '',
  ]);
});
