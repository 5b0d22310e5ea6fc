import {
  sampleSliceCount,
  vocabularyWords,
  type SamplingBuffers,
} from '../../../worker/llm/kernels/sampling-buffers.ts';
import { BIAS_CAPACITY, RULES_BYTES } from '../../../worker/llm/sampling/sampling-rules.ts';
import type { KernelBench } from './kernel-bench.ts';

const SLOTS = 3;

/** Buffers of three slots and a few rows, all zero. */
export function samplingBuffers(
  bench: KernelBench,
  { vocabularySize, rowCount, capacity }: { vocabularySize: number; rowCount: number; capacity: number },
): SamplingBuffers {
  const slices = sampleSliceCount(vocabularySize);
  return {
    vocabulary: bench.uniform(vocabularyWords(vocabularySize, capacity)),
    rules: bench.empty('rules', (SLOTS * RULES_BYTES) / 4),
    biases: bench.empty('biases', SLOTS * BIAS_CAPACITY * 2),
    rows: bench.empty('rows', rowCount * 2),
    tokens: bench.empty('tokens', SLOTS * capacity),
    logits: bench.empty('logits', rowCount * vocabularySize),
    adjusted: bench.empty('adjusted', rowCount * vocabularySize),
    thresholds: bench.empty('thresholds', rowCount),
    best: bench.empty('best', rowCount * slices * 2),
    ids: bench.empty('ids', rowCount),
  };
}
