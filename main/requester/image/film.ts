import type { Tile, TileResult } from '../../../worker/messages.ts';
import { ImageError } from './image-error.ts';

/**
 * The renderer rounds every sample to a multiple of this. Sums of such multiples are exact in float64, so the picture does
 * not depend on how its samples were split or on the order in which tiles arrive; sums from a stranger are rounded alike.
 */
const radianceQuantum = 2 ** -14;
const maximumSidePixels = 16_384;
/** 2^53 quanta: beyond it a float64 sum would no longer be exact. */
const maximumSum = 2 ** 39;

export interface FilmCoverage {
  /** True when every pixel has the same number of samples, and at least one. */
  readonly complete: boolean;
  readonly minimumSamples: number;
  readonly maximumSamples: number;
  /** The first pixel, row by row, that has the fewest samples. */
  readonly firstMissing: { readonly x: number; readonly y: number } | null;
}

/** Collects tiles into a picture. */
export interface Film {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** @throws ImageError when the tile leaves the film, its sums are malformed, or its samples were added before. */
  add(result: TileResult): void;
  coverage(): FilmCoverage;
  /** Linear R, G, B per pixel, row-major from the top left: the mean over the samples; black where there are none. */
  mean(): Float64Array<ArrayBuffer>;
  /** Of the luminance of each pixel's mean, as its samples show it if they were independent; 0 where they are fewer than two. */
  variance(): Float64Array<ArrayBuffer>;
}

export function createFilm(widthPixels: number, heightPixels: number): Film {
  for (const side of [widthPixels, heightPixels]) {
    if (Number.isSafeInteger(side) && side >= 1 && side <= maximumSidePixels) continue;
    throw new ImageError('invalid-size', `a side of ${side} pixels; it must be an integer in 1..${maximumSidePixels}`, {
      data: { value: String(side), limit: maximumSidePixels },
    });
  }
  const sums = new Float64Array(widthPixels * heightPixels * 3);
  const squares = new Float64Array(widthPixels * heightPixels);
  const samples = new Uint32Array(widthPixels * heightPixels);
  const added: { tile: Tile; firstSample: number; endSample: number }[] = [];

  function add(result: TileResult): void {
    checkTile(result, widthPixels, heightPixels);
    const { tile, firstSample, sampleCount } = result;
    const endSample = firstSample + sampleCount;
    const twin = added.find(
      (other) => other.firstSample < endSample && firstSample < other.endSample && overlaps(other.tile, tile),
    );
    if (twin !== undefined) {
      throw new ImageError(
        'overlapping-tile',
        `samples ${firstSample}..${endSample} of ${describe(tile)} overlap samples ${twin.firstSample}..${twin.endSample} of ${describe(twin.tile)}`,
        { data: { firstSample, endSample } },
      );
    }
    checkSums(result);
    added.push({ tile, firstSample, endSample });
    const tileWidth = tile.x1 - tile.x0;
    for (let y = tile.y0; y < tile.y1; y += 1) {
      for (let x = tile.x0; x < tile.x1; x += 1) {
        const source = ((y - tile.y0) * tileWidth + (x - tile.x0)) * 4;
        const pixel = y * widthPixels + x;
        for (let channel = 0; channel < 3; channel += 1) {
          const value = result.sums[source + channel] as number;
          const rounded = Math.round(value / radianceQuantum) * radianceQuantum;
          sums[pixel * 3 + channel] = (sums[pixel * 3 + channel] as number) + rounded;
        }
        squares[pixel] = (squares[pixel] as number) + (result.sums[source + 3] as number);
        samples[pixel] = (samples[pixel] as number) + sampleCount;
      }
    }
  }

  function coverage(): FilmCoverage {
    let minimumSamples = Infinity;
    let maximumSamples = 0;
    let first = 0;
    samples.forEach((count, pixel) => {
      if (count > maximumSamples) maximumSamples = count;
      if (count >= minimumSamples) return;
      minimumSamples = count;
      first = pixel;
    });
    const complete = minimumSamples > 0 && minimumSamples === maximumSamples;
    const firstMissing = complete ? null : { x: first % widthPixels, y: Math.floor(first / widthPixels) };
    return { complete, minimumSamples, maximumSamples, firstMissing };
  }

  function mean(): Float64Array<ArrayBuffer> {
    return sums.map((sum, index) => sum / Math.max(1, samples[Math.floor(index / 3)] as number));
  }

  function variance(): Float64Array<ArrayBuffer> {
    const means = mean();
    return squares.map((sum, pixel) => {
      const count = samples[pixel] as number;
      if (count < 2) return 0;
      const [red = 0, green = 0, blue = 0] = means.subarray(pixel * 3, pixel * 3 + 3);
      const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      return Math.max(0, sum / count - luminance * luminance) / (count - 1);
    });
  }

  return { widthPixels, heightPixels, add, coverage, mean, variance };
}

/** @throws ImageError when pixels lack samples that others have. */
export function assertComplete(film: Film): void {
  const { complete, minimumSamples, maximumSamples, firstMissing } = film.coverage();
  if (complete) return;
  throw new ImageError(
    'incomplete-film',
    `pixel ${firstMissing?.x},${firstMissing?.y} has ${minimumSamples} samples; others have ${maximumSamples}`,
    { data: { minimumSamples, maximumSamples } },
  );
}

function checkTile(
  { tile, firstSample, sampleCount, sums }: TileResult,
  widthPixels: number,
  heightPixels: number,
): void {
  const { x0, y0, x1, y1 } = tile;
  const integers = [x0, y0, x1, y1, firstSample, sampleCount].every(
    (value) => Number.isSafeInteger(value) && value >= 0,
  );
  if (!integers || x0 >= x1 || y0 >= y1 || x1 > widthPixels || y1 > heightPixels) {
    throw new ImageError(
      'invalid-tile',
      `${describe(tile)} is no part of a film of ${widthPixels} x ${heightPixels} pixels`,
    );
  }
  if (sampleCount < 1 || firstSample + sampleCount > 2 ** 31) {
    throw new ImageError('invalid-tile', `${describe(tile)} has ${sampleCount} samples from ${firstSample}`);
  }
  const expected = (x1 - x0) * (y1 - y0) * 4;
  if (sums.length !== expected) {
    throw new ImageError('invalid-sums', `${describe(tile)} came with ${sums.length} numbers; it has ${expected}`, {
      data: { value: sums.length, limit: expected },
    });
  }
}

function checkSums({ tile, sums }: TileResult): void {
  const wrong = sums.findIndex((value) => !(value >= 0 && value <= maximumSum));
  if (wrong < 0) return;
  throw new ImageError(
    'invalid-sums',
    `${describe(tile)}: number ${wrong} is ${sums[wrong]}; it must lie in 0..${maximumSum}`,
    {
      data: { index: wrong, value: String(sums[wrong]), limit: maximumSum },
    },
  );
}

function overlaps(a: Tile, b: Tile): boolean {
  return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
}

function describe(tile: Tile): string {
  return `tile ${tile.x0},${tile.y0}..${tile.x1},${tile.y1}`;
}
