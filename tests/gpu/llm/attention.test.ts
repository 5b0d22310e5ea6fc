import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAttention } from '../../../worker/llm/kernels/attention.ts';
import { createRopeAppend } from '../../../worker/llm/kernels/rope-append.ts';
import { createRandom } from '../../fixtures/llm/random.ts';
import { normalisedError } from '../reference/compare.ts';
import { attend, rotate } from '../reference/llama-forward.ts';
import { KernelBench, paddedRows, rowOf } from './kernel-bench.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

interface AttentionCase {
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  /** Tokens already in the cache. */
  readonly position: number;
  readonly count: number;
}

const CASES: readonly AttentionCase[] = [
  { headCount: 1, keyValueHeadCount: 1, headLength: 2, position: 0, count: 1 },
  { headCount: 3, keyValueHeadCount: 3, headLength: 6, position: 0, count: 7 },
  { headCount: 8, keyValueHeadCount: 4, headLength: 32, position: 62, count: 3 },
  { headCount: 8, keyValueHeadCount: 1, headLength: 64, position: 63, count: 1 },
  { headCount: 4, keyValueHeadCount: 2, headLength: 72, position: 131, count: 2 },
  { headCount: 6, keyValueHeadCount: 2, headLength: 128, position: 200, count: 1 },
  { headCount: 2, keyValueHeadCount: 1, headLength: 256, position: 64, count: 1 },
];

const at = (rows: Float32Array, index: number, stride: number) => rows.subarray(index * stride, (index + 1) * stride);

/** Random [count][heads][headStride], the columns past the head's length zero. */
function randomHeads(random: () => number, rows: number, headLength: number): Float32Array {
  return paddedRows(random, rows, headLength, Math.ceil(headLength / 4) * 4);
}

describe('attention', () => {
  it.each(CASES)('is the softmax over the whole cache: %o', async (shape) => {
    const { headCount, keyValueHeadCount, headLength, position, count } = shape;
    const headStride = Math.ceil(headLength / 4) * 4;
    const length = position + count;
    const random = createRandom(headLength + length);
    const queries = randomHeads(random, count * headCount, headLength).map((value) => value * 3);
    const keys = randomHeads(random, length * keyValueHeadCount, headLength);
    const values = randomHeads(random, length * keyValueHeadCount, headLength);
    const outputStride = headCount * headLength + 3;
    const output = bench.empty('output', count * outputStride);
    const kernel = await createAttention(bench.cache, {
      heads: { headCount, keyValueHeadCount, headLength, headStride },
      state: bench.state(position, count),
      query: bench.floats('query', queries),
      keys: bench.floats('keys', keys),
      values: bench.floats('values', values),
      output,
      outputStride,
    });
    const result = await bench.run(kernel, count, output, count * outputStride);
    const compact = (rows: Float32Array, index: number, heads: number) =>
      Float64Array.from({ length: heads * headLength }, (_, column) => {
        const head = Math.floor(column / headLength);
        return rows[(index * heads + head) * headStride + (column % headLength)] ?? NaN;
      });
    const allKeys = Array.from({ length }, (_, index) => compact(keys, index, keyValueHeadCount));
    const allValues = Array.from({ length }, (_, index) => compact(values, index, keyValueHeadCount));
    for (let token = 0; token < count; token++) {
      const visible = position + token + 1;
      const query = compact(queries, token, headCount);
      const expected = attend(query, allKeys.slice(0, visible), allValues.slice(0, visible), shape);
      expect(normalisedError(rowOf(result, token, headCount * headLength, outputStride), expected)).toBeLessThan(1e-10);
    }
    kernel.destroy();
  });

  it('keeps to the highest score when scores differ by thousands', async () => {
    const heads = { headCount: 1, keyValueHeadCount: 1, headLength: 4, headStride: 4 };
    const keys = Float32Array.from({ length: 100 * 4 }, (_, index) => Math.floor(index / 4) * 50);
    const values = Float32Array.from({ length: 100 * 4 }, (_, index) => Math.floor(index / 4));
    const output = bench.empty('output', 4);
    const kernel = await createAttention(bench.cache, {
      heads,
      state: bench.state(99, 1),
      query: bench.floats('query', [1, 1, 1, 1]),
      keys: bench.floats('keys', keys),
      values: bench.floats('values', values),
      output,
      outputStride: 4,
    });
    expect([...(await bench.run(kernel, 1, output, 4))]).toEqual([99, 99, 99, 99]);
    kernel.destroy();
  });
});

describe('rope and append', () => {
  it.each(CASES)('turns q and k by their positions and leaves v: %o', async (shape) => {
    const { headCount, keyValueHeadCount, headLength, position, count } = shape;
    const headStride = Math.ceil(headLength / 4) * 4;
    const ropeDimensions = headLength > 4 ? headLength - 2 : headLength;
    const capacity = position + count;
    const random = createRandom(headLength * 7 + capacity);
    const width = (headCount + 2 * keyValueHeadCount) * headLength;
    const projected = paddedRows(random, count, width, width);
    const table = Float32Array.from({ length: capacity * ropeDimensions }, (_, index) => {
      const pair = Math.floor((index % ropeDimensions) / 2);
      const angle = Math.floor(index / ropeDimensions) * 10_000 ** ((-2 * pair) / ropeDimensions);
      return index % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
    });
    const cacheRow = keyValueHeadCount * headStride;
    const query = bench.empty('query', count * headCount * headStride);
    const keys = bench.empty('keys', capacity * cacheRow);
    const values = bench.empty('values', capacity * cacheRow);
    const kernel = await createRopeAppend(bench.cache, {
      heads: { headCount, keyValueHeadCount, headLength, headStride },
      ropePairs: ropeDimensions / 2,
      capacity,
      state: bench.state(position, count),
      projected: bench.floats('projected', projected),
      table: bench.floats('table', table),
      query,
      keys,
      values,
    });
    // One token more than there are: it must not be written past the cache.
    const queryResult = await bench.run(kernel, count + 1, query, count * headCount * headStride);
    const keyResult = await bench.read(keys, capacity * cacheRow);
    const valueResult = await bench.read(values, capacity * cacheRow);
    const padded = (heads: Float64Array) =>
      Array.from({ length: (heads.length / headLength) * headStride }, (_, index) =>
        index % headStride < headLength
          ? (heads[Math.floor(index / headStride) * headLength + (index % headStride)] ?? NaN)
          : 0,
      );
    for (let token = 0; token < count; token++) {
      const row = rowOf(projected, token, width, width);
      const rope = { headLength, ropeDimensions, ropeBase: 10_000 };
      const q = row.slice(0, headCount * headLength);
      const k = row.slice(q.length, q.length + keyValueHeadCount * headLength);
      rotate(q, position + token, rope);
      rotate(k, position + token, rope);
      const v = row.slice(q.length + k.length);
      expect(normalisedError(at(queryResult, token, headCount * headStride), padded(q))).toBeLessThan(1e-12);
      expect(normalisedError(at(keyResult, position + token, cacheRow), padded(k))).toBeLessThan(1e-12);
      expect([...at(valueResult, position + token, cacheRow)]).toEqual(padded(v));
    }
    expect(keyResult.subarray(0, position * cacheRow).every((value) => value === 0)).toBe(true);
    kernel.destroy();
  });
});
