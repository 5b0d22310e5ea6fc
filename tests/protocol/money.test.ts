import { expect, test } from 'vitest';
import { formatAmount, parseAmount } from '../../protocol/money.ts';
import { taskUnits } from '../../protocol/tasks.ts';

test.each([
  [0n, 6, '0.00'],
  [1n, 6, '0.000001'],
  [1_234_567n, 6, '1.234567'],
  [-1_500_000n, 6, '-1.50'],
  [10n ** 40n, 6, `1${'0'.repeat(34)}.00`],
  [1n, 18, '0.000000000000000001'],
])('%s of the smallest unit at %s decimals reads %s, and back', (amount, decimals, text) => {
  expect(formatAmount(amount, decimals)).toBe(text);
  if (amount >= 0n) expect(parseAmount(text, decimals)).toBe(amount);
});

test('whole amounts are read too; more decimals than the token has, signs and words are not', () => {
  expect(parseAmount('12')).toBe(12_000_000n);
  for (const text of ['0.1234567', '-1', '', '.5', '1.', '1e3', 'ten']) {
    expect(() => parseAmount(text)).toThrow(`"${text}" is not an amount with at most 6 decimals`);
  }
});

test('a chat is counted in tokens, a picture in samples of pixels that are still missing', () => {
  const tiles = [
    { x0: 0, y0: 0, x1: 4, y1: 2 },
    { x0: 4, y0: 0, x1: 5, y1: 1 },
  ];
  const common = { sceneSha256: 'ab'.repeat(32), widthPixels: 5, heightPixels: 2, seed: 1, maxBounces: 1 };
  expect(taskUnits({ kind: 'render', ...common, samplesPerPixel: 10, firstSample: 3, tiles })).toBe(63n);
  const chat = { modelSha256: 'ab'.repeat(32), messages: [], prefixTokens: [], temperatureMillionths: 0, seed: 1 };
  expect(taskUnits({ kind: 'chat', ...chat, maxTokens: 7 })).toBe(7n);
});
