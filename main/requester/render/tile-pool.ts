import type { TileRectangle } from '../../../protocol/tasks.ts';

/** Tiles that start at the same sample: what one task can ask for. */
export interface TileBatch {
  readonly tiles: readonly TileRectangle[];
  readonly firstSample: number;
}

/** Squares of `sidePixels` from the top left, smaller at the right and bottom edge. */
export function cutTiles(widthPixels: number, heightPixels: number, sidePixels: number): TileRectangle[] {
  const tiles: TileRectangle[] = [];
  for (let y0 = 0; y0 < heightPixels; y0 += sidePixels) {
    for (let x0 = 0; x0 < widthPixels; x0 += sidePixels) {
      tiles.push({ x0, y0, x1: Math.min(x0 + sidePixels, widthPixels), y1: Math.min(y0 + sidePixels, heightPixels) });
    }
  }
  return tiles;
}

/**
 * Deals the tiles out, interleaved, in proportion to speed: each tile goes to whoever would finish it first. Equal weights
 * deal them in turn. Where there are more hands than tiles, some get none.
 */
export function dealTiles(tiles: readonly TileRectangle[], weights: readonly number[]): TileRectangle[][] {
  const hands = weights.map((): TileRectangle[] => []);
  for (const tile of tiles) {
    let best = 0;
    for (let index = 1; index < hands.length; index += 1) {
      if (load(hands, weights, index) < load(hands, weights, best)) best = index;
    }
    hands[best]?.push(tile);
  }
  return hands;
}

function load(hands: readonly TileRectangle[][], weights: readonly number[], index: number): number {
  return ((hands[index]?.length ?? 0) + 1) / (weights[index] ?? 1);
}

/** What is left of a batch, grouped by the sample it goes on from: a half-done tile is finished, never paid again. */
export function remainder(batch: TileBatch, samplesDone: readonly number[], samplesPerPixel: number): TileBatch[] {
  const byFirstSample = new Map<number, TileRectangle[]>();
  for (const [index, tile] of batch.tiles.entries()) {
    const done = samplesDone[index] ?? batch.firstSample;
    if (done >= samplesPerPixel) continue;
    const group = byFirstSample.get(done);
    if (group === undefined) byFirstSample.set(done, [tile]);
    else group.push(tile);
  }
  return [...byFirstSample].map(([firstSample, tiles]) => ({ tiles, firstSample }));
}
