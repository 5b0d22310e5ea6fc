import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import {
  createFilm,
  encodeExr,
  encodePng,
  type Film,
  ImageError,
  toneMaps,
} from '../../../main/requester/image/index.ts';
import { applyLook } from '../../../main/requester/image/tone-map.ts';
import { decodeOpenExr } from '../../../worker/render/environment/open-exr.ts';

function filmOf(width: number, height: number, value: (pixel: number, channel: number) => number): Film {
  const film = createFilm(width, height);
  const sums = Float32Array.from({ length: width * height * 4 }, (_, index) => value(index >> 2, index & 3));
  film.add({ tile: { x0: 0, y0: 0, x1: width, y1: height }, firstSample: 0, sampleCount: 1, sums, durationMs: 0 });
  return film;
}

test('an EXR gives the film back, brighter than white and row by row, also past a block of 16 rows', async () => {
  const film = filmOf(5, 37, (pixel, channel) => (pixel * 3 + channel) / 8);
  const { widthPixels, heightPixels, pixels } = await decodeOpenExr(encodeExr(film));
  expect([widthPixels, heightPixels]).toEqual([5, 37]);
  expect(Array.from(pixels)).toEqual(Array.from(film.mean()));
  expect(encodeExr(film)).toEqual(encodeExr(film));
});

test('an EXR of one pixel is read too', async () => {
  const { pixels } = await decodeOpenExr(encodeExr(filmOf(1, 1, (_, channel) => channel)));
  expect(Array.from(pixels)).toEqual([0, 1, 2]);
});

test('a film that lacks samples is no picture in any form', () => {
  expect(() => encodeExr(createFilm(2, 2))).toThrow(ImageError);
});

test('a PNG of 16 bits has the nearest sRGB code of 16 bits', () => {
  const film = filmOf(4, 1, (pixel) => [0, 0.25, 1, 4][pixel] as number);
  const { data, depth } = decode(encodePng(film, { toneMap: 'none', exposureStops: 0, depthBits: 16 }));
  expect(depth).toBe(16);
  expect(Array.from(data).filter((_, index) => index % 3 === 0)).toEqual([
    0,
    Math.round((1.055 * 0.25 ** (1 / 2.4) - 0.055) * 65_535),
    65_535,
    65_535,
  ]);
});

function white(toneMap: 'agx' | 'aces', exposureStops: number): number {
  return applyLook(Float64Array.of(1, 1, 1), { toneMap, exposureStops })[0] as number;
}

describe('a look', () => {
  const ramp = Float64Array.from({ length: 300 }, (_, index) => 2 ** (Math.floor(index / 3) / 6 - 10));

  test.each(toneMaps)('%s keeps grey grey, rises, and ends within 0..1 but for the plain one', (toneMap) => {
    const shown = applyLook(ramp, { toneMap, exposureStops: 0 });
    for (let place = 0; place < 300; place += 3) {
      expect(shown[place + 1]).toBeCloseTo(shown[place] as number, 3);
      if (place > 0) expect(shown[place]).toBeGreaterThanOrEqual((shown[place - 3] as number) - 1e-9);
      if (toneMap !== 'none') expect(shown[place]).toBeLessThanOrEqual(1);
    }
  });

  test('rolls off what would be cut, and brightens by stops', () => {
    expect(white('aces', 0)).toBeLessThan(0.9);
    expect(white('agx', 0)).toBeLessThan(0.9);
    expect(white('agx', 2)).toBeGreaterThan(white('agx', 0));
    expect(applyLook(Float64Array.of(0.1, 0.2, 0.3), { toneMap: 'none', exposureStops: 1 })).toEqual(
      Float64Array.of(0.2, 0.4, 0.6),
    );
  });

  test('agx shows middle grey near the middle of the codes', () => {
    const [grey = 0] = applyLook(Float64Array.of(0.18, 0.18, 0.18), { toneMap: 'agx', exposureStops: 0 });
    expect(grey ** (1 / 2.2)).toBeGreaterThan(0.42);
    expect(grey ** (1 / 2.2)).toBeLessThan(0.56);
  });
});
