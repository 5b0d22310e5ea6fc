import type { Tile } from '../messages.ts';
import type { PathTraceSlice } from './kernels/path-trace-slice.ts';

/** What one dispatch may take: rows of the tile and samples of each pixel. Work is rows x width x samples. */
export interface SliceBudget {
  /** Path samples that the adapter is expected to finish within the time budget. */
  samplesPerSlice: number;
  /** What the driver holds at once; at least 8 rows of the tile. */
  mostSamples: number;
}

/**
 * Cuts a tile into dispatches: first bands of rows, then samples of a band, each within the budget as it stands when the
 * slice begins. The cut changes no byte of the result: a pixel's samples are summed in order of their index.
 */
export function* planSlices(
  tile: Tile,
  firstSample: number,
  sampleCount: number,
  budget: SliceBudget,
): Generator<PathTraceSlice, void, void> {
  const tileWidth = tile.x1 - tile.x0;
  const height = tile.y1 - tile.y0;
  let firstRow = 0;
  while (firstRow < height) {
    const rows = Math.min(height - firstRow, wholeGroups(budget.samplesPerSlice / tileWidth));
    const endRow = firstRow + rows;
    let done = 0;
    while (done < sampleCount) {
      const fitting = Math.floor(budget.samplesPerSlice / (tileWidth * rows));
      const samples = Math.min(sampleCount - done, Math.max(1, fitting));
      yield {
        tileX: tile.x0,
        tileY: tile.y0,
        tileWidth,
        firstRow,
        endRow,
        firstSample: firstSample + done,
        sampleCount: samples,
        continues: done > 0,
      };
      done += samples;
    }
    firstRow = endRow;
  }
}

/** Rows come in groups of 8, the height of a workgroup. */
function wholeGroups(rows: number): number {
  return Math.max(8, Math.floor(rows / 8) * 8);
}

/** The budget for another target time, so that already the first slice keeps to it. */
export function retarget(budget: SliceBudget, fromMs: number, toMs: number): void {
  limit(budget, (budget.samplesPerSlice * toMs) / fromMs);
}

/** The budget after a slice of `samples` took `durationMs`: towards the target, at most four times up or down. */
export function adjustBudget(budget: SliceBudget, samples: number, durationMs: number, targetMs: number): void {
  const factor = Math.min(4, Math.max(0.25, targetMs / Math.max(durationMs, 0.01)));
  limit(budget, samples * factor);
}

function limit(budget: SliceBudget, samples: number): void {
  budget.samplesPerSlice = Math.min(budget.mostSamples, Math.max(512, Math.round(samples)));
}
