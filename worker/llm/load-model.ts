import type { ByteSource } from '../byte-source.ts';
import type { ModelDescription } from '../messages.ts';
import { CACHE_FORMATS, PAGE_TOKENS, type CacheType } from './cache/cache-format.ts';
import { SequenceCache } from './cache/sequence-cache.ts';
import type { GgufFile } from './gguf/parse-gguf.ts';
import { parseModelFile } from './gguf/split-gguf.ts';
import { pipelineCacheOf } from './kernels/kernel.ts';
import { LanguageModel } from './language-model.ts';
import { LlmError } from './llm-error.ts';
import { readLlamaConfig, type LlamaConfig } from './model/llama-config.ts';
import { LlamaGraph, PREFILL_CHUNK } from './model/llama-graph.ts';
import { loadLlamaWeights } from './model/llama-weights.ts';
import { TensorUpload } from './model/tensor-upload.ts';
import { planLlamaWeights } from './model/weight-plan.ts';
import { pageBytes } from './serving/batch-buffers.ts';
import { BatchRunner } from './serving/batch-runner.ts';
import { Scheduler } from './serving/scheduler.ts';
import { SliceBudget } from './serving/slice-budget.ts';
import { readVocabulary, type Vocabulary } from './tokenizer/vocabulary.ts';

/** Positions kept for a sequence where the caller does not say. */
const DEFAULT_CONTEXT_LENGTH = 4096;

/** The pool where the caller does not say: room for several short requests beside a long one, within this much memory. */
const DEFAULT_POOL = { tokens: 8192, bytes: 1024 ** 3 } as const;

/** Milliseconds that a submit of a prompt should take at most, so that a desktop stays fluid. */
const DEFAULT_SLICE_BUDGET_MS = 50;

export interface LoadOptions {
  /** Positions of one sequence at most (default 4096); never more than the model was trained for. */
  readonly contextLength?: number;
  /** Positions that all sequences share; at least one whole context, by default up to 8192 within 1 GiB. */
  readonly cacheTokens?: number;
  /** How keys and values are stored; f16 needs the feature shader-f16. */
  readonly cacheType?: CacheType;
  /** 8 while somebody uses the machine, 50 otherwise; Infinity for the largest chunks always. */
  readonly sliceBudgetMs?: number;
  /** A monotonic clock, for the slice budget. */
  readonly nowMs?: () => number;
}

/**
 * Reads a GGUF file onto the GPU, 4 MiB at a time. The source may be closed when this resolves.
 *
 * @throws GgufError for a file that is malformed or not supported, LlmError OUT_OF_MEMORY, ADAPTER_LIMIT or INVALID_PARAMETER
 */
export async function loadModel(
  device: GPUDevice,
  source: ByteSource,
  options: LoadOptions = {},
): Promise<LanguageModel> {
  checkOptions(device, options);
  const file = await parseModelFile(source);
  const config = readLlamaConfig(file);
  const vocabulary = readVocabulary(file.metadata, config.vocabularySize);
  const plan = planLlamaWeights(file, config);
  const cache = pipelineCacheOf(device);
  const upload = new TensorUpload(cache, source);
  const bindingLimit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  // In the order they are made; freed in the opposite one when a later part fails.
  const made: { destroy(): void }[] = [];
  try {
    const weights = await loadLlamaWeights(device, upload, plan, bindingLimit);
    made.push(weights);
    const graph = await LlamaGraph.create(cache, config, weights);
    made.splice(0, 1, graph);
    const capacity = Math.min(options.contextLength ?? DEFAULT_CONTEXT_LENGTH, config.contextLength);
    const format = CACHE_FORMATS[options.cacheType ?? 'f32'];
    const bytesPerPage = pageBytes(graph, format);
    const pageCount = planPages(options.cacheTokens, capacity, {
      bytesPerPage,
      layerCount: config.layerCount,
      bindingLimit,
    });
    const runner = await BatchRunner.create(graph, { format, pageCount, capacity });
    const sequences = new SequenceCache(runner, pageCount);
    const budget = new SliceBudget(options.sliceBudgetMs ?? DEFAULT_SLICE_BUDGET_MS, PREFILL_CHUNK);
    const nowMs = options.nowMs ?? Date.now;
    return new LanguageModel({
      device,
      graph,
      runner,
      cache: sequences,
      scheduler: new Scheduler(device, { runner, cache: sequences, budget, nowMs }),
      vocabulary,
      description: describe(file, config, vocabulary, capacity, weights.sizeBytes),
      cacheBytesPerContext: Math.ceil(capacity / PAGE_TOKENS) * bytesPerPage,
    });
  } catch (error) {
    for (const part of made) part.destroy();
    throw error;
  } finally {
    upload.destroy();
  }
}

function checkOptions(device: GPUDevice, options: LoadOptions): void {
  const { contextLength, cacheTokens, cacheType, sliceBudgetMs } = options;
  for (const [field, value] of Object.entries({ contextLength, cacheTokens })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 2)) {
      throw new LlmError('INVALID_PARAMETER', `${field} is ${value}; it must be a whole number of at least 2`, {
        data: { field, value },
      });
    }
  }
  if (sliceBudgetMs !== undefined && !(sliceBudgetMs >= 1)) {
    throw new LlmError('INVALID_PARAMETER', `sliceBudgetMs is ${sliceBudgetMs}; it must be at least 1`, {
      data: { field: 'sliceBudgetMs', value: sliceBudgetMs },
    });
  }
  if (cacheType === 'f16' && !device.features.has('shader-f16')) {
    throw new LlmError('ADAPTER_LIMIT', 'cacheType is f16, but the adapter has no shader-f16; f32 works everywhere', {
      data: { field: 'cacheType', value: cacheType },
    });
  }
}

/** Pages of the pool: a whole context always; beyond it what was asked for, or what is modest. */
export function planPages(
  cacheTokens: number | undefined,
  capacity: number,
  cost: { bytesPerPage: number; layerCount: number; bindingLimit: number },
): number {
  const context = Math.ceil(capacity / PAGE_TOKENS);
  if (cacheTokens !== undefined) return Math.max(context, Math.ceil(cacheTokens / PAGE_TOKENS));
  const byBinding = Math.floor((cost.bindingLimit * cost.layerCount * 2) / cost.bytesPerPage);
  const byMemory = Math.floor(DEFAULT_POOL.bytes / cost.bytesPerPage);
  // No more than sixteen whole contexts can be decoded at once.
  const useful = Math.min(DEFAULT_POOL.tokens / PAGE_TOKENS, 16 * context);
  return Math.max(context, Math.min(useful, byBinding, byMemory));
}

function describe(
  file: GgufFile,
  config: LlamaConfig,
  vocabulary: Vocabulary,
  contextLength: number,
  weightBytes: number,
): ModelDescription {
  const tensorTypes: Record<string, number> = {};
  let parameterCount = 0;
  for (const { type, elementCount } of file.tensors.values()) {
    tensorTypes[type.name] = (tensorTypes[type.name] ?? 0) + 1;
    parameterCount += elementCount;
  }
  return {
    name: config.name,
    architecture: config.architecture.name,
    parameterCount,
    layerCount: config.layerCount,
    embeddingLength: config.embeddingLength,
    headCount: config.headCount,
    keyValueHeadCount: config.keyValueHeadCount,
    feedForwardLength: config.feedForwardLength,
    vocabularySize: config.vocabularySize,
    contextLength,
    tensorTypes,
    weightBytes,
    bosToken: vocabulary.bosToken,
    eosToken: vocabulary.eosToken,
    chatTemplate: vocabulary.chatTemplate,
  };
}
