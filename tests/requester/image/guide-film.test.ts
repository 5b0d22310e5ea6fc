import { expect, test } from 'vitest';
import { channelsOf, createGuideFilm, encodeExrChannels } from '../../../main/requester/image/index.ts';
import { decodeOpenExr } from '../../../worker/render/environment/open-exr.ts';

const tile = { x0: 1, y0: 0, x1: 2, y1: 2 };

/** Two pixels, one above the other: the first hit by three of four samples, the second by none. */
const sums = Float32Array.of(1.5, 0.75, 0.375, 6, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0);

test('guides are means over what was hit, and 0 where nothing was', () => {
  const film = createGuideFilm(2, 2);
  film.add({ tile, firstSample: 0, sampleCount: 3, sums, durationMs: 0 });
  film.add({ tile, firstSample: 3, sampleCount: 1, sums: new Float32Array(16), durationMs: 0 });
  expect(Array.from(film.mean('albedo'))).toEqual([0, 0, 0, 0.5, 0.25, 0.125, 0, 0, 0, 0, 0, 0]);
  expect(Array.from(film.mean('depth'))).toEqual([0, 2, 0, 0]);
  expect(Array.from(film.mean('normal'))).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  expect(Array.from(film.packed().subarray(8, 16))).toEqual([0.5, 0.25, 0.125, 2, 0, 0, 1, 0.75]);
});

test('sums that do not fill their tile are refused with both numbers', () => {
  const wrong = { tile, firstSample: 0, sampleCount: 1, sums: new Float32Array(15), durationMs: 0 };
  expect(() => createGuideFilm(2, 2).add(wrong)).toThrow('guides came with 15 numbers; their tile has 16');
});

test('channels of an EXR are stored by name, whatever their order', async () => {
  const given = channelsOf(Float64Array.of(1, 2, 3, 4, 5, 6), ['R', 'G', 'B']);
  const file = encodeExrChannels(2, 1, given.toReversed());
  expect(file).toEqual(encodeExrChannels(2, 1, given));
  expect(Array.from((await decodeOpenExr(file)).pixels)).toEqual([1, 2, 3, 4, 5, 6]);
});
