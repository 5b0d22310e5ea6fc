import { expect, test } from 'vitest';
import { adjustBudget, planSlices, retarget } from '../../worker/render/slice-plan.ts';

test.each([
  ['a budget for everything', 1_000_000, { x0: 0, y0: 0, x1: 64, y1: 64 }, 16],
  ['a budget for a few samples', 9000, { x0: 3, y0: 5, x1: 67, y1: 69 }, 16],
  ['a budget below one band', 1, { x0: 0, y0: 0, x1: 101, y1: 37 }, 3],
  ['a tile of one pixel', 100, { x0: 9, y0: 9, x1: 10, y1: 10 }, 1013],
])('with %s, every sample of every row is rendered once and in order', (_name, samplesPerSlice, tile, sampleCount) => {
  const height = tile.y1 - tile.y0;
  const next = Array.from({ length: height }, () => 100);
  for (const slice of planSlices(tile, 100, sampleCount, { samplesPerSlice, mostSamples: 2 ** 26 })) {
    expect([slice.tileX, slice.tileY, slice.tileWidth]).toEqual([tile.x0, tile.y0, tile.x1 - tile.x0]);
    for (let row = slice.firstRow; row < slice.endRow; row += 1) {
      expect(slice.firstSample).toBe(next[row]);
      expect(slice.continues).toBe(slice.firstSample > 100);
      next[row] = slice.firstSample + slice.sampleCount;
    }
  }
  expect(next).toEqual(Array.from({ length: height }, () => 100 + sampleCount));
});

test('the budget follows the time that a slice took, with moderation', () => {
  const budget = { samplesPerSlice: 10_000, mostSamples: 2 ** 26 };
  adjustBudget(budget, 10_000, 100, 50);
  expect(budget.samplesPerSlice).toBe(5000);
  adjustBudget(budget, 5000, 1, 50);
  expect(budget.samplesPerSlice).toBe(20_000);
  adjustBudget(budget, 600, 10_000, 50);
  expect(budget.samplesPerSlice).toBe(512);
});

test('when the owner comes back already the next slice is shorter', () => {
  const budget = { samplesPerSlice: 50_000, mostSamples: 60_000 };
  retarget(budget, 50, 8);
  expect(budget.samplesPerSlice).toBe(8000);
  retarget(budget, 8, 8);
  expect(budget.samplesPerSlice).toBe(8000);
  // More than the driver holds is never asked for.
  retarget(budget, 8, 500);
  expect(budget.samplesPerSlice).toBe(60_000);
});
