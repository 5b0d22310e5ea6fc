import type { ModelDescription, SamplingParameters } from '../messages.ts';
import type { CacheCounters, SequenceCache } from './cache/sequence-cache.ts';
import { checkGenerationRequest, type GenerationRequest } from './generation-request.ts';
import { createGenerationSession, type GenerationSession } from './generation.ts';
import { attentionBytesRead } from './kernels/attention-decode.ts';
import { logProbabilityBytes } from './kernels/log-probability.ts';
import { LlmError } from './llm-error.ts';
import { SCORING_CHUNK, type LlamaGraph } from './model/llama-graph.ts';
import { readSamplingRules, type SamplingRules } from './sampling/sampling-rules.ts';
import type { BatchOutput, BatchRunner } from './serving/batch-runner.ts';
import { poolEmbedding, type Pooling } from './serving/pool-embedding.ts';
import type { Scheduler, SchedulerCounters } from './serving/scheduler.ts';
import type { SliceBudget } from './serving/slice-budget.ts';
import { Sequence } from './serving/sequence.ts';
import { readThrough } from './serving/step-slots.ts';
import { StopStrings } from './serving/stop-strings.ts';
import { PromptLookup } from './speculation/prompt-lookup.ts';
import { createTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
import type { Vocabulary } from './tokenizer/vocabulary.ts';

const GREEDY: SamplingParameters = { temperature: 0, seed: 0 };

/** What one decoded token costs, and what the model has done so far. */
export interface ModelCounters extends SchedulerCounters {
  readonly dispatchesPerToken: number;
  readonly weightBytesPerToken: number;
  /** Key and value cache of one context, all layers. */
  readonly cacheBytes: number;
  readonly cache: CacheCounters;
}

/** The parts of a loaded model; see `loadModel`. */
export interface ModelParts {
  readonly device: GPUDevice;
  readonly graph: LlamaGraph;
  readonly runner: BatchRunner;
  readonly cache: SequenceCache;
  readonly scheduler: Scheduler;
  readonly budget: SliceBudget;
  readonly vocabulary: Vocabulary;
  readonly description: ModelDescription;
  readonly cacheBytesPerContext: number;
}

/** A model on the GPU. Calls may overlap: generations are decoded together, and share the pages of prompts that begin alike. */
export class LanguageModel {
  readonly description: ModelDescription;
  readonly tokenizer: Tokenizer;
  readonly #parts: ModelParts;
  /** Calls that read through a sequence one after the other: they share the buffers of their results. */
  #reading: Promise<unknown> = Promise.resolve();
  #destroyed = false;

  constructor(parts: ModelParts) {
    this.#parts = parts;
    this.description = parts.description;
    this.tokenizer = createTokenizer(parts.vocabulary);
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
    await this.#readChunks(tokens, 0, vocabularySize * 4, 'logits', (bytes, start) => {
      result.set(new Float32Array(bytes), start * vocabularySize);
    });
    return result;
  }

  /**
   * Natural logarithm of the probability of each token after those before it, by the model alone (temperature 1, no rules):
   * result[i] is that of tokens[i + 1]; one shorter than `tokens`.
   *
   * @throws LlmError EMPTY_PROMPT, TOKEN_OUT_OF_RANGE, CONTEXT_FULL
   */
  async score(tokens: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    this.#checkTokens(tokens, this.description.contextLength);
    const result = new Float32Array(tokens.length - 1);
    await this.#readChunks(tokens, 0, logProbabilityBytes(0), 'log-probabilities', (bytes, start) => {
      const rows = new Float32Array(bytes);
      // The last token has no successor; its row says nothing.
      for (let row = 0; row * 2 < rows.length && start + row < result.length; row++) {
        result[start + row] = rows[row * 2 + 1] ?? NaN;
      }
    });
    return result;
  }

  /**
   * An embedding of the tokens: hidden states after the final norm, pooled and of length 1 (Euclidean).
   *
   * @throws LlmError EMPTY_PROMPT, TOKEN_OUT_OF_RANGE, CONTEXT_FULL
   */
  async embed(tokens: readonly number[], pooling: Pooling): Promise<Float32Array<ArrayBuffer>> {
    this.#checkTokens(tokens, this.description.contextLength);
    const { device, runner } = this.#parts;
    return this.#withSequence(tokens, GREEDY, (slot) =>
      poolEmbedding(device, runner, {
        slot,
        length: tokens.length,
        pooling,
        columns: this.description.embeddingLength,
      }),
    );
  }

  /**
   * Checks an answer with one prefill over prompt and output: gap[i] = best score - score of outputTokens[i], score = logit / T +
   * Gumbel(seed, position, token), or the logit alone when greedy; logits after the sampling rules. Near 0 throughout when this model
   * produced the answer.
   *
   * @throws LlmError EMPTY_PROMPT, TOKEN_OUT_OF_RANGE, CONTEXT_FULL, INVALID_PARAMETER
   */
  async replay(
    promptTokens: readonly number[],
    outputTokens: readonly number[],
    sampling: SamplingParameters,
  ): Promise<{ gaps: number[] }> {
    readSamplingRules(sampling, this.description.vocabularySize);
    this.#checkTokens(promptTokens, this.description.contextLength);
    const tokens = [...promptTokens, ...outputTokens];
    this.#checkTokens(tokens, this.description.contextLength);
    if (outputTokens.length === 0) return { gaps: [] };
    const gaps: number[] = [];
    const first = promptTokens.length - 1;
    await this.#readChunks(tokens, first, 4, 'gaps', (bytes) => gaps.push(...new Float32Array(bytes)), sampling);
    return { gaps: gaps.slice(0, outputTokens.length) };
  }

  /**
   * Starts an answer; the prompt is in the cache when this resolves. Generations of one model run together: each keeps its tokens
   * whatever the others do.
   *
   * @throws LlmError EMPTY_PROMPT, TOKEN_OUT_OF_RANGE, CONTEXT_FULL when no room is left for one token, INVALID_PARAMETER, OUT_OF_MEMORY
   */
  async openGeneration(request: GenerationRequest): Promise<GenerationSession> {
    const { promptTokens, maxTokens, stopStrings = [], logProbabilities, speculation, emittedTokens = [] } = request;
    const rules = readSamplingRules(request.sampling, this.description.vocabularySize);
    checkGenerationRequest(request);
    const { contextLength } = this.description;
    this.#checkTokens(promptTokens, contextLength - 1);
    const tokens = [...promptTokens, ...emittedTokens];
    this.#checkTokens(tokens, contextLength);
    const { scheduler, cache, runner, vocabulary } = this.#parts;
    const outputLimit = Math.min(maxTokens, contextLength - promptTokens.length);
    cache.checkLength(promptTokens.length + outputLimit);
    if (rules.isAdjusted || rules.isFiltered) await runner.prepare('filter');
    if (logProbabilities !== undefined) await runner.prepare('chosen');
    const sequence = new Sequence(tokens, rules, {
      ...(logProbabilities === undefined ? {} : { alternatives: logProbabilities }),
      ...(speculation === undefined ? {} : { lookup: new PromptLookup(speculation.maxTokens) }),
    });
    try {
      await scheduler.ask(sequence, 0, () => true);
    } catch (error) {
      scheduler.close(sequence);
      throw error;
    }
    return createGenerationSession({
      scheduler,
      sequence,
      emittedTokens,
      outputLimit,
      stopTokens: vocabulary.stopTokens,
      stopStrings: new StopStrings(stopStrings),
      detokenizer: this.tokenizer.createDetokenizer(),
    });
  }

  /** How long one submit may keep the GPU from its owner, in milliseconds of at least 1; holds for all requests from the next submit on. */
  pace(sliceTargetMs: number): void {
    this.#parts.budget.retarget(sliceTargetMs);
  }

  counters(): Promise<ModelCounters> {
    const { scheduler, cache, runner, graph, cacheBytesPerContext } = this.#parts;
    return Promise.resolve({
      ...scheduler.counters,
      dispatchesPerToken: runner.dispatchesPerToken('one'),
      weightBytesPerToken: graph.weights.bytesPerToken,
      cacheBytes: cacheBytesPerContext,
      cache: cache.counters,
    });
  }

  /** Bytes of keys and values that decoding one token behind `length` positions reads, all layers. */
  cacheBytesRead(length: number): number {
    const { graph, runner } = this.#parts;
    return graph.config.layerCount * attentionBytesRead(graph.heads, runner.format, length);
  }

  /** Frees all GPU memory of the model; sessions under way are rejected with SESSION_CLOSED. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#parts.scheduler.destroy();
    this.#parts.runner.destroy();
    this.#parts.graph.destroy();
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

  /** Reads a whole sequence in chunks, and gives what each position from `first` on makes: `rowBytes` a row. */
  #readChunks(
    tokens: readonly number[],
    first: number,
    rowBytes: number,
    kind: 'logits' | 'gaps' | 'log-probabilities',
    take: (bytes: ArrayBuffer, start: number) => void,
    sampling: SamplingParameters = GREEDY,
  ): Promise<void> {
    const { device, runner } = this.#parts;
    return this.#withSequence(tokens, sampling, async (slot, { isAdjusted, isFiltered }) => {
      if (kind === 'log-probabilities') await runner.prepare('following');
      if (kind === 'gaps') await runner.prepare('replayGap');
      if (kind === 'gaps' && (isAdjusted || isFiltered)) await runner.prepare('filter');
      for (let start = 0; start < first; start += SCORING_CHUNK) {
        runner.prefill({ slot, position: start }, Math.min(SCORING_CHUNK, first - start), { kind: 'nothing' });
      }
      for (let start = first; start < tokens.length; start += runner.scoringChunk) {
        const count = Math.min(runner.scoringChunk, tokens.length - start);
        const bytes = await readThrough(device, count * rowBytes, (destination) => {
          const output: BatchOutput =
            kind === 'gaps' ? { kind, destination, isFiltered: isAdjusted || isFiltered } : { kind, destination };
          runner.prefill({ slot, position: start }, count, output);
        });
        take(bytes, start);
      }
    });
  }

  /** Room for all of the tokens while `use` reads through them. */
  async #withSequence<T>(
    tokens: readonly number[],
    sampling: SamplingParameters,
    use: (slot: number, rules: SamplingRules) => Promise<T>,
  ): Promise<T> {
    const { cache, scheduler } = this.#parts;
    const rules = readSamplingRules(sampling, this.description.vocabularySize);
    cache.checkLength(tokens.length);
    const turn = this.#reading.then(async () => {
      const sequence = new Sequence(tokens, rules);
      sequence.isPinned = true;
      try {
        while (!cache.reserve(sequence, tokens.length)) await scheduler.waitForRoom();
        return await use(sequence.slot ?? 0, rules);
      } finally {
        scheduler.close(sequence);
      }
    });
    this.#reading = turn.catch(() => undefined);
    return turn;
  }
}
