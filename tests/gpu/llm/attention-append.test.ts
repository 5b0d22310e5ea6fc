import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CACHE_FORMATS } from '../../../worker/llm/cache/cache-format.ts';
import type { CacheType } from '../../../worker/llm/cache/cache-type.ts';
import { attentionPartsBytes, createAttentionDecode } from '../../../worker/llm/kernels/attention-decode.ts';
import type { Kernel } from '../../../worker/llm/kernels/kernel.ts';
import { createRopeAppend, type RopeVariant } from '../../../worker/llm/kernels/rope-append.ts';
import { createRandom } from '../../fixtures/llm/random.ts';
import { KernelBench, paddedRows } from './kernel-bench.ts';
import { PagedCache } from './paged-cache.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

interface AppendCase {
  readonly cacheType: CacheType;
  /** Query heads, key/value heads, their length. */
  readonly sizes: readonly [number, number, number];
  readonly ropePairs: number;
  readonly ropeStyle?: 'halves';
  readonly hasBias?: boolean;
  readonly hasNorm?: boolean;
  readonly window?: number;
  /** A row of each sequence. */
  readonly positions: readonly number[];
}

const CASES: readonly AppendCase[] = [
  { cacheType: 'f32', sizes: [1, 1, 2], ropePairs: 1, positions: [0] },
  { cacheType: 'f16', sizes: [6, 2, 72], ropePairs: 35, positions: [131, 3, 64] },
  { cacheType: 'q8_0', sizes: [4, 1, 40], ropePairs: 20, ropeStyle: 'halves', hasBias: true, positions: [63, 5] },
  { cacheType: 'f16', sizes: [5, 1, 128], ropePairs: 64, ropeStyle: 'halves', hasNorm: true, positions: [70, 2] },
  // More heads than one workgroup takes, the last lot of them odd.
  { cacheType: 'q8_0', sizes: [35, 1, 10], ropePairs: 4, hasBias: true, hasNorm: true, positions: [129, 17] },
  { cacheType: 'f32', sizes: [2, 1, 256], ropePairs: 128, hasNorm: true, window: 70, positions: [200] },
];

it.each(CASES)('a row appends its key and value and sees them, with the bytes of two kernels: %o', async (shape) => {
  const [headCount, keyValueHeadCount, headLength] = shape.sizes;
  const headStride = Math.ceil(headLength / 4) * 4;
  const heads = { headCount, keyValueHeadCount, headLength, headStride };
  const random = createRandom(headLength);
  const format = CACHE_FORMATS[shape.cacheType];
  const rows = shape.positions.map((position, slot) => [slot, position] as const);
  const lengths = shape.positions.map((position) => position + 1);
  const cache = new PagedCache(bench, random, { heads, format, lengths, rows });
  const width = (headCount + 2 * keyValueHeadCount) * headLength;
  const numbers = (count: number) => bench.floats('numbers', paddedRows(random, 1, count, count));
  const { ropeStyle, ropePairs, hasBias = false, hasNorm = false, window } = shape;
  const variant: RopeVariant = {
    ...(ropeStyle && { ropeStyle }),
    ...((hasBias || hasNorm) && {
      parameters: {
        buffer: numbers((hasBias ? width : 0) + (hasNorm ? 2 * headLength : 0)),
        hasBias,
        hasNorm,
        epsilon: 1e-5,
      },
    }),
  };
  const outputStride = headCount * headLength;
  const outputLength = rows.length * outputStride;
  const shared = {
    ...variant,
    ...(window !== undefined && { window }),
    heads,
    format,
    table: cache.table,
    ropePairs,
    projected: numbers(rows.length * width),
    angles: numbers(Math.max(...lengths) * ropePairs * 2),
    outputStride,
    parts: bench.empty('parts', attentionPartsBytes(heads, cache.table.capacity, rows.length) / 4),
  };
  const past = ['keys', 'values'].map((label) => {
    const slots = shape.positions.map((position) =>
      paddedRows(random, position * keyValueHeadCount, headLength, headStride),
    );
    return () => cache.fill(label, slots).buffer;
  });
  const results: Uint32Array[][] = [];
  for (const isAppended of [true, false]) {
    const [keys, values] = past.map((fill) => fill()) as [GPUBuffer, GPUBuffer];
    const output = bench.empty('output', outputLength);
    const batch = bench.uniform([rows.length, isAppended ? 1 : 0]);
    const query = bench.empty('query', rows.length * headCount * headStride);
    const append = await createRopeAppend(bench.cache, { ...shared, keys, values, query });
    const attend = await createAttentionDecode(bench.cache, { ...shared, batch, keys, values, output });
    // All splits there may be against those that these rows need.
    const both: Kernel = {
      ...attend,
      run(pass, count) {
        if (isAppended) append.run(pass, count);
        attend.run(pass, count, isAppended ? undefined : Math.max(...lengths));
      },
    };
    const bytes = [await bench.run(both, rows.length, output, outputLength)];
    for (const plane of [keys, values]) bytes.push(await bench.read(plane, plane.size / 4));
    results.push(bytes.map(({ buffer }) => new Uint32Array(buffer as ArrayBuffer)));
    append.destroy();
    attend.destroy();
  }
  expect(results[1]).toEqual(results[0]);
  expect(new Float32Array(results[0]?.[0]?.buffer as ArrayBuffer).every(Number.isFinite)).toBe(true);
});
