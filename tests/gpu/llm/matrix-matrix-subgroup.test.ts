import { create, globals } from 'webgpu';
import kernelCode from '../../../shaders/llm/matrix-matrix-subgroup.wgsl?raw';
import { subgroupCode } from '../../../worker/llm/kernels/subgroup-code.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  columnParts,
  createMatrixMatrixSubgroup,
  type MatrixWorkspace,
  partNumbers,
} from '../../../worker/llm/kernels/matrix-matrix-subgroup.ts';
import { findMatrixUnits, type MatrixUnits, NVIDIA_UNITS } from '../../../worker/llm/kernels/matrix-units.ts';
import { SUBGROUP_MATRIX_FEATURE, trySubgroupMatrix } from '../../../worker/gpu/subgroup-matrix.ts';
import { SUPPORTED_FORMATS } from '../../../worker/llm/formats/supported-formats.ts';
import { createRandom, normal } from '../../fixtures/llm/random.ts';
import { normalisedError } from '../reference/compare.ts';
import type { GgmlTypeName } from '../reference/dequantise.ts';
import { multiply, rmsNorm, silu } from '../reference/llama-forward.ts';
import { emulatedUnits, tile } from './emulated-matrix-units.ts';
import { KernelBench, pad32, paddedRows, rowOf } from './kernel-bench.ts';

// Mesa's compiler takes minutes for the emulation, with its barriers in loops; SwiftShader's a second.
process.env['HEARTH_SOFTWARE_ADAPTER'] ??= 'swiftshader';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const EPSILON = 1e-5;
/** Both operands are rounded to eleven bits. */
const LIMIT = 1e-6;
const CHUNK = 64;

/** The shapes that NVIDIA, Intel and Apple have, in tiles of several fragments and subgroups. */
const NVIDIA = emulatedUnits([16, 16, 16], { large: tile(32, 64, 2, 2), small: tile(32, 32, 2, 2) });
const INTEL = emulatedUnits([8, 16, 16], { large: tile(32, 64, 2, 4, 2), small: tile(16, 32, 2, 2, 2) });
const APPLE = emulatedUnits([8, 8, 8], { large: tile(32, 32, 4, 2), small: tile(16, 32, 2, 2) });

/** Dawn's null backend runs nothing, but it has every feature and checks the text of shaders. */
async function openNullDevice(): Promise<GPUDevice> {
  Object.assign(globalThis, globals);
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  // Dawn aborts the process when it is collected.
  Object.assign(globalThis, { hearthNullInstance: gpu });
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('Dawn has no null backend');
  const requiredFeatures: GPUFeatureName[] = ['shader-f16', 'subgroups'];
  return adapter.requestDevice({
    requiredFeatures: [...requiredFeatures, SUBGROUP_MATRIX_FEATURE as GPUFeatureName],
  });
}

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

function workspace(rows: number, columns: number): MatrixWorkspace {
  const blocks = Math.ceil(columns / 32);
  return {
    chunkTokens: CHUNK,
    halves: bench.empty('halves', CHUNK * blocks * 16),
    factors: bench.empty('factors', CHUNK),
    parts: bench.empty('parts', partNumbers(rows, blocks, CHUNK)),
  };
}

interface MatrixCase {
  readonly name: string;
  readonly units: MatrixUnits;
  readonly type: GgmlTypeName;
  readonly rows: number;
  readonly columns: number;
  readonly sliceRows?: number;
  readonly tokens: number;
}

/** Awkward on purpose: 1, primes, odd numbers of blocks, rows that end inside a tile, slices, columns in parts. */
const CASES: readonly MatrixCase[] = [
  { name: 'NVIDIA', units: NVIDIA, type: 'Q4_0', rows: 131, columns: 96, tokens: 41 },
  { name: 'NVIDIA', units: NVIDIA, type: 'F32', rows: 1, columns: 1, tokens: 33 },
  { name: 'NVIDIA', units: NVIDIA, type: 'F32', rows: 67, columns: 160, sliceRows: 19, tokens: 64 },
  { name: 'NVIDIA', units: NVIDIA, type: 'F16', rows: 33, columns: 101, tokens: 2 },
  { name: 'NVIDIA', units: NVIDIA, type: 'Q8_0', rows: 64, columns: 1056, sliceRows: 21, tokens: 35 },
  { name: 'NVIDIA', units: NVIDIA, type: 'Q6_K', rows: 35, columns: 1792, tokens: 3 },
  { name: 'Intel', units: INTEL, type: 'Q4_K', rows: 35, columns: 768, sliceRows: 13, tokens: 37 },
  { name: 'Intel', units: INTEL, type: 'BF16', rows: 37, columns: 53, tokens: 5 },
  { name: 'Apple', units: APPLE, type: 'Q5_1', rows: 37, columns: 224, tokens: 43 },
  { name: 'Apple', units: APPLE, type: 'F16', rows: 97, columns: 64, sliceRows: 32, tokens: 19 },
];

describe('a matrix times many tokens on emulated matrix units', () => {
  it.each(CASES)(
    'is the float64 product, normalised and plain: $name, $type $rows x $columns, $tokens tokens',
    async (shape) => {
      const { rows, columns, tokens, units } = shape;
      const random = createRandom(rows * 1000 + columns);
      const { matrix, values } = await bench.matrix(random, shape.type, shape);
      const stride = pad32(columns);
      const inputs = paddedRows(random, CHUNK, columns, stride);
      const before = paddedRows(random, CHUNK, rows + 5, rows + 5);
      const gain = Float32Array.from({ length: stride }, (_, index) => (index < columns ? 1 + normal(random) : 0));
      const place = {
        matrix,
        units,
        workspace: workspace(rows, columns),
        input: bench.floats('input', inputs),
        outputOffset: 3,
        outputStride: rows + 5,
        batch: bench.uniform([tokens]),
      };
      const accumulated = bench.floats('accumulated', before);
      const plain = await createMatrixMatrixSubgroup(bench.cache, { ...place, output: accumulated, combine: 'add' });
      const normed = bench.floats('normed', before);
      const normalisation = { gain: bench.floats('gain', gain), epsilon: EPSILON };
      const normalising = await createMatrixMatrixSubgroup(bench.cache, {
        ...place,
        output: normed,
        combine: 'replace',
        normalisation,
      });
      const plainResult = await bench.run(plain, tokens, accumulated, before.length);
      const normedResult = await bench.run(normalising, tokens, normed, before.length);
      const found: Record<'plain' | 'normed', number[]> = { plain: [], normed: [] };
      const wanted: Record<'plain' | 'normed', number[]> = { plain: [], normed: [] };
      for (let token = 0; token < tokens; token++) {
        const x = rowOf(inputs, token, columns, stride);
        const old = rowOf(before, token, rows + 5, rows + 5);
        // The sum alone, so that what it is added to cannot hide its error.
        found.plain.push(
          ...rowOf(plainResult, token, rows + 5, rows + 5).map((value, index) => value - (old[index] ?? NaN)),
        );
        wanted.plain.push(0, 0, 0, ...multiply(values, x), 0, 0);
        found.normed.push(...rowOf(normedResult, token, rows + 5, rows + 5));
        const product = multiply(values, rmsNorm(x, Float64Array.from(gain.subarray(0, columns)), EPSILON));
        wanted.normed.push(...old.subarray(0, 3), ...product, ...old.subarray(rows + 3));
      }
      expect(normalisedError(found.plain, wanted.plain)).toBeLessThan(LIMIT);
      expect(normalisedError(found.normed, wanted.normed)).toBeLessThan(LIMIT);
      // Nothing is written behind the last token.
      expect(plainResult.subarray(tokens * (rows + 5))).toEqual(before.subarray(tokens * (rows + 5)));
      plain.destroy();
      normalising.destroy();
    },
  );

  it('bends by the soft cap and gates, also where the columns are cut into parts', async () => {
    const random = createRandom(5);
    const [rows, columns, tokens] = [50, 1024, 34];
    expect(columnParts(rows, columns / 32).count).toBe(2);
    const { matrix, values } = await bench.matrix(random, 'Q8_0', { rows, columns });
    const inputs = paddedRows(random, CHUNK, columns, columns);
    const before = paddedRows(random, CHUNK, rows, rows);
    const output = bench.floats('output', before);
    const kernel = await createMatrixMatrixSubgroup(bench.cache, {
      matrix,
      units: NVIDIA,
      workspace: workspace(rows, columns),
      input: bench.floats('input', inputs),
      output,
      outputOffset: 0,
      outputStride: rows,
      batch: bench.uniform([tokens]),
      combine: 'gate',
      softCap: 20,
    });
    const result = await bench.run(kernel, tokens, output, CHUNK * rows);
    const expected: number[] = [];
    for (let token = 0; token < tokens; token++) {
      const product = multiply(values, rowOf(inputs, token, columns, columns));
      product.forEach((value, row) =>
        expected.push(silu(before[token * rows + row] ?? NaN) * 20 * Math.tanh(value / 20)),
      );
    }
    expect(normalisedError(result.subarray(0, tokens * rows), expected)).toBeLessThan(LIMIT);
    kernel.destroy();
  });

  it('neither overflows nor vanishes, whatever the size of the activations', async () => {
    const random = createRandom(6);
    const [rows, columns] = [33, 64];
    const sizes = [1e30, 1e6, 70_000, 1, 1e-6, 1e-30, 0];
    const { matrix, values } = await bench.matrix(random, 'F16', { rows, columns });
    const inputs = paddedRows(random, CHUNK, columns, columns).map(
      (value, index) => value * (sizes[Math.floor(index / columns)] ?? 1),
    );
    const output = bench.empty('output', CHUNK * rows);
    const kernel = await createMatrixMatrixSubgroup(bench.cache, {
      matrix,
      units: NVIDIA,
      workspace: workspace(rows, columns),
      input: bench.floats('input', inputs),
      output,
      outputOffset: 0,
      outputStride: rows,
      batch: bench.uniform([sizes.length]),
      combine: 'replace',
    });
    const result = await bench.run(kernel, sizes.length, output, CHUNK * rows);
    sizes.forEach((size, token) => {
      const found = rowOf(result, token, rows, rows);
      if (size === 0) return expect([...found]).toEqual(Array.from({ length: rows }, () => 0));
      const expected = multiply(values, rowOf(inputs, token, columns, columns));
      expect(normalisedError(found, expected)).toBeLessThan(LIMIT);
    });
    kernel.destroy();
  });

  it('gives a token the same bits in a large tile and in a small one', async () => {
    const random = createRandom(7);
    const [rows, columns] = [70, 1088];
    const { matrix } = await bench.matrix(random, 'Q4_0', { rows, columns });
    const inputs = paddedRows(random, CHUNK, columns, columns);
    const output = bench.empty('output', CHUNK * rows);
    const batch = bench.uniform([0]);
    const kernel = await createMatrixMatrixSubgroup(bench.cache, {
      matrix,
      units: NVIDIA,
      workspace: workspace(rows, columns),
      input: bench.floats('input', inputs),
      output,
      outputOffset: 0,
      outputStride: rows,
      batch,
      combine: 'replace',
    });
    bench.write(batch, 0, [CHUNK]);
    const many = await bench.run(kernel, CHUNK, output, CHUNK * rows);
    bench.write(batch, 0, [7]);
    const few = await bench.run(kernel, 7, output, CHUNK * rows);
    expect(few).toEqual(many);
    kernel.destroy();
  });
});

it.each([['vec4<u32>'], ['vec4<f16>']] as const)(
  'the text for real matrix units is valid, and up to date, with operands in %s',
  async (element) => {
    const device = await openNullDevice();
    for (const type of ['F32', 'F16', 'Q8_0', 'Q4_0', 'Q6_K']) {
      const format = SUPPORTED_FORMATS.get(type);
      if (format === undefined) throw new Error(`no format ${type}`);
      for (const shape of Object.values(NVIDIA_UNITS.tiles)) {
        const code = subgroupCode(kernelCode, format, { ...NVIDIA_UNITS, element }, shape);
        const { messages } = await device.createShaderModule({ label: type, code }).getCompilationInfo();
        expect(messages.map(({ message }) => message)).toEqual([]);
      }
    }
    // It computes nothing, so that nothing of it can be right.
    const verdict = await trySubgroupMatrix(device, { inner: 'f16', result: 'f32', m: 16, n: 16, k: 16 }, element);
    expect(verdict).toBe('wrong');
  },
);

it('matrix units are taken only where they were seen to compute right numbers, and a refusal says why', async () => {
  const { device } = bench;
  const found = await findMatrixUnits(device);
  if (device.features.has('chromium-experimental-subgroup-matrix')) expect(found.units ?? found.reason).toBeTruthy();
  else expect(found).toEqual({ units: null, reason: 'the adapter has no chromium-experimental-subgroup-matrix' });
});
