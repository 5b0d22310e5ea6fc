import code from '../../../shaders/llm/matrix-result.wgsl?raw';
import { activationCode, ACTIVATIONS } from './activation.ts';
import { createShapeBuffer } from './kernel.ts';
import { COMBINE_MODES, type BatchMatrixKernelOptions } from './matrix-options.ts';
import type { WeightSlice } from '../model/weight-matrix.ts';

/** Shape, y and batch of a matrix kernel, and what it does with a sum; to put in front of it. */
export const matrixResultCode = `${activationCode}\n${code}`;

/** How the columns are cut; one part of all of them unless said otherwise. */
export interface ColumnParts {
  readonly count: number;
  readonly blocks: number;
  /** Numbers of one part. */
  readonly stride: number;
}

/** The uniform of matrix-result.wgsl for one slice of a matrix. */
export function createMatrixShape(
  device: GPUDevice,
  label: string,
  options: BatchMatrixKernelOptions,
  slice: WeightSlice,
  parts: ColumnParts = { count: 1, blocks: options.matrix.blocks, stride: 0 },
): GPUBuffer {
  const { matrix, normalisation, combine } = options;
  return createShapeBuffer(
    device,
    `${label}.shape`,
    [
      slice.rowCount,
      matrix.blocks,
      matrix.columns,
      options.outputOffset + slice.firstRow,
      options.outputStride,
      normalisation === undefined ? 0 : 1,
      COMBINE_MODES[combine],
      ACTIVATIONS[options.activation ?? 'silu'],
      parts.count,
      parts.blocks,
      parts.stride,
    ],
    [normalisation?.epsilon ?? 0, options.softCap ?? 0],
  );
}
