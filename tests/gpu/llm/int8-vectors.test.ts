import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PipelineCache } from '../../../worker/llm/kernels/kernel.ts';
import type { BatchMatrixKernelOptions } from '../../../worker/llm/kernels/matrix-options.ts';
import {
  createGatedMatrixVector,
  createMatrixVector,
  type VectorKind,
} from '../../../worker/llm/kernels/matrix-vector.ts';
import { createRandom, normal } from '../../fixtures/llm/random.ts';
import { normalisedError } from '../reference/compare.ts';
import { multiply, silu } from '../reference/llama-forward.ts';
import { roundBlocks } from '../reference/round-blocks.ts';
import { KernelBench, pad32, paddedRows, rowOf } from './kernel-bench.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const EPSILON = 1e-5;

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

/** As on a real card, and in eight bits. */
const create = (kind: VectorKind, cache: PipelineCache, options: BatchMatrixKernelOptions) =>
  createMatrixVector(cache, kind, { ...options, vectors: 'int8' }, 32);

/** Root mean square of RMSNorm, which the kernel divides by at the end. */
function rootOf(x: ArrayLike<number>): number {
  return Math.sqrt(Array.from(x, (value) => value ** 2).reduce((sum, square) => sum + square) / x.length + EPSILON);
}

/** A block of zeros, one of large numbers and one of tiny ones, where the row is long enough. */
function makeExtreme(rows: Float32Array, stride: number): Float32Array {
  return rows.map((value, index) => {
    const block = Math.floor((index % stride) / 32);
    return value * ([1, 0, 3e4, 1e-25][block] ?? 1);
  });
}

describe.each([
  { kind: 'one', tokenCount: 1 },
  { kind: 'few', tokenCount: 3 },
  { kind: 'few', tokenCount: 13 },
] as const)('a matrix times the rounded vectors of $tokenCount tokens', ({ kind, tokenCount }) => {
  it.each([
    { type: 'Q4_0', rows: 1, columns: 32, sliceRows: 1 },
    { type: 'Q4_0', rows: 37, columns: 1056, sliceRows: 19 },
    { type: 'Q4_1', rows: 35, columns: 224, sliceRows: 35 },
    { type: 'Q5_0', rows: 37, columns: 96, sliceRows: 37 },
    { type: 'Q5_1', rows: 17, columns: 160, sliceRows: 9 },
    { type: 'Q8_0', rows: 35, columns: 160, sliceRows: 13 },
    { type: 'Q2_K', rows: 19, columns: 512, sliceRows: 19 },
    { type: 'Q3_K', rows: 19, columns: 512, sliceRows: 19 },
    { type: 'Q4_K', rows: 19, columns: 768, sliceRows: 19 },
    { type: 'Q5_K', rows: 19, columns: 512, sliceRows: 19 },
    { type: 'Q6_K', rows: 19, columns: 768, sliceRows: 19 },
  ] as const)('is the float64 product: $type $rows x $columns', async (shape) => {
    const { rows, columns } = shape;
    const random = createRandom(rows * 1000 + columns);
    const { matrix, values } = await bench.matrix(random, shape.type, shape);
    const inputs = makeExtreme(paddedRows(random, tokenCount, columns, columns), columns);
    const before = paddedRows(random, tokenCount, rows + 5, rows + 5);
    const gain = Float32Array.from({ length: columns }, () => 1 + normal(random));
    const batch = bench.uniform([tokenCount]);
    const place = { matrix, input: bench.floats('input', inputs), outputOffset: 3, outputStride: rows + 5, batch };

    const accumulated = bench.floats('accumulated', before);
    const plain = await create(kind, bench.cache, { ...place, output: accumulated, combine: 'add' });
    const plainResult = await bench.run(plain, tokenCount, accumulated, before.length);
    const normed = bench.floats('normed', before);
    const normalisation = { gain: bench.floats('gain', gain), epsilon: EPSILON };
    const normalising = await create(kind, bench.cache, {
      ...place,
      output: normed,
      combine: 'replace',
      normalisation,
    });
    const normedResult = await bench.run(normalising, tokenCount, normed, before.length);
    for (let token = 0; token < tokenCount; token++) {
      const x = rowOf(inputs, token, columns, columns);
      const expected = rowOf(before, token, rows + 5, rows + 5);
      const expectedNormed = expected.slice();
      multiply(values, roundBlocks(x)).forEach((sum, row) => (expected[row + 3] = (expected[row + 3] ?? 0) + sum));
      const root = rootOf(x);
      expectedNormed.set(
        multiply(values, roundBlocks(x, gain)).map((sum) => sum / root),
        3,
      );
      expect(normalisedError(rowOf(plainResult, token, rows + 5, rows + 5), expected)).toBeLessThan(1e-10);
      expect(normalisedError(rowOf(normedResult, token, rows + 5, rows + 5), expectedNormed)).toBeLessThan(1e-10);
    }
    plain.destroy();
    normalising.destroy();
  });
});

describe.each([
  { type: 'Q4_0', rows: 21, columns: 4704 },
  { type: 'Q4_K', rows: 6, columns: 9216 },
  { type: 'Q8_0', rows: 33, columns: 4128 },
  { type: 'Q2_K', rows: 5, columns: 512 },
  { type: 'Q5_1', rows: 5, columns: 544 },
] as const)('a token of a batch in eight bits, $type $rows x $columns', ({ type, rows, columns }) => {
  it.each([2, 5, 16])('has the bytes that it has alone: %i tokens', async (tokenCount) => {
    const random = createRandom(columns + tokenCount);
    const { matrix } = await bench.matrix(random, type, { rows, columns });
    const inputs = paddedRows(random, tokenCount, columns, columns);
    const normalisation = { gain: bench.floats('gain', paddedRows(random, 1, columns, columns)), epsilon: EPSILON };
    const place = { matrix, outputOffset: 0, outputStride: rows, combine: 'replace', normalisation } as const;
    const output = bench.empty('output', tokenCount * rows);
    const batch = bench.uniform([tokenCount]);
    const few = await create('few', bench.cache, { ...place, input: bench.floats('inputs', inputs), output, batch });
    const together = await bench.run(few, tokenCount, output, tokenCount * rows);
    for (let token = 0; token < tokenCount; token++) {
      const alone = bench.empty('alone', rows);
      const input = bench.floats('input', inputs.subarray(token * columns, (token + 1) * columns));
      const one = await create('one', bench.cache, { ...place, input, output: alone, batch });
      expect(rowOf(together, token, rows, rows)).toEqual(rowOf(await bench.run(one, 1, alone, rows), 0, rows, rows));
      one.destroy();
    }
    few.destroy();
  });
});

describe.each([
  { kind: 'one', tokenCount: 1 },
  { kind: 'few', tokenCount: 11 },
] as const)('the gated matrices in eight bits, $tokenCount tokens', ({ kind, tokenCount }) => {
  it.each([
    { gateType: 'Q4_K', upType: 'Q6_K', rows: 19, columns: 512 },
    { gateType: 'Q8_0', upType: 'Q4_0', rows: 9, columns: 96 },
    { gateType: 'Q5_1', upType: 'Q5_0', rows: 13, columns: 160 },
  ] as const)('give the activated gate times up: $gateType and $upType', async (shape) => {
    const { rows, columns } = shape;
    const random = createRandom(rows * 1000 + columns);
    const gate = await bench.matrix(random, shape.gateType, shape);
    const up = await bench.matrix(random, shape.upType, shape);
    const inputs = paddedRows(random, tokenCount, columns, columns);
    const gain = Float32Array.from({ length: columns }, () => 0.2 + 0.05 * normal(random));
    const outputStride = pad32(rows);
    const output = bench.empty('output', tokenCount * outputStride);
    const options = {
      gate: gate.matrix,
      up: up.matrix,
      input: bench.floats('input', inputs),
      output,
      outputOffset: 0,
      outputStride,
      normalisation: { gain: bench.floats('gain', gain), epsilon: EPSILON },
      batch: bench.uniform([tokenCount]),
      vectors: 'int8',
    } as const;
    const kernel = await createGatedMatrixVector(bench.cache, kind, options, 32);
    const result = await bench.run(kernel, tokenCount, output, tokenCount * outputStride);
    for (let token = 0; token < tokenCount; token++) {
      const x = rowOf(inputs, token, columns, columns);
      const root = rootOf(x);
      const normed = roundBlocks(x, gain).map((value) => value / root);
      const ups = multiply(up.values, normed);
      const expected = multiply(gate.values, normed).map((value, index) => silu(value) * (ups[index] ?? 0));
      expect(normalisedError(rowOf(result, token, rows, outputStride), expected)).toBeLessThan(1e-10);
    }
    kernel.destroy();
  });
});
