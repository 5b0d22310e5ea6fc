import type { Sha256, TaskKind } from '../../protocol/tasks.ts';

/** Share of the newest measurement: the last dozen chunks decide. */
const newest = 0.15;

export interface RateMeter {
  /** A chunk of `units` took `durationMs`. */
  note(kind: TaskKind, inputSha256: Sha256, units: bigint, durationMs: number): void;
  /** Measured units per second, or null where this input never ran here. */
  rate(kind: TaskKind, inputSha256: Sha256): number | null;
}

/** Remembers how fast each model and scene ran on this machine. */
export function createRateMeter(): RateMeter {
  const rates = new Map<string, number>();
  return {
    note(kind, inputSha256, units, durationMs) {
      if (units === 0n || durationMs <= 0) return;
      const key = `${kind} ${inputSha256}`;
      const measured = (Number(units) * 1000) / durationMs;
      const before = rates.get(key);
      rates.set(key, before === undefined ? measured : before + newest * (measured - before));
    },
    rate: (kind, inputSha256) => rates.get(`${kind} ${inputSha256}`) ?? null,
  };
}
