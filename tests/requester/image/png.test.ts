import { decode } from 'fast-png';
import { expect, test } from 'vitest';
import { createFilm, encodePng, encodePreviewPng } from '../../../main/requester/image/index.ts';
import { encodeSrgb8 } from '../../../main/requester/image/srgb.ts';

test('every value gets the nearest sRGB code', () => {
  const wrong: object[] = [];
  for (let step = 0; step <= 20_000; step += 1) {
    const linear = (step / 20_000) ** 2;
    const curve = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    const code = encodeSrgb8(linear);
    if (Math.abs(code - curve * 255) > 0.5 + 1e-4) wrong.push({ linear, code, exact: curve * 255 });
  }
  expect(wrong).toEqual([]);
});

test.each([
  [-1, 0],
  [0, 0],
  [1, 255],
  [1e9, 255],
  [Number.NaN, 0],
])('a value of %s becomes the code %s', (linear, code) => {
  expect(encodeSrgb8(linear)).toBe(code);
});

test('a film becomes a PNG of its colours, with the same bytes every time', () => {
  const film = createFilm(2, 1);
  const sums = Float32Array.of(0, 0.5, 1, 0, 2, 4, 0, 0);
  film.add({ tile: { x0: 0, y0: 0, x1: 2, y1: 1 }, firstSample: 0, sampleCount: 2, sums, durationMs: 1 });
  const file = encodePng(film);
  const { width, height, channels, depth, data } = decode(file);
  expect({ width, height, channels, depth, data: [...data] }).toEqual({
    width: 2,
    height: 1,
    channels: 3,
    depth: 8,
    data: [0, 137, 188, 255, 255, 0],
  });
  expect(encodePng(film)).toEqual(file);
});

test('a film with missing pixels makes a preview but no picture', () => {
  const film = createFilm(2, 1);
  const sums = Float32Array.of(1, 1, 1, 1);
  film.add({ tile: { x0: 0, y0: 0, x1: 1, y1: 1 }, firstSample: 0, sampleCount: 1, sums, durationMs: 1 });
  expect(() => encodePng(film)).toThrow('pixel 1,0 has 0 samples; others have 1');
  expect([...decode(encodePreviewPng(film)).data]).toEqual([255, 255, 255, 0, 0, 0]);
});
