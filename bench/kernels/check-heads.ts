import type { HeadShape } from '../../worker/llm/kernels/rope-append.ts';
import type { RandomPlane } from './random-cache.ts';

export interface HeadCheck {
  /** Numbers compared. */
  readonly compared: number;
  /** Squared error over squared reference, against float64. */
  readonly normalisedError: number;
  readonly limit: number;
  readonly isRight: boolean;
}

const limit = 1e-6;

/** Compares the first, middle and last head of the first, middle and last row. */
export function checkHeads(
  heads: HeadShape,
  run: {
    rows: readonly (readonly [slot: number, position: number])[];
    queries: Float32Array;
    keys: RandomPlane;
    values: RandomPlane;
    placeOf: (slot: number, position: number) => number;
    output: Float32Array;
  },
): HeadCheck {
  const { headCount, keyValueHeadCount, headLength, headStride } = heads;
  let error = 0;
  let power = 0;
  let compared = 0;
  for (const row of spread(run.rows.length)) {
    const [slot, position] = run.rows[row] ?? [0, 0];
    const places = Array.from({ length: position + 1 }, (_, index) => run.placeOf(slot, index));
    for (const head of spread(headCount)) {
      const query = run.queries.subarray((row * headCount + head) * headStride);
      const cacheHead = Math.floor(head / (headCount / keyValueHeadCount));
      const scores = places.map((place) => {
        let score = 0;
        for (let i = 0; i < headLength; i++) score += (query[i] ?? NaN) * run.keys.valueAt(place, cacheHead, i);
        return score / Math.sqrt(headLength);
      });
      const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
      const shares = scores.map((score) => Math.exp(score - highest));
      const total = shares.reduce((sum, share) => sum + share, 0);
      for (let i = 0; i < headLength; i++) {
        let sum = 0;
        places.forEach((place, index) => (sum += (shares[index] ?? NaN) * run.values.valueAt(place, cacheHead, i)));
        const expected = sum / total;
        error += ((run.output[(row * headCount + head) * headLength + i] ?? NaN) - expected) ** 2;
        power += expected ** 2;
        compared += 1;
      }
    }
  }
  const normalisedError = error / power;
  return { compared, normalisedError, limit, isRight: normalisedError <= limit };
}

function spread(count: number): Set<number> {
  return new Set([0, Math.floor(count / 2), count - 1]);
}
