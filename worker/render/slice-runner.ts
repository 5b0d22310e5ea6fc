import type { Tile } from '../messages.ts';
import type { PathTraceKernel } from './kernels/path-trace-slice.ts';
import { type SliceBudget, adjustBudget, planSlices } from './slice-plan.ts';

// Every host has it, but the library of this room (es2024) does not list it.
declare const performance: { now(): number };

export interface SliceWork {
  /** The kernel of the next slice, its film bound. */
  current(): PathTraceKernel;
  note(samples: number, durationMs: number): void;
  /** @throws when the buffers are gone: without them the rest of the tile would be zeros, not an error. */
  assertLoaded(): void;
}

export interface SliceRange {
  readonly tile: Tile;
  readonly firstSample: number;
  readonly sampleCount: number;
}

/** Renders a tile slice by slice, each submitted alone, and keeps the budget to the target time. */
export async function runSlices(
  device: GPUDevice,
  work: SliceWork,
  { tile, firstSample, sampleCount }: SliceRange,
  budget: SliceBudget,
  targetMs: number,
): Promise<void> {
  for (const slice of planSlices(tile, firstSample, sampleCount, budget)) {
    const startMs = performance.now();
    const kernel = work.current();
    kernel.setSlice(slice);
    const encoder = device.createCommandEncoder({ label: 'render.slice' });
    kernel.run(encoder);
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    work.assertLoaded();
    const samples = slice.tileWidth * (slice.endRow - slice.firstRow) * slice.sampleCount;
    const durationMs = performance.now() - startMs;
    work.note(samples, durationMs);
    adjustBudget(budget, samples, durationMs, targetMs);
  }
}
