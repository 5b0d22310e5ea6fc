import { createStorageBuffer, uploadStorageBuffer } from '../../gpu/buffers.ts';
import { PAGE_TOKENS, planePageBytes, type CacheFormat, type CacheTable } from '../cache/cache-format.ts';
import { attentionPartsBytes } from '../kernels/attention-decode.ts';
import { createShapeBuffer } from '../kernels/kernel.ts';
import { logProbabilityBytes, MAXIMUM_ALTERNATIVES } from '../kernels/log-probability.ts';
import { sampleSliceCount, vocabularyWords, type SamplingBuffers } from '../kernels/sampling-buffers.ts';
import { LlmError } from '../llm-error.ts';
import { allocateOrFail } from '../model/allocation.ts';
import { padToBlock } from '../model/layer-kernels.ts';
import { PREFILL_CHUNK, SCORING_CHUNK, type LlamaGraph } from '../model/llama-graph.ts';
import { buildRopeTables } from '../model/rope-table.ts';
import { BIAS_CAPACITY, RULES_BYTES } from '../sampling/sampling-rules.ts';

/** Sequences that are decoded together in one pass. */
export const MAXIMUM_BATCH = 16;

/** Sequences that have their tokens and pages on the GPU at once: a batch, and others that are being read or wait their turn. */
export const SLOT_COUNT = 32;

/** What the paged cache of a model is made of. */
export interface CacheShape {
  readonly format: CacheFormat;
  readonly pageCount: number;
  /** Positions of one sequence at most. */
  readonly capacity: number;
}

/** GPU memory that all sequences of a model share. Nothing is allocated after it. */
export interface BatchBuffers {
  readonly table: CacheTable;
  readonly caches: readonly { readonly keys: GPUBuffer; readonly values: GPUBuffer }[];
  readonly ropeTables: readonly GPUBuffer[];
  readonly attentionParts: GPUBuffer;
  readonly sampling: SamplingBuffers;
  /** [SCORING_CHUNK]. */
  readonly gaps: GPUBuffer;
  readonly logProbabilities: GPUBuffer;
  /** [embedding]. */
  readonly pooled: GPUBuffer;
  destroy(): void;
}

/** Bytes of one page in all layers, keys and values. */
export function pageBytes(graph: Pick<LlamaGraph, 'config' | 'heads'>, format: CacheFormat): number {
  return 2 * graph.config.layerCount * planePageBytes(graph.heads, format);
}

/** @throws LlmError ADAPTER_LIMIT, OUT_OF_MEMORY */
export async function createBatchBuffers(graph: LlamaGraph, shape: CacheShape): Promise<BatchBuffers> {
  const { device } = graph.cache;
  const layerBytes = (shape.pageCount * pageBytes(graph, shape.format)) / 2 / graph.config.layerCount;
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (layerBytes > limit) {
    throw new LlmError(
      'ADAPTER_LIMIT',
      `the keys of ${shape.pageCount * PAGE_TOKENS} positions take ${layerBytes} bytes a layer, but the adapter binds at most ${limit}`,
      { data: { neededBytes: layerBytes, availableBytes: limit } },
    );
  }
  return allocateOrFail(
    device,
    `a cache of ${shape.pageCount * PAGE_TOKENS} positions`,
    () => allocate(graph, shape, layerBytes),
    (buffers) => buffers.destroy(),
  );
}

function allocate(graph: LlamaGraph, { capacity }: CacheShape, layerBytes: number): BatchBuffers {
  const { cache, config, heads, weights } = graph;
  const { device } = cache;
  const owned: GPUBuffer[] = [];
  const own = (buffer: GPUBuffer): GPUBuffer => {
    owned.push(buffer);
    return buffer;
  };
  const storage = (label: string, bytes: number) => own(createStorageBuffer(device, `llm.serving.${label}`, bytes));
  const { vocabularySize } = config;
  const pagesPerSlot = Math.ceil(capacity / PAGE_TOKENS);
  const pageTableStart = 2 * PREFILL_CHUNK;
  const slices = sampleSliceCount(vocabularySize);
  const rows = storage('rows', (pageTableStart + SLOT_COUNT * pagesPerSlot) * 4);
  return {
    table: { rows, pageTableStart, pagesPerSlot, capacity },
    caches: Array.from({ length: config.layerCount }, (_, index) => ({
      keys: storage(`keys.${index}`, layerBytes),
      values: storage(`values.${index}`, layerBytes),
    })),
    ropeTables: buildRopeTables(config, capacity, weights.ropeFactors).map((angles) =>
      own(uploadStorageBuffer(device, 'llm.serving.rope-table', angles)),
    ),
    attentionParts: storage('attention-parts', attentionPartsBytes(heads, capacity, MAXIMUM_BATCH)),
    sampling: {
      vocabulary: own(createShapeBuffer(device, 'llm.serving.vocabulary', vocabularyWords(vocabularySize, capacity))),
      rules: storage('rules', SLOT_COUNT * RULES_BYTES),
      biases: storage('biases', SLOT_COUNT * BIAS_CAPACITY * 8),
      rows,
      tokens: storage('tokens', SLOT_COUNT * capacity * 4),
      logits: graph.scratch.logits,
      adjusted: storage('adjusted', SCORING_CHUNK * vocabularySize * 4),
      thresholds: storage('thresholds', SCORING_CHUNK * 4),
      best: storage('best', MAXIMUM_BATCH * slices * 8),
      ids: storage('ids', MAXIMUM_BATCH * 4),
    },
    gaps: storage('gaps', SCORING_CHUNK * 4),
    logProbabilities: storage('log-probabilities', SCORING_CHUNK * logProbabilityBytes(MAXIMUM_ALTERNATIVES)),
    pooled: storage('pooled', padToBlock(config.embeddingLength) * 4),
    destroy() {
      for (const buffer of owned) buffer.destroy();
    },
  };
}
