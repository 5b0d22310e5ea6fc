import type { AttentionOptions } from '../../../worker/llm/kernels/attention.ts';
import { attentionPartsBytes, createAttentionDecode } from '../../../worker/llm/kernels/attention-decode.ts';
import { createAttentionPrefill } from '../../../worker/llm/kernels/attention-prefill.ts';
import type { Kernel } from '../../../worker/llm/kernels/kernel.ts';
import type { KernelBench } from './kernel-bench.ts';

/** Attention of either kind over `rowCount` rows. */
export function createTestAttention(
  bench: KernelBench,
  kind: 'decode' | 'prefill',
  { rowCount, ...options }: Omit<AttentionOptions, 'batch'> & { rowCount: number },
): Promise<Kernel> {
  const whole = { ...options, batch: bench.uniform([rowCount]) };
  if (kind === 'prefill') return createAttentionPrefill(bench.cache, whole);
  const partsBytes = attentionPartsBytes(options.heads, options.table.capacity, rowCount);
  return createAttentionDecode(bench.cache, { ...whole, parts: bench.empty('parts', partsBytes / 4) });
}
