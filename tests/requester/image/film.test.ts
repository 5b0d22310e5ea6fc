import { expect, test } from 'vitest';
import { ImageError, createFilm } from '../../../main/requester/image/index.ts';
import type { Tile, TileResult } from '../../../worker/messages.ts';

const whole: Tile = { x0: 0, y0: 0, x1: 3, y1: 2 };

/** Every pixel holds (value, 2 value, 4 value) summed over its samples. */
function tileOf(tile: Tile, value: number, firstSample = 0, sampleCount = 1): TileResult {
  const pixels = Math.max(0, (tile.x1 - tile.x0) * (tile.y1 - tile.y0));
  const sums = Float32Array.from({ length: pixels * 4 }, (_, index) => value * 2 ** (index & 3) * sampleCount);
  return { tile, firstSample, sampleCount, sums, durationMs: 1 };
}

function withSum(result: TileResult, index: number, value: number): TileResult {
  const sums = result.sums.slice();
  sums[index] = value;
  return { ...result, sums };
}

test.each<[string, TileResult, string, string]>([
  [
    'a tile beyond the film',
    tileOf({ ...whole, x1: 4 }, 1),
    'invalid-tile',
    'tile 0,0..4,2 is no part of a film of 3 x 2 pixels',
  ],
  [
    'a tile turned inside out',
    tileOf({ ...whole, x0: 3, x1: 1 }, 1),
    'invalid-tile',
    'tile 3,0..1,2 is no part of a film of 3 x 2 pixels',
  ],
  [
    'a fractional tile',
    tileOf({ ...whole, y0: 0.5 }, 1),
    'invalid-tile',
    'tile 0,0.5..3,2 is no part of a film of 3 x 2 pixels',
  ],
  ['no samples', { ...tileOf(whole, 1), sampleCount: 0 }, 'invalid-tile', 'tile 0,0..3,2 has 0 samples from 0'],
  [
    'too few sums',
    { ...tileOf(whole, 1), sums: new Float32Array(20) },
    'invalid-sums',
    'tile 0,0..3,2 came with 20 numbers; it has 24',
  ],
  [
    'a sum that is not a number',
    withSum(tileOf(whole, 1), 5, Number.NaN),
    'invalid-sums',
    'tile 0,0..3,2: number 5 is NaN; it must lie in 0..549755813888',
  ],
  [
    'a negative sum',
    withSum(tileOf(whole, 1), 0, -1),
    'invalid-sums',
    'tile 0,0..3,2: number 0 is -1; it must lie in 0..549755813888',
  ],
  [
    'an infinite sum',
    withSum(tileOf(whole, 1), 23, Infinity),
    'invalid-sums',
    'tile 0,0..3,2: number 23 is Infinity; it must lie in 0..549755813888',
  ],
])('%s is refused and leaves the film as it was', (_name, result, code, message) => {
  const film = createFilm(3, 2);
  expect(() => film.add(result)).toThrow(ImageError);
  expect(() => film.add(result)).toThrow(expect.objectContaining({ code, message }));
  expect(film.coverage().maximumSamples).toBe(0);
});

test('samples that were added before are refused, in whole or in part', () => {
  const film = createFilm(3, 2);
  film.add(tileOf(whole, 1, 0, 8));
  expect(() => film.add(tileOf({ x0: 1, y0: 1, x1: 2, y1: 2 }, 1, 7, 2))).toThrow(
    'samples 7..9 of tile 1,1..2,2 overlap samples 0..8 of tile 0,0..3,2',
  );
  film.add(tileOf(whole, 1, 8, 8));
  expect(film.coverage()).toEqual({ complete: true, minimumSamples: 16, maximumSamples: 16, firstMissing: null });
});

test.each([0, -1, 1.5, 16_385, Number.NaN])('a film of %s pixels cannot be made', (side) => {
  expect(() => createFilm(side, 4)).toThrow(`a side of ${side} pixels; it must be an integer in 1..16384`);
});

test('a film tells which pixel still lacks samples', () => {
  const film = createFilm(3, 2);
  expect(film.coverage()).toEqual({
    complete: false,
    minimumSamples: 0,
    maximumSamples: 0,
    firstMissing: { x: 0, y: 0 },
  });
  film.add(tileOf({ x0: 0, y0: 0, x1: 3, y1: 1 }, 1));
  film.add(tileOf({ x0: 0, y0: 1, x1: 2, y1: 2 }, 1));
  expect(film.coverage()).toEqual({
    complete: false,
    minimumSamples: 0,
    maximumSamples: 1,
    firstMissing: { x: 2, y: 1 },
  });
});

test('the mean weighs every sample alike, whatever batch it came in', () => {
  const film = createFilm(3, 2);
  film.add(tileOf(whole, 1, 0, 3));
  film.add(tileOf(whole, 5, 3, 1));
  expect(Array.from(film.mean().slice(0, 3))).toEqual([2, 4, 8]);
});

test('tiles in any order give the same film, to the last bit', () => {
  const results = Array.from({ length: 20 }, (_, index) => tileOf(whole, 10 ** ((index % 7) - 3) / 3, index, 1));
  const film = createFilm(3, 2);
  const backwards = createFilm(3, 2);
  for (const result of results) film.add(result);
  for (const result of results.toReversed()) backwards.add(result);
  expect(backwards.mean()).toEqual(film.mean());
});

test('the variance of a pixel is that of the mean of its samples', () => {
  const film = createFilm(1, 1);
  const tile = { x0: 0, y0: 0, x1: 1, y1: 1 };
  film.add({ tile, firstSample: 0, sampleCount: 1, sums: Float32Array.of(1, 1, 1, 1), durationMs: 0 });
  expect(film.variance()[0]).toBe(0);
  film.add({ tile, firstSample: 1, sampleCount: 3, sums: Float32Array.of(9, 9, 9, 41), durationMs: 0 });
  // Samples of 1, 1, 2 and 6: their mean 2.5, their variance 17 / 3, a quarter of it that of the mean.
  expect(film.variance()[0]).toBeCloseTo(17 / 12, 10);
});
