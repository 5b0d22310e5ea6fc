import { randomInt } from 'node:crypto';
import type { Tile, TileResult } from '../../../worker/messages.ts';
import { floatsToBytes } from '../../../protocol/wire/payload-codecs.ts';
import type { Checker } from './checker.ts';
import { pixelShareAllowed, pixelTolerance } from './tolerance.ts';

/** A block has an eighth of the tile's side: one block a pass re-runs a sixty-fourth of the work. */
const sideShare = 8;

export interface BlockSample {
  readonly tile: Tile;
  readonly firstSample: number;
  readonly sampleCount: number;
  /** What was delivered for the block, 4 float32 per pixel. */
  readonly sums: Float32Array;
}

/** A block the provider cannot foresee, cut out of a pass. */
export function sampleBlock({ tile, firstSample, sampleCount, sums }: TileResult): BlockSample {
  const width = tile.x1 - tile.x0;
  const height = tile.y1 - tile.y0;
  const blockWidth = Math.ceil(width / sideShare);
  const blockHeight = Math.ceil(height / sideShare);
  const x = randomInt(width - blockWidth + 1);
  const y = randomInt(height - blockHeight + 1);
  const cut = new Float32Array(blockWidth * blockHeight * 4);
  for (let row = 0; row < blockHeight; row += 1) {
    const start = ((y + row) * width + x) * 4;
    cut.set(sums.subarray(start, start + blockWidth * 4), row * blockWidth * 4);
  }
  const x0 = tile.x0 + x;
  const y0 = tile.y0 + y;
  return { tile: { x0, y0, x1: x0 + blockWidth, y1: y0 + blockHeight }, firstSample, sampleCount, sums: cut };
}

/** Adds up over the blocks of one delivery, so that one pixel at an edge condemns nobody. */
export class BlockTally {
  pixels = 0;
  differing = 0;
  #allowed = 0;

  /** Renders the block again and compares. @throws what the checker's worker throws. */
  async check(
    checker: Checker,
    sceneId: string,
    block: BlockSample,
    options: { readonly isSameClass: boolean; readonly signal: AbortSignal },
  ): Promise<string | null> {
    const { tile, firstSample, sampleCount, sums } = block;
    const call = { sceneId, tile, firstSample, sampleCount };
    const own = await checker.worker.call('render-tile', call, { signal: options.signal });
    const differing = options.isSameClass ? differingBytes(sums, own.sums) : differingPixels(sums, own.sums);
    this.pixels += sums.length / 4;
    this.differing += differing;
    this.#allowed += options.isSameClass ? 0 : (sums.length / 4) * pixelShareAllowed(sampleCount);
    // One pixel more than the share: a block may be as small as a single pixel.
    const limit = options.isSameClass ? 0 : 1 + this.#allowed;
    if (this.differing <= limit) return null;
    const where = `samples ${firstSample}..${firstSample + sampleCount} at ${tile.x0},${tile.y0}..${tile.x1},${tile.y1}`;
    return `${this.differing} of ${this.pixels} pixels rendered again differ, last in ${where}`;
  }
}

function differingBytes(a: Float32Array, b: Float32Array): number {
  const bytesA = floatsToBytes(a);
  const bytesB = floatsToBytes(b);
  let differing = 0;
  for (let pixel = 0; pixel < a.length / 4; pixel += 1) {
    const start = pixel * 16;
    const isEqual = bytesA.subarray(start, start + 16).every((byte, index) => byte === bytesB[start + index]);
    if (!isEqual) differing += 1;
  }
  return differing;
}

function differingPixels(a: Float32Array, b: Float32Array): number {
  let differing = 0;
  for (let start = 0; start < a.length; start += 4) {
    const isClose = [0, 1, 2].every((channel) => {
      const first = a[start + channel] ?? 0;
      const second = b[start + channel] ?? 0;
      // The renderer rounds samples to multiples of 2^-14: near black one step is a large relative error.
      return Math.abs(first - second) <= pixelTolerance * Math.max(Math.abs(first), Math.abs(second)) + 2 ** -13;
    });
    if (!isClose) differing += 1;
  }
  return differing;
}
