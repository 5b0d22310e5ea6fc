import type { RateMeter } from '../../market/rate-meter.ts';
import type { GpuWorker } from '../gpu-worker.ts';
import type { WorkerInputs } from './worker-inputs.ts';

/** Where a task's chunks come from. Nothing is computed until `produce`, and that is called only for what is covered. */
export interface Chunk {
  readonly units: bigint;
  readonly payload: Uint8Array<ArrayBuffer>;
}

export interface ChunkSource {
  /**
   * Units the next chunk takes, at most `limitUnits`; 0 where that is too little for any, null when the task is done.
   */
  plan(limitUnits: bigint): bigint | null;
  /** The planned chunk; null when it turned out that there was nothing left. @throws TaskError, GpuWorkerError. */
  produce(signal: AbortSignal): Promise<Chunk | null>;
  /** Gives back what the task held in the worker. Never throws. */
  close(): Promise<void>;
}

export type Activity = 'loading' | 'computing' | 'recovering';

export interface ChunkSourceOptions {
  /** From the agreement. */
  readonly chunkUnits: bigint;
  readonly onActivity: (activity: Activity) => void;
}

/** What every source computes with. */
export interface ChunkSourceComponents {
  readonly worker: GpuWorker;
  readonly inputs: WorkerInputs;
  readonly rates: RateMeter;
  /** How long one submit may keep the GPU from its owner, read before each call. */
  readonly sliceTargetMs: () => number;
}
