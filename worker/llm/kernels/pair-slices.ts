import type { WeightMatrix, WeightSlice } from '../model/weight-matrix.ts';

/** The slices of two matrices that were cut at the same rows. */
export function pairSlices(first: WeightMatrix, second: WeightMatrix): (readonly [WeightSlice, WeightSlice])[] {
  return first.slices.map((slice, index) => {
    const other = second.slices[index];
    if (other === undefined || other.firstRow !== slice.firstRow || other.rowCount !== slice.rowCount) {
      throw new RangeError(`matrices ${first.label} and ${second.label} are cut at different rows`);
    }
    return [slice, other] as const;
  });
}
