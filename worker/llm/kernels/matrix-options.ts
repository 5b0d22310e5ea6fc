import type { Activation } from './activation.ts';
import type { VectorVariant } from '../../messages.ts';
import type { WeightMatrix } from '../model/weight-matrix.ts';

/** RMSNorm in front of a matrix: gain [blocks * 32] of float32, zero past the columns. */
export interface Normalisation {
  readonly gain: GPUBuffer;
  readonly epsilon: number;
}

/** What a kernel for several tokens needs besides: a uniform whose first word is the count of tokens in the batch. */
export interface BatchMatrixKernelOptions extends MatrixKernelOptions {
  readonly batch: GPUBuffer;
  /**
   * How the vectors of one token or a few are multiplied, f32 when left out. int8 is of formats that have such a section; any other is
   * multiplied in f32 all the same.
   */
  readonly vectors?: VectorVariant;
  /** The kernel in front of this one had the same input and normalisation, so that what it prepared of them serves again. */
  readonly isInputReady?: boolean;
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
  /** 'add' makes a residual; 'gate' gives activation(output so far) * result. */
  readonly combine: 'replace' | 'add' | 'gate';
  /** For 'gate'; SiLU when left out. */
  readonly activation?: Activation;
  /** Results become c tanh(result / c). */
  readonly softCap?: number;
}

/** As the shaders number them. */
export const COMBINE_MODES = { replace: 0, add: 1, gate: 2 } as const;

/** RMSNorm, both matrices and what is made of them; same rows, columns and slices, formats may differ. */
export interface GatedMatrixKernelOptions extends Omit<BatchMatrixKernelOptions, 'matrix' | 'combine' | 'softCap'> {
  readonly gate: WeightMatrix;
  readonly up: WeightMatrix;
}
