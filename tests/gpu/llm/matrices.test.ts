import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Activation } from '../../../worker/llm/kernels/activation.ts';
import { createAddNormalised } from '../../../worker/llm/kernels/add-normalised.ts';
import { createMatrixMatrix } from '../../../worker/llm/kernels/matrix-matrix.ts';
import type { PipelineCache } from '../../../worker/llm/kernels/kernel.ts';
import type { BatchMatrixKernelOptions } from '../../../worker/llm/kernels/matrix-options.ts';
import { createGatedMatrixVector, createMatrixVector } from '../../../worker/llm/kernels/matrix-vector.ts';
import { createRandom, normal } from '../../fixtures/llm/random.ts';
import { normalisedError } from '../reference/compare.ts';
import type { GgmlTypeName } from '../reference/dequantise.ts';
import { multiply, rmsNorm, silu } from '../reference/llama-forward.ts';
import { KernelBench, pad32, paddedRows, rowOf } from './kernel-bench.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const EPSILON = 1e-5;

/** By its tanh form. */
const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

interface MatrixCase {
  readonly type: GgmlTypeName;
  readonly rows: number;
  readonly columns: number;
  readonly sliceRows?: number;
}

/** Awkward on purpose: 1, primes, odd numbers of blocks, rows that end inside a tile, slices. */
const CASES: readonly MatrixCase[] = [
  { type: 'F32', rows: 1, columns: 1 },
  { type: 'F32', rows: 37, columns: 53 },
  { type: 'F32', rows: 67, columns: 160, sliceRows: 19 },
  { type: 'F16', rows: 1, columns: 7 },
  { type: 'F16', rows: 33, columns: 101 },
  { type: 'F16', rows: 97, columns: 64, sliceRows: 32 },
  { type: 'Q8_0', rows: 1, columns: 32 },
  { type: 'Q8_0', rows: 131, columns: 96 },
  { type: 'Q8_0', rows: 64, columns: 1056, sliceRows: 21 },
  { type: 'Q4_0', rows: 1, columns: 32 },
  { type: 'Q4_0', rows: 131, columns: 96 },
  { type: 'Q4_0', rows: 64, columns: 1056, sliceRows: 21 },
  { type: 'BF16', rows: 33, columns: 101, sliceRows: 20 },
  ...(['Q4_1', 'Q5_0', 'Q5_1'] as const).map((type) => ({ type, rows: 37, columns: 224, sliceRows: 11 })),
  ...(['Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K'] as const).map((type) => ({
    type,
    rows: 35,
    columns: 768,
    sliceRows: 13,
  })),
];

const forOne = (cache: PipelineCache, options: BatchMatrixKernelOptions) =>
  createMatrixVector(cache, 'one', options, 32);
const forFew = (cache: PipelineCache, options: BatchMatrixKernelOptions) =>
  createMatrixVector(cache, 'few', options, 32);

describe.each([
  { kind: 'one token', create: forOne, tokenCount: 1, chunk: 1 },
  { kind: '3 tokens', create: forFew, tokenCount: 3, chunk: 3 },
  { kind: '13 tokens', create: forFew, tokenCount: 13, chunk: 13 },
  { kind: '41 tokens', create: createMatrixMatrix, tokenCount: 41, chunk: 64 },
])('a matrix times $kind', ({ create, tokenCount, chunk }) => {
  it.each(CASES)('is the float64 product, normalised and plain: $type $rows x $columns', async (shape) => {
    const { rows, columns } = shape;
    const random = createRandom(rows * 1000 + columns);
    const { matrix, values } = await bench.matrix(random, shape.type, shape);
    const stride = pad32(columns);
    const inputs = paddedRows(random, chunk, columns, stride);
    const before = paddedRows(random, chunk, rows + 5, rows + 5);
    const gain = Float32Array.from({ length: stride }, (_, index) => (index < columns ? 1 + normal(random) : 0));
    const input = bench.floats('input', inputs);
    const batch = bench.uniform([tokenCount]);
    const place = { matrix, input, outputOffset: 3, outputStride: rows + 5, batch };

    const accumulated = bench.floats('accumulated', before);
    const plain = await create(bench.cache, { ...place, output: accumulated, combine: 'add' });
    const normed = bench.floats('normed', before);
    const normalisation = { gain: bench.floats('gain', gain), epsilon: EPSILON };
    const normalising = await create(bench.cache, { ...place, output: normed, combine: 'replace', normalisation });
    const plainResult = await bench.run(plain, tokenCount, accumulated, before.length);
    const normedResult = await bench.run(normalising, tokenCount, normed, before.length);
    for (let token = 0; token < tokenCount; token++) {
      const x = rowOf(inputs, token, columns, stride);
      const product = multiply(values, x);
      const expected = rowOf(before, token, rows + 5, rows + 5);
      const expectedNormed = expected.slice();
      product.forEach((value, row) => (expected[row + 3] = (expected[row + 3] ?? 0) + value));
      expectedNormed.set(multiply(values, rmsNorm(x, Float64Array.from(gain.subarray(0, columns)), EPSILON)), 3);
      expect(normalisedError(rowOf(plainResult, token, rows + 5, rows + 5), expected)).toBeLessThan(1e-10);
      expect(normalisedError(rowOf(normedResult, token, rows + 5, rows + 5), expectedNormed)).toBeLessThan(1e-10);
    }
    plain.destroy();
    normalising.destroy();
  });
});

it.each([
  { kind: 'one token', create: forOne, tokenCount: 1, chunk: 1 },
  { kind: 'three tokens', create: forFew, tokenCount: 3, chunk: 3 },
  { kind: 'three tokens of many', create: createMatrixMatrix, tokenCount: 3, chunk: 32 },
])('a soft cap bends products of $kind by tanh', async ({ create, tokenCount, chunk }) => {
  const random = createRandom(77);
  const { matrix, values } = await bench.matrix(random, 'F16', { rows: 13, columns: 40 });
  const inputs = paddedRows(random, chunk, 40, 64).map((value) => value * 9);
  const output = bench.empty('output', chunk * 13);
  const place = { outputOffset: 0, outputStride: 13, batch: bench.uniform([tokenCount]), combine: 'replace' } as const;
  const kernel = await create(bench.cache, {
    ...place,
    matrix,
    input: bench.floats('input', inputs),
    output,
    softCap: 30,
  });
  const result = await bench.run(kernel, tokenCount, output, chunk * 13);
  for (let token = 0; token < tokenCount; token++) {
    const expected = multiply(values, rowOf(inputs, token, 40, 64)).map((value) => 30 * Math.tanh(value / 30));
    expect(normalisedError(rowOf(result, token, 13, 13), expected)).toBeLessThan(1e-10);
  }
  kernel.destroy();
});

it('a token has the same bits in a batch of few tokens and of many, whatever the tile', async () => {
  const random = createRandom(79);
  const [rows, columns, chunk] = [70, 96, 64];
  const { matrix } = await bench.matrix(random, 'Q4_0', { rows, columns });
  const input = bench.floats('input', paddedRows(random, chunk, columns, columns));
  const gain = bench.floats('gain', paddedRows(random, 1, columns, columns));
  const output = bench.empty('output', chunk * rows);
  const batch = bench.uniform([chunk]);
  const kernel = await createMatrixMatrix(bench.cache, {
    matrix,
    input,
    output,
    outputOffset: 0,
    outputStride: rows,
    combine: 'replace',
    normalisation: { gain, epsilon: EPSILON },
    batch,
  });
  const many = await bench.run(kernel, chunk, output, chunk * rows);
  bench.device.queue.writeBuffer(output, 0, new Float32Array(chunk * rows));
  bench.write(batch, 0, [9]);
  const few = await bench.run(kernel, 9, output, chunk * rows);
  expect(few.subarray(0, 9 * rows)).toEqual(many.subarray(0, 9 * rows));
  kernel.destroy();
});

it.each([
  { type: 'Q4_0', tokens: 41 },
  { type: 'F32', tokens: 3 },
] as const)(
  'weights of half precision leave an error of eleven bits: $type, $tokens tokens',
  async ({ type, tokens }) => {
    if (!bench.device.features.has('shader-f16')) return;
    const random = createRandom(80);
    const [rows, columns, chunk] = [67, 160, 64];
    const { matrix, values } = await bench.matrix(random, type, { rows, columns });
    // Activations as large as a model may have them: they stay in f32.
    const inputs = paddedRows(random, chunk, columns, columns).map((value) => value * 1e5);
    const output = bench.empty('output', chunk * rows);
    const place = {
      output,
      outputOffset: 0,
      outputStride: rows,
      combine: 'replace',
      batch: bench.uniform([tokens]),
    } as const;
    const kernel = await createMatrixMatrix(
      bench.cache,
      { matrix, input: bench.floats('input', inputs), ...place },
      'f16',
    );
    const result = await bench.run(kernel, tokens, output, chunk * rows);
    for (let token = 0; token < tokens; token++) {
      const expected = multiply(values, rowOf(inputs, token, columns, columns));
      const error = normalisedError(rowOf(result, token, rows, rows), expected);
      expect(error).toBeLessThan(1e-6);
    }
    kernel.destroy();
  },
);

it('a branch is normalised by its own length and added to what is there', async () => {
  const random = createRandom(78);
  const [columns, stride, tokenCount] = [301, 320, 3];
  const branch = paddedRows(random, tokenCount, columns, stride).map((value) => value * 40);
  const before = paddedRows(random, tokenCount, columns, stride);
  const gain = paddedRows(random, 1, columns, stride);
  const hidden = bench.floats('hidden', before);
  const kernel = await createAddNormalised(bench.cache, {
    columns,
    stride,
    branch: bench.floats('branch', branch),
    hidden,
    normalisation: { gain: bench.floats('gain', gain), epsilon: EPSILON },
  });
  const result = await bench.run(kernel, tokenCount, hidden, tokenCount * stride);
  for (let token = 0; token < tokenCount; token++) {
    const normed = rmsNorm(rowOf(branch, token, columns, stride), rowOf(gain, 0, columns, stride), EPSILON);
    const expected = rowOf(before, token, stride, stride).map((value, index) => value + (normed[index] ?? 0));
    expect(normalisedError(rowOf(result, token, stride, stride), expected)).toBeLessThan(1e-12);
  }
  kernel.destroy();
});

describe.each([
  { kind: 'one token', count: 'one', tokenCount: 1, chunk: 1 },
  { kind: '11 tokens', count: 'few', tokenCount: 11, chunk: 11 },
  { kind: '35 tokens', count: 'many', tokenCount: 35, chunk: 64 },
] as const)('the gated matrices over $kind', ({ count, tokenCount, chunk }) => {
  it.each([
    { gateType: 'F16', upType: 'F32', rows: 43, columns: 96, sliceRows: 43 },
    { gateType: 'Q8_0', upType: 'Q8_0', rows: 43, columns: 96, sliceRows: 43 },
    { gateType: 'Q4_K', upType: 'Q6_K', rows: 19, columns: 512, sliceRows: 19 },
    { gateType: 'Q2_K', upType: 'BF16', rows: 19, columns: 256, sliceRows: 8 },
    { gateType: 'Q8_0', upType: 'Q4_0', rows: 1, columns: 32, sliceRows: 1 },
    { gateType: 'Q4_0', upType: 'F16', rows: 70, columns: 288, sliceRows: 17 },
    { gateType: 'F32', upType: 'Q8_0', rows: 13, columns: 64, sliceRows: 13 },
    { gateType: 'Q5_K', upType: 'Q5_K', rows: 13, columns: 256, sliceRows: 13, activation: 'gelu' },
  ] as const)('give the activated gate times up: $gateType and $upType, $rows x $columns', async (shape) => {
    const { rows, columns } = shape;
    const random = createRandom(rows * 1000 + columns);
    const gate = await bench.matrix(random, shape.gateType, shape);
    const up = await bench.matrix(random, shape.upType, shape);
    const inputs = paddedRows(random, chunk, columns, columns);
    const gain = Float32Array.from({ length: columns }, () => 0.2 + 0.05 * normal(random));
    const outputStride = pad32(rows);
    const output = bench.empty('output', chunk * outputStride);
    const normalisation = { gain: bench.floats('gain', gain), epsilon: EPSILON };
    const activation: Activation = 'activation' in shape ? shape.activation : 'silu';
    const common = { input: bench.floats('input', inputs), output, normalisation, activation };
    const activate = activation === 'silu' ? silu : gelu;
    const place = { ...common, outputOffset: 0, outputStride, batch: bench.uniform([tokenCount]) };
    const kernels =
      count === 'many'
        ? [
            await createMatrixMatrix(bench.cache, { ...place, matrix: gate.matrix, combine: 'replace' }),
            await createMatrixMatrix(bench.cache, { ...place, matrix: up.matrix, combine: 'gate' }),
          ]
        : [await createGatedMatrixVector(bench.cache, count, { ...place, gate: gate.matrix, up: up.matrix }, 32)];
    let result: Float32Array = new Float32Array(0);
    for (const kernel of kernels) result = await bench.run(kernel, tokenCount, output, chunk * outputStride);
    const found: number[] = [];
    const expected: number[] = [];
    for (let token = 0; token < tokenCount; token++) {
      const x = rmsNorm(rowOf(inputs, token, columns, columns), Float64Array.from(gain), EPSILON);
      const ups = multiply(up.values, x);
      expected.push(...multiply(gate.values, x).map((value, index) => activate(value) * (ups[index] ?? 0)));
      found.push(...rowOf(result, token, rows, outputStride));
    }
    expect(normalisedError(found, expected)).toBeLessThan(1e-10);
    for (const kernel of kernels) kernel.destroy();
  });
});

// Rows that are tiled, padded, shorter and longer than a tile; both halves of the sums that a tile of several tokens holds.
describe.each([
  { type: 'Q4_0', rows: 21, columns: 4704 },
  { type: 'Q4_K', rows: 6, columns: 9216 },
  { type: 'Q6_K', rows: 5, columns: 512 },
  { type: 'Q8_0', rows: 33, columns: 4128 },
  { type: 'F16', rows: 7, columns: 1541 },
  { type: 'F32', rows: 9, columns: 700 },
] as const)('a token of a batch, $type $rows x $columns', ({ type, rows, columns }) => {
  it.each([2, 3, 5, 8, 16])('has the bytes that it has alone: %i tokens', async (tokenCount) => {
    const random = createRandom(columns + tokenCount);
    const { matrix } = await bench.matrix(random, type, { rows, columns });
    const stride = pad32(columns);
    const inputs = paddedRows(random, tokenCount, columns, stride);
    const gain = bench.floats('gain', paddedRows(random, 1, columns, stride));
    const place = {
      matrix,
      outputOffset: 0,
      outputStride: rows,
      combine: 'replace',
      normalisation: { gain, epsilon: EPSILON },
    } as const;
    const output = bench.empty('output', tokenCount * rows);
    const input = bench.floats('inputs', inputs);
    const few = await forFew(bench.cache, { ...place, input, output, batch: bench.uniform([tokenCount]) });
    const together = await bench.run(few, tokenCount, output, tokenCount * rows);
    for (let token = 0; token < tokenCount; token++) {
      const alone = bench.empty('alone', rows);
      const row = bench.floats('input', inputs.subarray(token * stride, (token + 1) * stride));
      const one = await forOne(bench.cache, { ...place, input: row, output: alone, batch: bench.uniform([1]) });
      expect(rowOf(together, token, rows, rows)).toEqual(rowOf(await bench.run(one, 1, alone, rows), 0, rows, rows));
      one.destroy();
    }
    few.destroy();
  });
});

it('a workgroup that makes several lots of rows from one x leaves none out', async () => {
  const [rows, columns] = [33_001, 544];
  const random = createRandom(3);
  const { matrix, values } = await bench.matrix(random, 'Q4_0', { rows, columns });
  const inputs = paddedRows(random, 1, columns, columns);
  const gain = paddedRows(random, 1, columns, columns);
  const output = bench.empty('output', rows);
  const kernel = await forOne(bench.cache, {
    matrix,
    input: bench.floats('input', inputs),
    output,
    outputOffset: 0,
    outputStride: rows,
    combine: 'replace',
    normalisation: { gain: bench.floats('gain', gain), epsilon: EPSILON },
    batch: bench.uniform([1]),
  });
  const expected = multiply(values, rmsNorm(Float64Array.from(inputs), Float64Array.from(gain), EPSILON));
  expect(normalisedError(await bench.run(kernel, 1, output, rows), expected)).toBeLessThan(1e-10);
  kernel.destroy();
});
