import type { AttentionOptions } from '../../../worker/llm/kernels/attention.ts';
import { attentionPartsBytes, createAttentionDecode } from '../../../worker/llm/kernels/attention-decode.ts';
import { createAttentionPrefill } from '../../../worker/llm/kernels/attention-prefill.ts';
import type { Kernel } from '../../../worker/llm/kernels/kernel.ts';
import { projectionOf } from '../reference/projection-of-queries.ts';
import type { KernelBench } from './kernel-bench.ts';

/** Attention of either kind over `rowCount` rows, whose keys and values are in the cache. `queries`: [row][heads][headStride]. */
export function createTestAttention(
  bench: KernelBench,
  kind: 'decode' | 'prefill',
  {
    rowCount,
    queries,
    ...options
  }: Omit<AttentionOptions, 'batch'> & {
    rowCount: number;
    queries: Float32Array;
    keys: GPUBuffer;
    values: GPUBuffer;
  },
): Promise<Kernel> {
  const { heads, table } = options;
  const whole = { ...options, batch: bench.uniform([rowCount, 1]) };
  if (kind === 'prefill') {
    return createAttentionPrefill(bench.cache, { ...whole, query: bench.floats('query', queries) });
  }
  return createAttentionDecode(bench.cache, {
    ...whole,
    // Nothing is turned: the projection is the query.
    ropePairs: 0,
    projected: bench.floats('projected', projectionOf(heads, queries)),
    angles: bench.empty('angles', 2),
    parts: bench.empty('parts', attentionPartsBytes(heads, table.capacity, rowCount) / 4),
  });
}
