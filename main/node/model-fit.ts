import { refuse, type Refusal } from '../../protocol/errors.ts';
import type { TaskRefusalCode } from '../market/refusal-codes.ts';
import type { StoredInput } from '../store/input-store.ts';
import type { GpuWorker } from './gpu-worker.ts';

/** What of a card's memory a model may take: the desktop and the driver hold the rest. */
const usableShare = 0.9;
/** A header is read in milliseconds; a worker that is busy for longer is asked again by the next requester. */
const estimateTimeoutMs = 5_000;
const remembered = 256;

/** GPU memory for a model; null where the system does not say how much the card has. */
export function modelBudgetBytes(memoryBytes: number | null): number | null {
  return memoryBytes === null ? null : Math.floor(memoryBytes * usableShare);
}

export interface ModelFit {
  /** Null when the model loads here, or when that cannot be told before it is tried. */
  check(input: StoredInput): Promise<Refusal<TaskRefusalCode> | null>;
}

/** Asks the worker what a model would take, once for each file and budget, without loading it. */
export function createModelFit(worker: GpuWorker, budgetBytes: () => number | null): ModelFit {
  const known = new Map<string, Refusal<TaskRefusalCode> | null>();
  return {
    async check({ sha256, path }) {
      const budget = budgetBytes();
      const key = `${sha256} ${budget}`;
      const answer = known.get(key);
      if (answer !== undefined) return answer;
      try {
        const { refusal } = await worker.call(
          'estimate-model',
          { source: { kind: 'file', path }, ...(budget === null ? {} : { budgetBytes: budget }) },
          { timeoutMs: estimateTimeoutMs },
        );
        const result =
          refusal === null
            ? null
            : refuse<TaskRefusalCode>('TOO_LARGE', refusal.message, {
                needed: BigInt(refusal.neededBytes),
                available: BigInt(refusal.availableBytes),
              });
        if (known.size >= remembered) known.clear();
        known.set(key, result);
        return result;
      } catch {
        // A worker that is away or busy says nothing about the model; loading it will.
        return null;
      }
    },
  };
}
