import type { TileResult } from '../../../worker/messages.ts';
import { ImageError } from './image-error.ts';

const numbersPerPixel = 8;

export const guideNames = ['albedo', 'normal', 'depth'] as const;
export type GuideName = (typeof guideNames)[number];

/** Collects what the samples of a picture met first. */
export interface GuideFilm {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** @throws ImageError when the sums do not fill the tile. */
  add(result: TileResult): void;
  /**
   * Means over the samples that hit something, row-major: albedo linear R, G, B; normal x, y, z in world space, shorter than
   * 1 where surfaces meet; depth in metres along the view axis. 0 where nothing was hit.
   */
  mean(name: GuideName): Float64Array<ArrayBuffer>;
  /** All of them as the denoiser takes them: albedo, depth, normal, share of samples that hit; 8 float32 per pixel. */
  packed(): Float32Array<ArrayBuffer>;
}

const places: Readonly<Record<GuideName, readonly number[]>> = {
  albedo: [0, 1, 2],
  depth: [3],
  normal: [4, 5, 6],
};
const hitsPlace = 7;

export function createGuideFilm(widthPixels: number, heightPixels: number): GuideFilm {
  const sums = new Float64Array(widthPixels * heightPixels * numbersPerPixel);
  const samples = new Float64Array(widthPixels * heightPixels);

  const meanAt = (pixel: number, place: number) =>
    (sums[pixel * numbersPerPixel + place] as number) /
    Math.max(1, sums[pixel * numbersPerPixel + hitsPlace] as number);

  return {
    widthPixels,
    heightPixels,
    add({ tile, sampleCount, sums: added }) {
      const width = tile.x1 - tile.x0;
      const expected = width * (tile.y1 - tile.y0) * numbersPerPixel;
      if (added.length !== expected) {
        throw new ImageError('invalid-sums', `guides came with ${added.length} numbers; their tile has ${expected}`, {
          data: { value: added.length, limit: expected },
        });
      }
      added.forEach((value, index) => {
        const own = Math.floor(index / numbersPerPixel);
        const pixel = (tile.y0 + Math.floor(own / width)) * widthPixels + tile.x0 + (own % width);
        const at = pixel * numbersPerPixel + (index % numbersPerPixel);
        sums[at] = (sums[at] as number) + value;
        if (index % numbersPerPixel === 0) samples[pixel] = (samples[pixel] as number) + sampleCount;
      });
    },
    mean(name) {
      const own = places[name];
      return Float64Array.from({ length: samples.length * own.length }, (_, index) =>
        meanAt(Math.floor(index / own.length), own[index % own.length] as number),
      );
    },
    packed() {
      return Float32Array.from({ length: sums.length }, (_, index) => {
        const pixel = Math.floor(index / numbersPerPixel);
        const place = index % numbersPerPixel;
        if (place === hitsPlace) return (sums[index] as number) / Math.max(1, samples[pixel] as number);
        return meanAt(pixel, place);
      });
    },
  };
}
