import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../worker/gpu/buffers.ts';
import { createShapeBuffer, type Kernel, pipelineCacheOf } from '../../worker/llm/kernels/kernel.ts';
import { createMatrixMatrix, type WeightPrecision } from '../../worker/llm/kernels/matrix-matrix.ts';
import { createMatrixMatrixSubgroup, partNumbers } from '../../worker/llm/kernels/matrix-matrix-subgroup.ts';
import { findMatrixUnits, type SubgroupTile } from '../../worker/llm/kernels/matrix-units.ts';
import { createMatrixVector } from '../../worker/llm/kernels/matrix-vector.ts';
import type { BatchMatrixKernelOptions } from '../../worker/llm/kernels/matrix-options.ts';
import type { WeightMatrix } from '../../worker/llm/model/weight-matrix.ts';
import { roundBlocks } from '../../tests/gpu/reference/round-blocks.ts';
import { checkRows, type RowCheck } from './check-rows.ts';
import { type MatrixSpec, randomVector, uploadRandomMatrix, copyMatrix } from './random-matrix.ts';
import { timeRepeats } from './time-repeats.ts';

/** Past the caches of today's cards, so that every weight comes from memory as it does in a model. */
const coldBytes = 512 * 1024 * 1024;
const mostCopies = 64;

/** How a batch is computed: with weights of this precision, or on matrix units with these tiles; up to 16 tokens also in eight bits. */
export type BatchVariant = WeightPrecision | SubgroupTile | 'int8';

export interface MatrixMeasurement extends MatrixSpec {
  readonly kernel: 'matrix-vector' | 'matrix-matrix';
  readonly variant: string;
  readonly tokens: number;
  /** Weights on the GPU, scales included: what one run reads at least. */
  readonly weightBytes: number;
  /** Copies of the matrix that were taken in turn. */
  readonly copies: number;
  /** One dispatch, the gap to the next included. */
  readonly microseconds: number;
  readonly bytesPerSecond: number;
  /** Against the measured copy, which counts what is read and what is written. */
  readonly shareOfCopy: number;
  readonly flopsPerSecond: number;
  readonly check: RowCheck;
}

export interface MeasureEnvironment {
  readonly device: GPUDevice;
  readonly copyBytesPerSecond: number;
  /** Shortest time worth measuring. */
  readonly targetMs: number;
  /** Bytes of weights to walk through; smaller where only correctness counts. */
  readonly coldBytes?: number;
}

export function nameVariant(variant: BatchVariant): string {
  if (typeof variant === 'string') return variant;
  const { rows, tokens, gridRows, gridTokens, ahead } = variant;
  return `subgroup-matrix ${rows}x${tokens} by ${gridRows}x${gridTokens}, ${ahead} ahead`;
}

/** Numbers of f16 have eleven bits; the products of two roundings differ by this much on average. */
const limits = { single: 1e-6, half: 1e-6 } as const;

/** Times W x (one token) or W X (several), and compares rows of the result with float64: of x as the variant rounds it. */
export async function measureMatrix(
  environment: MeasureEnvironment,
  spec: MatrixSpec,
  tokens: number,
  variant: BatchVariant = 'f32',
): Promise<MatrixMeasurement> {
  const { device, copyBytesPerSecond } = environment;
  const cache = pipelineCacheOf(device);
  const stride = Math.ceil(spec.columns / 32) * 32;
  const paddedTokens = tokens === 1 ? 1 : Math.ceil(tokens / 128) * 128;
  const values = randomVector(paddedTokens * stride, stride, spec.columns);
  const owned: { destroy(): void }[] = [];
  const own = <Item extends { destroy(): void }>(item: Item): Item => {
    owned.push(item);
    return item;
  };
  try {
    const first = own(await uploadRandomMatrix(cache, spec));
    const matrices: WeightMatrix[] = [first];
    const copies = Math.min(mostCopies, Math.ceil((environment.coldBytes ?? coldBytes) / first.sizeBytes));
    for (let index = 1; index < copies; index++) matrices.push(own(copyMatrix(device, first)));

    const input = own(uploadStorageBuffer(device, 'bench.input', values));
    const output = own(createStorageBuffer(device, 'bench.output', paddedTokens * spec.rows * 4));
    const batch = own(createShapeBuffer(device, 'bench.batch', [tokens]));
    const place = { input, output, outputOffset: 0, outputStride: spec.rows, combine: 'replace' } as const;
    const kernels: Kernel[] = [];
    const create = await chooseKernel(environment, spec, { tokens, paddedTokens, variant, own });
    for (const matrix of matrices) kernels.push(own(await create({ matrix, ...place, batch })));
    const seconds = await timeRepeats(device, environment.targetMs, (pass, index) => {
      kernels[index % kernels.length]?.run(pass, tokens);
    });
    const result = new Float32Array(await readBuffer(device, output, tokens * spec.rows * 4));
    const limit = variant === 'f32' ? limits.single : limits.half;
    const rounded = variant === 'int8' ? roundBlocks(values) : values;
    const check = checkRows(spec, { input: rounded, stride, tokens, output: result, limit });
    const bytesPerSecond = first.sizeBytes / seconds;
    return {
      ...spec,
      kernel: tokens <= 16 ? 'matrix-vector' : 'matrix-matrix',
      variant: nameVariant(variant),
      tokens,
      weightBytes: first.sizeBytes,
      copies,
      microseconds: seconds * 1e6,
      bytesPerSecond,
      shareOfCopy: bytesPerSecond / copyBytesPerSecond,
      flopsPerSecond: (2 * spec.rows * spec.columns * tokens) / seconds,
      check,
    };
  } finally {
    for (const item of owned) item.destroy();
  }
}

async function chooseKernel(
  { device }: MeasureEnvironment,
  spec: MatrixSpec,
  run: {
    tokens: number;
    paddedTokens: number;
    variant: BatchVariant;
    own: <Item extends { destroy(): void }>(item: Item) => Item;
  },
): Promise<(options: BatchMatrixKernelOptions) => Promise<Kernel>> {
  const cache = pipelineCacheOf(device);
  const { tokens, paddedTokens, variant, own } = run;
  if (tokens <= 16) {
    const vectors = variant === 'int8' ? 'int8' : 'f32';
    return (options) => createMatrixVector(cache, tokens === 1 ? 'one' : 'few', { ...options, vectors });
  }
  if (variant === 'int8') throw new RangeError(`${tokens} tokens in eight bits; there are kernels for at most 16`);
  if (typeof variant === 'string') return (options) => createMatrixMatrix(cache, options, variant);
  const { units, reason } = await findMatrixUnits(device);
  if (units === null) throw new RangeError(reason);
  const blocks = Math.ceil(spec.columns / 32);
  const workspace = {
    chunkTokens: paddedTokens,
    halves: own(createStorageBuffer(device, 'bench.halves', paddedTokens * blocks * 64)),
    factors: own(createStorageBuffer(device, 'bench.factors', paddedTokens * 4)),
    parts: own(createStorageBuffer(device, 'bench.parts', partNumbers(spec.rows, blocks, paddedTokens) * 4)),
  };
  const tiled = { ...units, tiles: { large: variant, small: variant } };
  return (options) => createMatrixMatrixSubgroup(cache, { ...options, units: tiled, workspace });
}
