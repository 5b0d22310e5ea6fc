import { expect, test } from 'vitest';
import { formatAmount, parseAmount } from '../../protocol/money.ts';
import { conversationOf, priceOfUnits, smallestChunkUnits, taskUnits, unitsForPrice } from '../../protocol/tasks.ts';

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
  // The least that can be delivered at once: one token, or one sample of the largest tile.
  expect(smallestChunkUnits({ kind: 'chat', ...chat, maxTokens: 7 })).toBe(1n);
  expect(smallestChunkUnits({ kind: 'render', ...common, samplesPerPixel: 10, firstSample: 3, tiles })).toBe(8n);
});

test.each([1n, 7n, 999_999n, 1_000_000n, 10_333_333n])(
  'at %s a million units a price buys as many units as it pays for',
  (price) => {
    for (const paid of [0n, 1n, 2n, 160n, 12_345n]) {
      const units = unitsForPrice(paid, price);
      expect(priceOfUnits(units, price)).toBeLessThanOrEqual(paid);
      expect(priceOfUnits(units + 1n, price)).toBeGreaterThan(paid);
    }
  },
);

test('a conversation has a clock, and tools where there are some', () => {
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  expect(conversationOf({ messages })).toEqual({ messages, clockSeconds: 0 });
  expect(conversationOf({ messages, tools: [], clockSeconds: 5 })).toEqual({ messages, tools: [], clockSeconds: 5 });
});
