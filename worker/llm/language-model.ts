import type { ByteSource } from '../byte-source.ts';
import { readBuffer } from '../gpu/buffers.ts';
import type { ModelDescription, SamplingParameters } from '../messages.ts';
import { createGenerationSession, type GenerationSession } from './generation.ts';
import type { GgufFile } from './gguf/parse-gguf.ts';
import { parseModelFile } from './gguf/split-gguf.ts';
import { pipelineCacheOf } from './kernels/kernel.ts';
import { LlmError } from './llm-error.ts';
import { readLlamaConfig, type LlamaConfig } from './model/llama-config.ts';
import { LlamaContext } from './model/llama-context.ts';
import { LlamaGraph, SCORING_CHUNK } from './model/llama-graph.ts';
import { loadLlamaWeights } from './model/llama-weights.ts';
import { TensorUpload } from './model/tensor-upload.ts';
import { planLlamaWeights } from './model/weight-plan.ts';
import { createTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
import { readVocabulary, type Vocabulary } from './tokenizer/vocabulary.ts';

/** Positions kept for a sequence where the caller does not say: the KV cache is allocated whole. */
const DEFAULT_CONTEXT_LENGTH = 4096;

export interface GenerationRequest {
  /** Not empty; a task resumed elsewhere passes prompt and tokens so far, and continues with the same tokens. */
  readonly promptTokens: readonly number[];
  readonly maxTokens: number;
  readonly sampling: SamplingParameters;
}

/** What one decoded token costs; for benchmarks. */
export interface ModelCounters {
  readonly dispatchesPerToken: number;
  readonly weightBytesPerToken: number;
  /** Key and value cache of one context, all layers. */
  readonly cacheBytes: number;
}

/** A model on the GPU. Calls may overlap: each holds a context of its own. */
export class LanguageModel {
  readonly description: ModelDescription;
  readonly tokenizer: Tokenizer;
  readonly #device: GPUDevice;
  readonly #graph: LlamaGraph;
  readonly #vocabulary: Vocabulary;
  #idle: LlamaContext | undefined;
  #destroyed = false;

  constructor(device: GPUDevice, graph: LlamaGraph, vocabulary: Vocabulary, description: ModelDescription) {
    this.#device = device;
    this.#graph = graph;
    this.#vocabulary = vocabulary;
    this.description = description;
    this.tokenizer = createTokenizer(vocabulary);
  }

  /**
   * Logits after each token, row-major [tokens.length][vocabularySize].
   *
   * @throws LlmError EMPTY_PROMPT, TOKEN_OUT_OF_RANGE, CONTEXT_FULL
   */
  async logits(tokens: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    this.#checkTokens(tokens, this.description.contextLength);
    const { vocabularySize } = this.description;
    const result = new Float32Array(tokens.length * vocabularySize);
    const chunkBytes = Math.min(SCORING_CHUNK, tokens.length) * vocabularySize * 4;
    return this.#withContext(async (context) => {
      context.setTokens(tokens);
      // MAP_READ 0x1 | COPY_DST 0x8.
      const staging = this.#device.createBuffer({ label: 'llm.logits.readback', size: chunkBytes, usage: 0x01 | 0x08 });
      try {
        for (let from = 0; from < tokens.length; from += SCORING_CHUNK) {
          const count = Math.min(SCORING_CHUNK, tokens.length - from);
          await context.scoreLogits(from, count, staging);
          await staging.mapAsync(0x01);
          const chunk = new Float32Array(staging.getMappedRange(0, count * vocabularySize * 4));
          result.set(chunk, from * vocabularySize);
          staging.unmap();
        }
      } finally {
        staging.destroy();
      }
      return result;
    });
  }

  /**
   * Checks an answer with one prefill over prompt and output: gap[i] = best score - score of outputTokens[i], score = logit / T +
   * Gumbel(seed, position, token), or the logit alone when greedy. Near 0 throughout when this model produced the answer.
   *
   * @throws LlmError EMPTY_PROMPT, TOKEN_OUT_OF_RANGE, CONTEXT_FULL, INVALID_PARAMETER
   */
  async replay(
    promptTokens: readonly number[],
    outputTokens: readonly number[],
    sampling: SamplingParameters,
  ): Promise<{ gaps: number[] }> {
    checkSampling(sampling);
    this.#checkTokens(promptTokens, this.description.contextLength);
    const tokens = [...promptTokens, ...outputTokens];
    this.#checkTokens(tokens, this.description.contextLength);
    if (outputTokens.length === 0) return { gaps: [] };
    return this.#withContext(async (context) => {
      context.setSampling(sampling);
      context.setTokens(tokens);
      const from = promptTokens.length - 1;
      context.prefill(0, from);
      const buffer = await context.scoreGaps(from, tokens.length - 1);
      const bytes = await readBuffer(this.#device, buffer, outputTokens.length * 4, from * 4);
      return { gaps: Array.from(new Float32Array(bytes)) };
    });
  }

  /**
   * Starts an answer; the prompt is in the cache when this resolves.
   *
   * @throws LlmError EMPTY_PROMPT, TOKEN_OUT_OF_RANGE, CONTEXT_FULL when no room is left for one token, INVALID_PARAMETER
   */
  async openGeneration(request: GenerationRequest): Promise<GenerationSession> {
    const { promptTokens, maxTokens, sampling } = request;
    checkSampling(sampling);
    if (!Number.isSafeInteger(maxTokens) || maxTokens < 1) {
      throw new LlmError('INVALID_PARAMETER', `maxTokens is ${maxTokens}; it must be a whole number of at least 1`, {
        data: { value: maxTokens },
      });
    }
    const { contextLength } = this.description;
    this.#checkTokens(promptTokens, contextLength - 1);
    const context = await this.#acquire();
    try {
      context.setSampling(sampling);
      context.setTokens(promptTokens);
      const last = promptTokens.length - 1;
      context.prefill(0, last);
      context.setPosition(last);
      await this.#device.queue.onSubmittedWorkDone();
    } catch (error) {
      this.#release(context);
      throw error;
    }
    return createGenerationSession({
      device: this.#device,
      context,
      outputLimit: Math.min(maxTokens, contextLength - promptTokens.length),
      stopTokens: this.#vocabulary.stopTokens,
      detokenizer: this.tokenizer.createDetokenizer(),
      release: () => this.#release(context),
    });
  }

  async counters(): Promise<ModelCounters> {
    const { keyValueHeadCount, headStride } = this.#graph.heads;
    const { contextLength, layerCount } = this.description;
    return this.#withContext((context) =>
      Promise.resolve({
        dispatchesPerToken: context.dispatchesPerToken,
        weightBytesPerToken: this.#graph.weights.bytesPerToken,
        cacheBytes: contextLength * keyValueHeadCount * headStride * 4 * 2 * layerCount,
      }),
    );
  }

  /** Frees all GPU memory of the model; open sessions must not be used any more. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#idle?.destroy();
    this.#idle = undefined;
    void this.#graph.destroy();
  }

  #checkTokens(tokens: readonly number[], limit: number): void {
    if (tokens.length === 0) {
      throw new LlmError('EMPTY_PROMPT', 'the prompt has 0 tokens; at least 1 is needed', { data: { value: 0 } });
    }
    if (tokens.length > limit) {
      throw new LlmError(
        'CONTEXT_FULL',
        `${tokens.length} tokens do not fit: the context has ${this.description.contextLength} positions, of which ${limit} may be taken here`,
        { data: { needed: tokens.length, available: limit } },
      );
    }
    const { vocabularySize } = this.description;
    const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabularySize);
    if (wrong !== undefined) {
      throw new LlmError('TOKEN_OUT_OF_RANGE', `token ${wrong} is not in the vocabulary of 0..${vocabularySize - 1}`, {
        data: { value: wrong, limit: vocabularySize - 1 },
      });
    }
  }

  async #withContext<T>(use: (context: LlamaContext) => Promise<T>): Promise<T> {
    const context = await this.#acquire();
    try {
      return await use(context);
    } finally {
      this.#release(context);
    }
  }

  async #acquire(): Promise<LlamaContext> {
    const idle = this.#idle;
    this.#idle = undefined;
    return idle ?? LlamaContext.create(this.#graph, this.description.contextLength);
  }

  /** One context is kept for the next task: its allocation is the slow part of a short one. */
  #release(context: LlamaContext): void {
    if (this.#destroyed || this.#idle !== undefined) context.destroy();
    else this.#idle = context;
  }
}

function checkSampling({ temperature, seed }: SamplingParameters): void {
  if (!(temperature === 0 || (temperature >= 0.01 && temperature <= 100))) {
    throw new LlmError('INVALID_PARAMETER', `temperature is ${temperature}; it must be 0 (greedy) or 0.01..100`, {
      data: { field: 'temperature', value: temperature },
    });
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new LlmError('INVALID_PARAMETER', `seed is ${seed}; it must be an unsigned 32-bit integer`, {
      data: { field: 'seed', value: seed },
    });
  }
}

/**
 * Reads a GGUF file onto the GPU, 4 MiB at a time. `contextLength` bounds the positions kept per sequence (default 4096); never more
 * than the model was trained for. The source may be closed when this resolves.
 *
 * @throws GgufError for a file that is malformed or not supported, LlmError OUT_OF_MEMORY or ADAPTER_LIMIT
 */
export async function loadModel(
  device: GPUDevice,
  source: ByteSource,
  options: { contextLength?: number } = {},
): Promise<LanguageModel> {
  const wanted = options.contextLength ?? DEFAULT_CONTEXT_LENGTH;
  if (!Number.isSafeInteger(wanted) || wanted < 2) {
    throw new LlmError('INVALID_PARAMETER', `contextLength is ${wanted}; it must be a whole number of at least 2`, {
      data: { field: 'contextLength', value: wanted },
    });
  }
  const file = await parseModelFile(source);
  const config = readLlamaConfig(file);
  const vocabulary = readVocabulary(file.metadata, config.vocabularySize);
  const plan = planLlamaWeights(file, config);
  const cache = pipelineCacheOf(device);
  const upload = new TensorUpload(cache, source);
  const bindingLimit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  try {
    const weights = await loadLlamaWeights(device, upload, plan, bindingLimit);
    const contextLength = Math.min(wanted, config.contextLength);
    try {
      const graph = await LlamaGraph.create(cache, config, weights);
      const description = describe(file, config, vocabulary, contextLength, weights.sizeBytes);
      return new LanguageModel(device, graph, vocabulary, description);
    } catch (error) {
      weights.destroy();
      throw error;
    }
  } finally {
    upload.destroy();
  }
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
