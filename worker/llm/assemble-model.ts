import type { ByteSource } from '../byte-source.ts';
import type { ModelDescription } from '../messages.ts';
import { CACHE_FORMATS, PAGE_TOKENS } from './cache/cache-format.ts';
import { defaultCacheType } from './cache/cache-type.ts';
import { SequenceCache } from './cache/sequence-cache.ts';
import type { GgufFile } from './gguf/parse-gguf.ts';
import { parseModelFile } from './gguf/split-gguf.ts';
import { pipelineCacheOf } from './kernels/kernel.ts';
import type { ChosenMatrices } from './kernels/prompt-matrices.ts';
import { LanguageModel } from './language-model.ts';
import type { LoadOptions } from './load-options.ts';
import { attentionPerPosition } from './model/cut-weights.ts';
import { readLlamaConfig, type LlamaConfig } from './model/llama-config.ts';
import { LlamaGraph, PREFILL_CHUNK } from './model/llama-graph.ts';
import { loadLlamaWeights } from './model/llama-weights.ts';
import { TensorUpload } from './model/tensor-upload.ts';
import { planLlamaWeights, type LlamaPlan } from './model/weight-plan.ts';
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

/** Tokens that the smallest tile of a matrix kernel takes: fewer cost as much. */
const SMALLEST_CHUNK = 32;

/** A model file's metadata and directory, checked; no weight has been read. */
export interface ModelHeader {
  readonly file: GgufFile;
  readonly config: LlamaConfig;
  readonly vocabulary: Vocabulary;
  readonly plan: LlamaPlan;
}

/** @throws GgufError */
export async function readModelHeader(source: ByteSource): Promise<ModelHeader> {
  const file = await parseModelFile(source);
  const config = readLlamaConfig(file);
  return {
    file,
    config,
    vocabulary: readVocabulary(file.metadata, config.vocabularySize),
    plan: planLlamaWeights(file, config),
  };
}

/** Bytes by what they are for; the rest of what a model holds is for serving. */
export interface PartBytes {
  readonly weightsBytes: number;
  readonly cacheBytes: number;
  readonly activationsBytes: number;
  readonly logitsBytes: number;
  /** Positions of the shared pool. */
  readonly cacheTokens: number;
}

/**
 * Allocates, fills and compiles everything of a model. What was made is freed again when a later part fails.
 *
 * @throws LlmError OUT_OF_MEMORY, ADAPTER_LIMIT
 */
export async function assembleModel(
  device: GPUDevice,
  header: ModelHeader,
  source: ByteSource,
  options: Omit<LoadOptions, 'matrices'> & { readonly matrices: ChosenMatrices },
): Promise<{ readonly model: LanguageModel; readonly parts: PartBytes }> {
  const { file, config, vocabulary, plan } = header;
  const cache = pipelineCacheOf(device);
  const upload = new TensorUpload(cache, source);
  const bindingLimit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  // In the order they are made; freed in the opposite one when a later part fails.
  const made: { destroy(): void }[] = [];
  try {
    const weights = await loadLlamaWeights(device, upload, plan, bindingLimit);
    made.push(weights);
    const vectors = options.vectors ?? 'f32';
    const graph = await LlamaGraph.create(cache, config, weights, { matrices: options.matrices, vectors });
    made.splice(0, 1, graph);
    const capacity = Math.min(options.contextLength ?? DEFAULT_CONTEXT_LENGTH, config.contextLength);
    const format = CACHE_FORMATS[options.cacheType ?? defaultCacheType(device.features)];
    const bytesPerPage = pageBytes(graph, format);
    const pageCount = planPages(options.cacheTokens, capacity, {
      bytesPerPage,
      layerCount: config.layerCount,
      bindingLimit,
    });
    const budget = new SliceBudget(options.sliceBudgetMs ?? DEFAULT_SLICE_BUDGET_MS, {
      // On matrix units a whole tile takes hardly longer than the few tokens of a small one.
      tileTokens:
        options.matrices.variant === 'subgroup-matrix' ? options.matrices.units.tiles.large.tokens : SMALLEST_CHUNK,
      largestChunk: PREFILL_CHUNK,
      attentionPerPosition: attentionPerPosition(weights, graph.heads),
      layerCount: config.layerCount,
    });
    const runner = await BatchRunner.create(graph, { format, pageCount, capacity }, budget);
    const sequences = new SequenceCache(runner, pageCount);
    const nowMs = options.nowMs ?? Date.now;
    const model = new LanguageModel({
      device,
      graph,
      runner,
      cache: sequences,
      budget,
      scheduler: new Scheduler(device, {
        runner,
        cache: sequences,
        budget,
        nowMs,
        // The sums of matrix units are parted by the rows of a slice: a cut would change last bits.
        cutsRows: (options.cutsRows ?? false) && options.matrices.variant !== 'subgroup-matrix',
      }),
      vocabulary,
      description: {
        ...describe(file, config, vocabulary, capacity, weights.sizeBytes),
        cacheType: format.type,
        matrices: options.matrices.variant,
        matricesReason: options.matrices.reason,
        vectors,
      },
      cacheBytesPerContext: Math.ceil(capacity / PAGE_TOKENS) * bytesPerPage,
    });
    const { logits, ...activations } = graph.scratch;
    return {
      model,
      parts: {
        weightsBytes: weights.sizeBytes,
        cacheBytes: pageCount * bytesPerPage,
        activationsBytes: Object.values(activations).reduce((sum, { size }) => sum + size, 0),
        logitsBytes: logits.size + runner.buffers.sampling.adjusted.size,
        cacheTokens: pageCount * PAGE_TOKENS,
      },
    };
  } catch (error) {
    for (const part of made) part.destroy();
    throw error;
  } finally {
    upload.destroy();
  }
}

/** Pages of the pool: a whole context always; beyond it what was asked for, or what is modest. */
function planPages(
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
): Omit<ModelDescription, 'cacheType' | 'matrices' | 'matricesReason' | 'vectors'> {
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
