import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CACHE_FORMATS } from '../../../worker/llm/cache/cache-format.ts';
import { CACHE_TYPES, type CacheType } from '../../../worker/llm/cache/cache-type.ts';
import { createRopeAppend } from '../../../worker/llm/kernels/rope-append.ts';
import { createRandom, pick } from '../../fixtures/llm/random.ts';
import { decodePlane, encodePlane } from '../reference/cache-planes.ts';
import { normalisedError } from '../reference/compare.ts';
import { attend, rotate } from '../reference/llama-forward.ts';
import { KernelBench, paddedRows, rowOf } from './kernel-bench.ts';
import { createTestAttention } from './attention-bench.ts';
import { PagedCache } from './paged-cache.ts';

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
  /** Position of the first row; the others follow it. */
  readonly position: number;
  readonly count: number;
}

const CASES: readonly AttentionCase[] = [
  { headCount: 1, keyValueHeadCount: 1, headLength: 2, position: 0, count: 1 },
  { headCount: 3, keyValueHeadCount: 3, headLength: 6, position: 0, count: 7 },
  { headCount: 8, keyValueHeadCount: 4, headLength: 32, position: 62, count: 3 },
  { headCount: 8, keyValueHeadCount: 1, headLength: 64, position: 63, count: 2 },
  { headCount: 4, keyValueHeadCount: 2, headLength: 72, position: 131, count: 5 },
  { headCount: 6, keyValueHeadCount: 2, headLength: 128, position: 200, count: 3 },
  { headCount: 11, keyValueHeadCount: 1, headLength: 8, position: 300, count: 2 },
  { headCount: 2, keyValueHeadCount: 1, headLength: 256, position: 64, count: 1 },
  { headCount: 16, keyValueHeadCount: 1, headLength: 96, position: 100, count: 3 },
  { headCount: 35, keyValueHeadCount: 1, headLength: 10, position: 129, count: 3 },
];

const at = (rows: Float32Array, index: number, stride: number) => rows.subarray(index * stride, (index + 1) * stride);

/** Random [count][heads][headStride], the columns past the head's length zero. */
function randomHeads(random: () => number, rows: number, headLength: number): Float32Array {
  return paddedRows(random, rows, headLength, Math.ceil(headLength / 4) * 4);
}

/** What a cache may make of a number, beside others whose largest magnitude is `largest`. */
function errorBound(type: CacheType, value: number, largest: number): number {
  const overflow = Math.max(0, Math.abs(value) - 65504);
  if (type === 'f32') return 0;
  if (type === 'f16') return overflow + Math.max(Math.abs(value) * 2 ** -11, 2 ** -15);
  // Half a step, and 127 steps of a scale that is itself rounded; scales end at 65504 too.
  return Math.max(0, largest - 127 * 65504) + Math.max(largest / 254 + largest * 2 ** -11, 2 ** -15);
}

/** Rows (slot, position) over sequences with random keys and values, and the float64 attention over what the cache keeps of them. */
async function attendOnGpu(
  kind: 'decode' | 'prefill',
  shape: Omit<AttentionCase, 'position' | 'count'>,
  data: {
    seed: number;
    cacheType?: CacheType;
    lengths: readonly number[];
    rows: readonly (readonly [number, number])[];
  },
): Promise<{ found: Float32Array; expected: Float64Array[]; outputStride: number }> {
  const { headCount, keyValueHeadCount, headLength } = shape;
  const headStride = Math.ceil(headLength / 4) * 4;
  const heads = { headCount, keyValueHeadCount, headLength, headStride };
  const random = createRandom(data.seed);
  const { rows, lengths } = data;
  const format = CACHE_FORMATS[data.cacheType ?? 'f32'];
  const cache = new PagedCache(bench, random, { heads, format, lengths, rows });
  const queries = randomHeads(random, rows.length * headCount, headLength).map((value) => value * 3);
  const plane = (label: string) =>
    cache.fill(
      label,
      lengths.map((length) => randomHeads(random, length * keyValueHeadCount, headLength)),
    );
  const keys = plane('keys');
  const values = plane('values');
  const outputStride = headCount * headLength + 3;
  const output = bench.empty('output', rows.length * outputStride);
  const kernel = await createTestAttention(bench, kind, {
    heads,
    format,
    table: cache.table,
    rowCount: rows.length,
    queries,
    keys: keys.buffer,
    values: values.buffer,
    output,
    outputStride,
  });
  const found = await bench.run(kernel, rows.length, output, rows.length * outputStride);
  kernel.destroy();
  const compact = (source: Float32Array | undefined, index: number, count: number) =>
    Float64Array.from({ length: count * headLength }, (_, column) => {
      const head = Math.floor(column / headLength);
      return source?.[(index * count + head) * headStride + (column % headLength)] ?? NaN;
    });
  const expected = rows.map(([slot, position], row) => {
    const visible = Array.from({ length: position + 1 }, (_, index) => index);
    return attend(
      compact(queries, row, headCount),
      visible.map((index) => compact(keys.kept[slot], index, keyValueHeadCount)),
      visible.map((index) => compact(values.kept[slot], index, keyValueHeadCount)),
      shape,
    );
  });
  return { found, expected, outputStride };
}

describe('attention over pages', () => {
  it.each(CASES)('of rows that follow each other is the softmax over all before: %o', async (shape) => {
    const { headCount, headLength, position, count } = shape;
    const rows = Array.from({ length: count }, (_, index) => [1, position + index] as const);
    for (const kind of ['prefill', 'decode'] as const) {
      const seed = headLength + position;
      const { found, expected, outputStride } = await attendOnGpu(kind, shape, {
        seed,
        lengths: [3, position + count],
        rows,
      });
      expected.forEach((row, index) => {
        expect(normalisedError(rowOf(found, index, headCount * headLength, outputStride), row)).toBeLessThan(1e-10);
      });
    }
  });

  it.each(CACHE_TYPES)('of a cache of %s is the softmax over what that cache keeps', async (cacheType) => {
    for (const headLength of [72, 128]) {
      const shape = { headCount: 6, keyValueHeadCount: 2, headLength };
      const rows = [136, 137, 138].map((position) => [0, position] as const);
      for (const kind of ['prefill', 'decode'] as const) {
        const { found, expected, outputStride } = await attendOnGpu(kind, shape, {
          seed: 3,
          cacheType,
          lengths: [139],
          rows,
        });
        expected.forEach((row, index) => {
          expect(normalisedError(rowOf(found, index, 6 * headLength, outputStride), row)).toBeLessThan(1e-10);
        });
      }
    }
  });

  it('of one token each of several sequences splits each by its own length', async () => {
    const shape = { headCount: 4, keyValueHeadCount: 2, headLength: 16 };
    const lengths = [1, 64, 65, 700, 2300];
    const rows = lengths.map((length, slot) => [slot, length - 1] as const);
    const { found, expected, outputStride } = await attendOnGpu('decode', shape, { seed: 4, lengths, rows });
    expected.forEach((row, index) => {
      expect(normalisedError(rowOf(found, index, 64, outputStride), row)).toBeLessThan(1e-10);
    });
  });

  it.each(['prefill', 'decode'] as const)(
    'gives a row the same bytes whatever rows share its batch: %s',
    async (kind) => {
      const shape = { headCount: 4, keyValueHeadCount: 2, headLength: 8 };
      const rows = Array.from({ length: 9 }, (_, index) => [0, 190 + index] as const);
      // The same seed draws other numbers for fewer rows, so the rows are compared through their positions in one large batch.
      const random = createRandom(9);
      const heads = { ...shape, headStride: 8 };
      const format = CACHE_FORMATS.f32;
      const cache = new PagedCache(bench, random, { heads, format, lengths: [200], rows });
      const queries = randomHeads(random, 9 * 4, 8);
      const keys = cache.fill('keys', [randomHeads(random, 400, 8)]);
      const values = cache.fill('values', [randomHeads(random, 400, 8)]);
      const results: Float32Array[] = [];
      for (const count of [9, 6]) {
        const output = bench.empty('output', 9 * 32);
        const kernel = await createTestAttention(bench, kind, {
          heads,
          format,
          table: cache.table,
          rowCount: count,
          queries,
          keys: keys.buffer,
          values: values.buffer,
          output,
          outputStride: 32,
        });
        results.push(await bench.run(kernel, count, output, 6 * 32));
        kernel.destroy();
      }
      expect(results[1]).toEqual(results[0]);
    },
  );

  it('keeps to the highest score when scores differ by thousands', async () => {
    const heads = { headCount: 1, keyValueHeadCount: 1, headLength: 4, headStride: 4 };
    const keys = Float32Array.from({ length: 100 * 4 }, (_, index) => Math.floor(index / 4) * 50);
    const values = Float32Array.from({ length: 100 * 4 }, (_, index) => Math.floor(index / 4));
    for (const kind of ['prefill', 'decode'] as const) {
      const format = CACHE_FORMATS.f32;
      const cache = new PagedCache(bench, createRandom(1), { heads, format, lengths: [100], rows: [[0, 99]] });
      const output = bench.empty('output', 4);
      const kernel = await createTestAttention(bench, kind, {
        heads,
        format,
        table: cache.table,
        rowCount: 1,
        queries: Float32Array.of(1, 1, 1, 1),
        keys: cache.fill('keys', [keys]).buffer,
        values: cache.fill('values', [values]).buffer,
        output,
        outputStride: 4,
      });
      expect([...(await bench.run(kernel, 1, output, 4))]).toEqual([99, 99, 99, 99]);
      kernel.destroy();
    }
  });
});

describe('rope and append', () => {
  it.each(CACHE_TYPES)('keeps values in a cache of %s as the format says, whatever their size', async (cacheType) => {
    for (const headLength of [6, 40, 128]) {
      const headStride = Math.ceil(headLength / 4) * 4;
      const heads = { headCount: 1, keyValueHeadCount: 3, headLength, headStride };
      const format = CACHE_FORMATS[cacheType];
      const random = createRandom(headLength);
      const rows = [17, 18].map((position) => [0, position] as const);
      const cache = new PagedCache(bench, random, { heads, format, lengths: [20], rows });
      const width = 7 * headLength;
      // From far below what half precision holds to far above, halfway between two of its numbers, and nothing at all.
      const special = [0, -0, 3e-8, 2 ** -15, -(2 ** -14) * 0.99, 1 + 2 ** -11, 1 + 3 * 2 ** -11, -65519, 1e9];
      const projected = paddedRows(random, 2, width, width).map((value, index) =>
        index % 3 === 0 ? (special[pick(random, special.length)] ?? NaN) : value,
      );
      const values = cache.empty('values');
      const kernel = await createRopeAppend(bench.cache, {
        heads,
        format,
        ropePairs: 1,
        table: cache.table,
        projected: bench.floats('projected', projected),
        angles: bench.floats('angles', Array(40).fill(0)),
        query: bench.empty('query', 2 * headStride),
        keys: cache.empty('keys'),
        values,
      });
      await bench.run(kernel, 2, values, 1);
      const { kept } = await cache.read(values, rows);
      kernel.destroy();
      kept.forEach((row, index) => {
        const source = projected.subarray(index * width + 4 * headLength, (index + 1) * width);
        const whole = Float32Array.from(row, (_, i) =>
          i % headStride < headLength ? (source[Math.floor(i / headStride) * headLength + (i % headStride)] ?? NaN) : 0,
        );
        // Sixteen positions make a region; all but the first stay empty.
        const regions = new Float32Array(16 * whole.length);
        for (let head = 0; head < 3; head++) {
          regions.set(whole.subarray(head * headStride, (head + 1) * headStride), head * 16 * headStride);
        }
        const decoded = decodePlane(cacheType, encodePlane(cacheType, regions, headStride), headStride);
        const expected = row.map(
          (_, i) => decoded[Math.floor(i / headStride) * 16 * headStride + (i % headStride)] ?? NaN,
        );
        expect([...row].map((value) => value + 0)).toEqual([...expected].map((value) => value + 0));
        whole.forEach((value, i) => {
          const block = i - ((i % headStride) % 32);
          const largest = whole
            .subarray(block, Math.min(block + 32, i - (i % headStride) + headStride))
            .reduce((most, each) => Math.max(most, Math.abs(each)), 0);
          const error = Math.abs((row[i] ?? NaN) - value);
          expect(error).toBeLessThanOrEqual(errorBound(cacheType, value, largest));
        });
      });
    }
  });

  it.each(CASES)('turns q and k by their positions and leaves v: %o', async (shape) => {
    const { headCount, keyValueHeadCount, headLength, position, count } = shape;
    const headStride = Math.ceil(headLength / 4) * 4;
    const ropeDimensions = headLength > 4 ? headLength - 2 : headLength;
    const capacity = position + count;
    const random = createRandom(headLength * 7 + capacity);
    const rows = Array.from({ length: count }, (_, index) => [1, position + index] as const);
    const heads = { headCount, keyValueHeadCount, headLength, headStride };
    const format = CACHE_FORMATS.f32;
    const cache = new PagedCache(bench, random, { heads, format, lengths: [1, capacity], rows });
    const width = (headCount + 2 * keyValueHeadCount) * headLength;
    const projected = paddedRows(random, count, width, width);
    const table = Float32Array.from({ length: capacity * ropeDimensions }, (_, index) => {
      const pair = Math.floor((index % ropeDimensions) / 2);
      const angle = Math.floor(index / ropeDimensions) * 10_000 ** ((-2 * pair) / ropeDimensions);
      return index % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
    });
    const query = bench.empty('query', count * headCount * headStride);
    const keys = cache.empty('keys');
    const values = cache.empty('values');
    const kernel = await createRopeAppend(bench.cache, {
      heads,
      ropePairs: ropeDimensions / 2,
      table: cache.table,
      format,
      projected: bench.floats('projected', projected),
      angles: bench.floats('angles', table),
      query,
      keys,
      values,
    });
    const queryResult = await bench.run(kernel, count, query, count * headCount * headStride);
    const keyResult = await cache.read(keys, rows);
    const valueResult = await cache.read(values, rows);
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
      expect(normalisedError(keyResult.kept[token] ?? [], padded(k))).toBeLessThan(1e-12);
      expect([...(valueResult.kept[token] ?? [])]).toEqual(padded(v));
    }
    expect(keyResult.others.every((value) => value === 0)).toBe(true);
    kernel.destroy();
  });
});
