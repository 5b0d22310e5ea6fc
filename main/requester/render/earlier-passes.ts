import type { TileRectangle } from '../../../protocol/tasks.ts';
import type { TileResult } from '../../../worker/messages.ts';
import type { KeptPass, KeptPasses } from '../../store/unfinished-pictures.ts';
import type { Checker } from '../check/checker.ts';
import { BlockTally, sampleBlock } from '../check/check-block.ts';
import type { TileBatch } from './tile-pool.ts';

/** Of the tiles of a picture: what an earlier run of the same request got, and what is still to be bought. */
export interface EarlierPasses {
  readonly passes: readonly KeptPass[];
  readonly remaining: readonly TileBatch[];
}

/** Each tile's passes from its first sample on, as far as they follow each other. */
export function followedPasses(
  tiles: readonly TileRectangle[],
  samplesPerPixel: number,
  kept: readonly KeptPass[],
): EarlierPasses {
  const byTile = Map.groupBy(kept, ({ tile }) => keyOf(tile));
  const passes: KeptPass[] = [];
  const left = new Map<number, TileRectangle[]>();
  for (const tile of tiles) {
    let done = 0;
    const own = (byTile.get(keyOf(tile)) ?? []).toSorted((a, b) => a.firstSample - b.firstSample);
    for (const pass of own) {
      if (pass.firstSample !== done || done + pass.sampleCount > samplesPerPixel) continue;
      done += pass.sampleCount;
      passes.push(pass);
    }
    if (done === samplesPerPixel) continue;
    left.set(done, [...(left.get(done) ?? []), tile]);
  }
  const remaining = [...left].map(([firstSample, some]) => ({ tiles: some, firstSample }));
  return { passes, remaining };
}

/**
 * Drops deliveries that were cut off before they were confirmed and in which a random block of some pass, rendered again, differs.
 * Without a checker they are taken as they are, like anything that cannot be checked.
 *
 * @throws what the checker's worker throws
 */
export async function dropWrongBatches(
  kept: KeptPasses,
  options: {
    readonly checker: Checker | null;
    readonly openScene: (checker: Checker) => Promise<string>;
    readonly signal: AbortSignal;
  },
): Promise<readonly KeptPass[]> {
  const { checker, openScene, signal } = options;
  const unconfirmed = kept.passes.filter(({ isConfirmed }) => !isConfirmed);
  if (checker === null || unconfirmed.length === 0) return kept.passes;
  const sceneId = await openScene(checker);
  const wrong = new Set<number>();
  for (const [batch, passes] of Map.groupBy(unconfirmed, (pass) => pass.batch)) {
    const tally = new BlockTally();
    for (const pass of passes) {
      const block = sampleBlock(await kept.load(pass));
      if ((await tally.check(checker, sceneId, block, { isSameClass: false, signal })) !== null) wrong.add(batch);
      if (wrong.has(batch)) break;
    }
    if (wrong.has(batch)) kept.drop(batch);
    else kept.confirm(batch);
  }
  return kept.passes.filter(({ batch }) => !wrong.has(batch));
}

function keyOf({ x0, y0, x1, y1 }: TileResult['tile']): string {
  return `${x0},${y0},${x1},${y1}`;
}
