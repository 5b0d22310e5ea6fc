import type { Candidate, Rehearsal } from '../../gpu/autotune/candidate.ts';
import { tunerOf } from '../../gpu/autotune/tuner.ts';
import { createStorageBuffer, uploadStorageBuffer } from '../../gpu/buffers.ts';
import { createBindGroup, createShapeBuffer } from './kernel.ts';
import type { WeightMatrix } from '../model/weight-matrix.ts';
import type { BatchMatrixKernelOptions } from './matrix-options.ts';
import { createMatrixShape } from './matrix-result.ts';

/** Tokens that are rehearsed: several tiles of either size. */
const CHUNK_TOKENS = 128;
/** Rows that are rehearsed: enough for any card to be busy, and results of a few megabytes whatever the vocabulary. */
const MOST_ROWS = 8192;

export interface TilePipelines<Size extends string> {
  /** The default first; the text of each pipeline, and its rows and tokens. */
  readonly sizes: readonly { readonly name: Size; readonly tile: number; readonly pipeline: GPUComputePipeline }[];
  readonly shaderCode: string;
}

/**
 * Which tile a whole chunk of a prompt is multiplied with. A large tile reads workgroup memory less often, a small one leaves more
 * registers and fills a small GPU better; the sums are the same to the last bit. Measured on the matrix itself, with buffers of its own.
 */
export async function chooseMatrixTile<Size extends string>(
  device: GPUDevice,
  options: BatchMatrixKernelOptions,
  { sizes, shaderCode }: TilePipelines<Size>,
): Promise<Size> {
  const { matrix } = options;
  const [first, ...others] = sizes.map(({ name, tile, pipeline }): Candidate => ({
    name,
    prepare: () => Promise.resolve(rehearse(device, options, { tile, pipeline })),
  }));
  if (first === undefined) throw new RangeError('there is no tile to choose');
  const choice = await tunerOf(device).choose({
    family: 'llm.matrix-matrix.tile',
    shapeClass: `${matrix.format.name} ${rowsOf(matrix)}x${matrix.columns}`,
    shaderCode,
    agreement: 'bytes',
    candidates: [first, ...others],
  });
  return sizes.find(({ name }) => name === choice)?.name ?? (first.name as Size);
}

/** The first rows times a chunk of tokens, without what comes before and after the sums. */
function rehearse(
  device: GPUDevice,
  options: BatchMatrixKernelOptions,
  { tile, pipeline }: { tile: number; pipeline: GPUComputePipeline },
): Rehearsal {
  const { matrix } = options;
  const [slice] = matrix.slices;
  if (slice === undefined) throw new RangeError(`${matrix.label} has no rows`);
  const label = 'llm.matrix-matrix.rehearsal';
  const stride = matrix.blocks * 32;
  const input = uploadStorageBuffer(device, `${label}.input`, sampleInput(stride, matrix.columns));
  const rows = rowsOf(matrix);
  const outputBytes = CHUNK_TOKENS * rows * 4;
  const output = createStorageBuffer(device, `${label}.output`, outputBytes);
  const batch = createShapeBuffer(device, `${label}.batch`, [CHUNK_TOKENS]);
  const plain = {
    matrix,
    input,
    output,
    batch,
    outputOffset: 0,
    outputStride: rows,
    combine: 'replace',
  } as const;
  const shape = createMatrixShape(device, label, plain, { ...slice, firstRow: 0, rowCount: rows });
  const group = createBindGroup(device, label, pipeline, [
    shape,
    input,
    input,
    output,
    slice.data,
    slice.scales,
    batch,
  ]);
  return {
    run(pass) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(Math.ceil(rows / tile), Math.ceil(CHUNK_TOKENS / tile));
    },
    output,
    outputBytes,
    destroy() {
      for (const buffer of [input, output, batch, shape]) buffer.destroy();
    },
  };
}

function rowsOf({ slices }: WeightMatrix): number {
  return Math.min(MOST_ROWS, slices[0]?.rowCount ?? 0);
}

/** Numbers of both signs that no tile can sum by accident, zero past the columns. */
function sampleInput(stride: number, columns: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(CHUNK_TOKENS * stride);
  for (let token = 0; token < CHUNK_TOKENS; token++) {
    for (let column = 0; column < columns; column++) {
      values[token * stride + column] = (((token * 7919 + column * 104729) % 2048) - 1024) / 1024;
    }
  }
  return values;
}
