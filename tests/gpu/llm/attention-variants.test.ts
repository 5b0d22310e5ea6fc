import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CACHE_FORMATS } from '../../../worker/llm/cache/cache-format.ts';
import { createRopeAppend } from '../../../worker/llm/kernels/rope-append.ts';
import { createRandom } from '../../fixtures/llm/random.ts';
import { normalisedError } from '../reference/compare.ts';
import { rmsNorm } from '../reference/llama-forward.ts';
import { KernelBench, paddedRows } from './kernel-bench.ts';
import { createTestAttention } from './attention-bench.ts';
import { PagedCache } from './paged-cache.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

it.each(['prefill', 'decode'] as const)(
  'caps scores softly and looks back no further than its window: %s',
  async (kind) => {
    const heads = { headCount: 2, keyValueHeadCount: 1, headLength: 4, headStride: 4 };
    const length = 150;
    const variant = { scale: 0.7, softCap: 3, window: 71 };
    const random = createRandom(5);
    const query = paddedRows(random, 2, 4, 4).map((value) => value * 4);
    const keys = paddedRows(random, length, 4, 4);
    const values = paddedRows(random, length, 4, 4);
    const output = bench.empty('output', 8);
    const format = CACHE_FORMATS.f32;
    const cache = new PagedCache(bench, random, { heads, format, lengths: [length], rows: [[0, length - 1]] });
    const kernel = await createTestAttention(bench, kind, {
      ...variant,
      heads,
      format,
      table: cache.table,
      rowCount: 1,
      queries: query,
      keys: cache.fill('keys', [keys]).buffer,
      values: cache.fill('values', [values]).buffer,
      output,
      outputStride: 8,
    });
    const found = await bench.run(kernel, 1, output, 8);
    const expected = [0, 1].flatMap((head) => {
      const sum = [0, 0, 0, 0];
      let weight = 0;
      for (let position = length - variant.window; position < length; position++) {
        let score = 0;
        for (let i = 0; i < 4; i++) score += (query[head * 4 + i] ?? 0) * (keys[position * 4 + i] ?? 0) * variant.scale;
        const share = Math.exp(variant.softCap * Math.tanh(score / variant.softCap));
        weight += share;
        for (let i = 0; i < 4; i++) sum[i] = (sum[i] ?? 0) + share * (values[position * 4 + i] ?? 0);
      }
      return sum.map((value) => value / weight);
    });
    expect(normalisedError(found, expected)).toBeLessThan(1e-10);
    kernel.destroy();
  },
);

it.each([
  { headLength: 6, ropePairs: 2, hasBias: true, hasNorm: false },
  { headLength: 132, ropePairs: 66, hasBias: false, hasNorm: true },
  { headLength: 8, ropePairs: 3, hasBias: true, hasNorm: true },
])('adds the bias, normalises heads and turns halves: %o', async ({ headLength, ropePairs, hasBias, hasNorm }) => {
  const headStride = Math.ceil(headLength / 4) * 4;
  const [headCount, keyValueHeadCount, position, epsilon] = [2, 1, 3, 1e-6];
  const width = 4 * headLength;
  const random = createRandom(headLength);
  const projected = paddedRows(random, 1, width, width);
  const bias = paddedRows(random, 1, width, width);
  const gains = paddedRows(random, 1, 2 * headLength, 2 * headLength);
  const table = paddedRows(random, position + 1, ropePairs * 2, ropePairs * 2);
  const heads = { headCount, keyValueHeadCount, headLength, headStride };
  const rows = [[0, position]] as const;
  const cache = new PagedCache(bench, random, { heads, format: CACHE_FORMATS.f32, lengths: [position + 1], rows });
  const query = bench.empty('query', headCount * headStride);
  const keys = cache.empty('keys');
  const values = cache.empty('values');
  const kernel = await createRopeAppend(bench.cache, {
    heads,
    ropeStyle: 'halves',
    parameters: {
      buffer: bench.floats('parameters', [...(hasBias ? bias : []), ...(hasNorm ? gains : [])]),
      hasBias,
      hasNorm,
      epsilon,
    },
    ropePairs,
    table: cache.table,
    format: CACHE_FORMATS.f32,
    projected: bench.floats('projected', projected),
    angles: bench.floats('angles', table),
    query,
    keys,
    values,
  });
  const head = (index: number): Float64Array => {
    const start = index * headLength;
    const plain = Float64Array.from({ length: headLength }, (_, i) => {
      return (projected[start + i] ?? NaN) + (hasBias ? (bias[start + i] ?? NaN) : 0);
    });
    if (index === 3) return plain;
    const gain = Float64Array.from(gains.subarray(index === 2 ? headLength : 0).subarray(0, headLength));
    const normed = hasNorm ? rmsNorm(plain, gain, epsilon) : plain;
    const turned = normed.slice();
    for (let pair = 0; pair < ropePairs; pair++) {
      const [cosine, sine] = table.subarray((position * ropePairs + pair) * 2);
      const [a, b] = [normed[pair] ?? NaN, normed[pair + ropePairs] ?? NaN];
      turned[pair] = a * (cosine ?? NaN) - b * (sine ?? NaN);
      turned[pair + ropePairs] = a * (sine ?? NaN) + b * (cosine ?? NaN);
    }
    return turned;
  };
  const found = await bench.run(kernel, 1, query, headCount * headStride);
  expect(normalisedError(found.subarray(0, headLength), head(0))).toBeLessThan(1e-12);
  expect(normalisedError(found.subarray(headStride, headStride + headLength), head(1))).toBeLessThan(1e-12);
  const [keyRow = new Float32Array()] = (await cache.read(keys, rows)).kept;
  const [valueRow = new Float32Array()] = (await cache.read(values, rows)).kept;
  expect(normalisedError(keyRow.subarray(0, headLength), head(2))).toBeLessThan(1e-12);
  expect(normalisedError(valueRow.subarray(0, headLength), head(3))).toBeLessThan(1e-12);
  kernel.destroy();
});
