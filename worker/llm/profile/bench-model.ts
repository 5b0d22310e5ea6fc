import type { ByteSource } from '../../byte-source.ts';
import { setTuner, tunerOf } from '../../gpu/autotune/tuner.ts';
import { InstrumentedDevice } from '../../gpu/profile/instrumented-device.ts';
import { ProfileError } from '../../gpu/profile/profile-error.ts';
import type { GenerationSession } from '../generation.ts';
import { PAGE_TOKENS } from '../cache/cache-format.ts';
import type { LanguageModel } from '../language-model.ts';
import { loadModel } from '../load-model.ts';
import type {
  BatchRate,
  DecodeRate,
  ModelBenchOptions,
  ModelBenchResult,
  ModelProfile,
  PhaseProfile,
  PrefillRate,
  Rate,
  TokenCounters,
} from './bench-result.ts';
import { compareVectors } from './compare-vectors.ts';
import { summariseKernelTimes } from './kernel-times.ts';

/** Tokens that are counted or timed kernel by kernel. */
const watchedTokens = 8;
/** Positions behind which calls are counted: from a block of 64 on, attention has its second dispatch. */
const countedDepth = 128;
/** Tokens in front of every timed run: the driver's first time, the pipeline's filling. */
const warmUpTokens = 2;

export interface BenchEnvironment {
  readonly device: GPUDevice;
  /** The host's monotonic clock. */
  readonly nowMs: () => number;
  /** Measured on this device, for the share of it that each kernel reaches. */
  readonly copyBytesPerSecond: number;
}

/**
 * Loads the model once and measures it: prefill (to the first token), decode at each depth, what a decoded token costs in calls, and
 * optionally every kernel. Everything else should rest meanwhile. The source may be closed when this resolves.
 *
 * @throws GgufError, LlmError as `loadModel` does
 */
export async function benchModel(
  environment: BenchEnvironment,
  source: ByteSource,
  options: ModelBenchOptions,
): Promise<ModelBenchResult> {
  const { nowMs } = environment;
  const watched = new InstrumentedDevice(environment.device, nowMs);
  // The variants that the same model takes in a node.
  setTuner(watched.device, tunerOf(environment.device));
  const wantedContext = Math.max(options.prefillTokens, ...options.depths) + options.decodeTokens + watchedTokens * 2;
  const startedMs = nowMs();
  const model = await loadModel(watched.device, source, {
    contextLength: wantedContext,
    matrices: options.matrices ?? 'auto',
    vectors: options.vectors ?? 'f32',
    ...(options.sliceBudgetMs !== undefined && { sliceBudgetMs: options.sliceBudgetMs }),
  });
  await environment.device.queue.onSubmittedWorkDone();
  const loadMs = nowMs() - startedMs;
  const { tensorTypes, feedForwardLength: rows, embeddingLength: columns } = model.description;
  let measured: Omit<ModelBenchResult, 'vectorKernels'>;
  try {
    const run = new ModelRun(model, watched, environment, options);
    const prefill = await run.measurePrefill();
    const decode: DecodeRate[] = [];
    for (const depth of options.depths) decode.push(await run.measureDecode(depth));
    const batches: BatchRate[] = [];
    for (const requests of options.batches) batches.push(await run.measureBatch(requests));
    const counters = await run.countToken();
    const profile = options.profile ? await run.profile() : null;
    measured = { model: summarise(model), loadMs, prefill, decode, batches, counters, profile };
  } finally {
    model.destroy();
  }
  // In the memory that the model had.
  const vectorKernels = await compareVectors(environment, Object.keys(tensorTypes), { rows, columns });
  return { ...measured, vectorKernels };
}

class ModelRun {
  readonly #model: LanguageModel;
  readonly #watched: InstrumentedDevice;
  readonly #environment: BenchEnvironment;
  readonly #options: ModelBenchOptions;
  readonly #contextLength: number;
  #opened = 0;

  constructor(
    model: LanguageModel,
    watched: InstrumentedDevice,
    environment: BenchEnvironment,
    options: ModelBenchOptions,
  ) {
    this.#model = model;
    this.#watched = watched;
    this.#environment = environment;
    this.#options = options;
    this.#contextLength = model.description.contextLength;
  }

  /** Prompt tokens over the time until the first token is here. */
  async measurePrefill(): Promise<PrefillRate> {
    const { nowMs } = this.#environment;
    const { prefillTokens: wantedTokens, repetitions } = this.#options;
    const tokens = Math.min(wantedTokens, this.#contextLength - 1);
    const rates: number[] = [];
    for (let index = 0; index <= repetitions; index++) {
      const startedMs = nowMs();
      await this.#generate(tokens, 1, async (session) => {
        await session.next(1);
        rates.push(tokens / ((nowMs() - startedMs) / 1000));
      });
    }
    return { wantedTokens, tokens, ...describeRates(rates.slice(1)) };
  }

  async measureDecode(wantedDepth: number): Promise<DecodeRate> {
    const { nowMs } = this.#environment;
    const tokens = Math.min(this.#options.decodeTokens, this.#contextLength - warmUpTokens - 1);
    const depth = this.#clampDepth(wantedDepth, tokens + warmUpTokens);
    const rates: number[] = [];
    let hostMs = 0;
    let produced = 0;
    await this.#generateEach(depth, tokens + warmUpTokens, this.#options.repetitions, async (session) => {
      await session.next(warmUpTokens);
      this.#watched.reset('host');
      const startedMs = nowMs();
      const chunk = await session.next(tokens);
      const seconds = (nowMs() - startedMs) / 1000;
      if (chunk.tokens.length === 0) return;
      hostMs += this.#watched.counts.hostMs;
      produced += chunk.tokens.length;
      rates.push(chunk.tokens.length / seconds);
    });
    const hostMicrosecondsPerToken = produced === 0 ? 0 : (hostMs * 1000) / produced;
    return { wantedDepth, depth, tokens, ...describeRates(rates), hostMicrosecondsPerToken };
  }

  /** What several requests get together; each has its share of the cache, so that none waits for pages. */
  async measureBatch(requests: number): Promise<BatchRate> {
    const { nowMs } = this.#environment;
    const share = Math.floor(this.#contextLength / requests) - PAGE_TOKENS - warmUpTokens;
    const tokens = Math.max(1, Math.min(this.#options.decodeTokens, share));
    const rates: number[] = [];
    for (let index = 0; index < this.#options.repetitions; index++) {
      const opening = Array.from({ length: requests }, () => this.#open(1, tokens + warmUpTokens));
      const sessions = await Promise.all(opening);
      try {
        await Promise.all(sessions.map((session) => session.next(warmUpTokens)));
        const startedMs = nowMs();
        const chunks = await Promise.all(sessions.map((session) => session.next(tokens)));
        const produced = chunks.reduce((sum, chunk) => sum + chunk.tokens.length, 0);
        if (produced > 0) rates.push(produced / ((nowMs() - startedMs) / 1000));
      } finally {
        for (const session of sessions) session.destroy();
      }
    }
    return { requests, tokens, ...describeRates(rates) };
  }

  async countToken(): Promise<TokenCounters> {
    let counts = this.#watched.counts;
    let tokens = 1;
    const depth = this.#clampDepth(countedDepth, warmUpTokens + watchedTokens);
    await this.#generate(depth + 1, warmUpTokens + watchedTokens, async (session) => {
      await session.next(warmUpTokens);
      this.#watched.reset('commands');
      tokens = Math.max(1, (await session.next(watchedTokens)).tokens.length);
      counts = this.#watched.counts;
      this.#watched.reset('host');
    });
    return {
      dispatchesPerToken: counts.dispatches / tokens,
      submitsPerToken: counts.submits / tokens,
      buffersCreatedPerToken: counts.buffersCreated / tokens,
      bindGroupsCreatedPerToken: counts.bindGroupsCreated / tokens,
      queueWritesPerToken: counts.queueWrites / tokens,
      readBackBytesPerToken: counts.readBackBytes / tokens,
      weightBytesPerToken: (await this.#model.counters()).weightBytesPerToken,
    };
  }

  async profile(): Promise<ModelProfile> {
    try {
      const phases: PhaseProfile[] = [await this.#profilePrefill()];
      for (const depth of this.#options.depths) phases.push(await this.#profileDecode(depth));
      return { refused: null, phases };
    } catch (error) {
      if (!(error instanceof ProfileError)) throw error;
      return { refused: { code: error.code, message: error.message } };
    }
  }

  async #profilePrefill(): Promise<PhaseProfile> {
    const tokens = Math.min(this.#options.prefillTokens, this.#contextLength - 1);
    this.#watched.reset('timestamps');
    // A prompt of one token more: the last one belongs to decode.
    const session = await this.#open(tokens, 1);
    try {
      return await this.#take('prefill', tokens - 1, tokens - 1);
    } finally {
      session.destroy();
    }
  }

  async #profileDecode(wantedDepth: number): Promise<PhaseProfile> {
    const wanted = Math.min(watchedTokens, this.#contextLength - warmUpTokens - 1);
    const depth = this.#clampDepth(wantedDepth, wanted + warmUpTokens);
    let phase: PhaseProfile | undefined;
    await this.#generate(depth + 1, wanted + warmUpTokens, async (session) => {
      await session.next(warmUpTokens);
      this.#watched.reset('timestamps');
      const { tokens } = await session.next(wanted);
      phase = await this.#take('decode', tokens.length, depth + warmUpTokens + tokens.length);
    });
    if (phase === undefined) throw new RangeError('nothing was decoded');
    return { ...phase, depth };
  }

  async #take(phase: PhaseProfile['phase'], tokens: number, endPosition: number): Promise<PhaseProfile> {
    const times = await this.#watched.takeTimes();
    const { description } = this.#model;
    const { cacheBytes } = await this.#model.counters();
    const kernels = summariseKernelTimes(times, {
      tokens,
      endPosition,
      cacheBytesPerPosition: cacheBytes / description.contextLength / description.layerCount,
      attentionWidth: description.embeddingLength,
      copyBytesPerSecond: this.#environment.copyBytesPerSecond,
    });
    return { phase, tokens, depth: 0, kernels };
  }

  /** Depth 0 is a prompt of one token. */
  #clampDepth(wanted: number, following: number): number {
    return Math.max(0, Math.min(wanted, this.#contextLength - following - 1));
  }

  async #generateEach(
    depth: number,
    maxTokens: number,
    count: number,
    use: (session: GenerationSession) => Promise<void>,
  ): Promise<void> {
    for (let index = 0; index < count; index++) await this.#generate(depth + 1, maxTokens, use);
  }

  async #generate(
    promptLength: number,
    maxTokens: number,
    use: (session: GenerationSession) => Promise<void>,
  ): Promise<void> {
    const session = await this.#open(promptLength, maxTokens);
    try {
      await use(session);
    } finally {
      session.destroy();
    }
  }

  #open(promptLength: number, maxTokens: number): Promise<GenerationSession> {
    const { vocabularySize } = this.#model.description;
    // Another prompt each time from its first token on: a prefix that is still in the cache would be prefilled for nothing.
    this.#opened += 1;
    const first = this.#opened;
    const promptTokens = Array.from({ length: promptLength }, (_, index) => (index * 7919 + first) % vocabularySize);
    return this.#model.openGeneration({ promptTokens, maxTokens, sampling: { temperature: 0, seed: 0 } });
  }
}

function describeRates(rates: readonly number[]): Rate {
  const sorted = rates.toSorted((one, other) => one - other);
  return {
    tokensPerSecond: sorted[Math.floor(sorted.length / 2)] ?? 0,
    slowest: sorted[0] ?? 0,
    fastest: sorted.at(-1) ?? 0,
    repetitions: rates.length,
  };
}

function summarise({ description }: LanguageModel): ModelBenchResult['model'] {
  const { name, architecture, parameterCount, layerCount, tensorTypes, weightBytes, contextLength } = description;
  const { cacheType, matrices, matricesReason, vectors } = description;
  return {
    name,
    architecture,
    parameterCount,
    layerCount,
    tensorTypes,
    weightBytes,
    contextLength,
    cacheType,
    matrices,
    matricesReason,
    vectors,
  };
}
