import type { NumericProfile } from '../../../protocol/agreement.ts';

/**
 * Largest honest gap between the best and the emitted token, in logit units: both sides are within half of it of the exact
 * value. Start values after f32 and f16 rounding of a deep model, to be replaced by the calibrated 99.99th percentile.
 * `strict` is no tighter: a replay runs other kernels (whole prompt at once) than the answer did (token by token).
 */
export const gapTolerance: Readonly<Record<NumericProfile, number>> = { strict: 2e-3, f32: 2e-3, f16: 4e-2 };

/** One token in a hundred may pass the tolerance, none may pass ten times it. */
export const gapRules = { shareAbove: 0.01, worstFactor: 10 } as const;

/** Render between adapters of different classes: a pixel agrees within this, relative to its larger value. */
export const pixelTolerance = 1e-3;
/**
 * Share of pixels that may disagree: 2 %, and 0.2 % more for each sample in the sum, because a path that passes an edge may
 * fall on either side of it. A sum with a sample missing, or of another seed, disagrees nearly everywhere.
 */
export function pixelShareAllowed(sampleCount: number): number {
  return Math.min(0.4, 0.02 + 0.002 * sampleCount);
}
