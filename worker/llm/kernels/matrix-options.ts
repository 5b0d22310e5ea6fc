import type { WeightMatrix } from '../model/weight-matrix.ts';

/** RMSNorm in front of a matrix: gain [blocks * 32] of float32, zero past the columns. */
export interface Normalisation {
  readonly gain: GPUBuffer;
  readonly epsilon: number;
}

/** What a matrix kernel reads and writes; see the shaders for layouts. */
export interface MatrixKernelOptions {
  readonly matrix: WeightMatrix;
  /** [chunk][blocks * 32] float32, zero past the columns. */
  readonly input: GPUBuffer;
  /** [chunk][outputStride] float32. */
  readonly output: GPUBuffer;
  /** First output column of row 0. */
  readonly outputOffset: number;
  readonly outputStride: number;
  readonly normalisation?: Normalisation;
  /** Adds to the output (a residual) in place of overwriting it. */
  readonly accumulate: boolean;
}

export interface GatedMatrixKernelOptions {
  /** Same rows, columns and slices; formats may differ. */
  readonly gate: WeightMatrix;
  readonly up: WeightMatrix;
  readonly input: GPUBuffer;
  readonly output: GPUBuffer;
  readonly outputStride: number;
  readonly normalisation: Normalisation;
}

/** Invocations that share a row: enough to keep 16-byte loads of a row side by side, few enough that each has work. */
export function lanesPerRow(stepsPerRow: number): number {
  let lanes = 1;
  while (lanes < 32 && lanes * 2 * 4 <= stepsPerRow) lanes *= 2;
  return lanes;
}
