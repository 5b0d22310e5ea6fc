/**
 * The GPU worker's message types: the one thing `main/` may know of this room. A request has an id and gets exactly one
 * reply with that id. Work is pulled, never pushed: the core asks for the next chunk only when it is paid for, so that
 * nothing is computed uncovered. All values survive structured clone; byte arrays are transferred.
 */
import type { ChatMessage, ToolDefinition } from '../protocol/tasks.ts';
import type { SourceDescriptor } from './byte-source.ts';
import type { CacheType } from './llm/cache/cache-type.ts';
import type { MatrixVariant, VectorVariant } from './llm/product-variants.ts';
import type { ModelBenchOptions, ModelBenchResult } from './llm/profile/bench-result.ts';
import type { RenderSettings, SceneDescription, SceneEstimate, Tile, TileResult } from './render/scene-messages.ts';

export type {
  RenderSettings,
  SceneDescription,
  SceneEstimate,
  SceneRefusal,
  SceneView,
  Tile,
  TileResult,
} from './render/scene-messages.ts';
export type { MatrixChoice, MatrixVariant, VectorVariant } from './llm/product-variants.ts';
export type { DecodeRate, KernelTime, ModelBenchOptions, ModelBenchResult } from './llm/profile/bench-result.ts';

/** `real` refuses software adapters; `software` takes lavapipe or the embedded SwiftShader; otherwise a name to match. */
export type AdapterChoice = string;

export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** True for llvmpipe, SwiftShader and WARP: correct, slow, and never allowed to earn. */
  readonly isSoftware: boolean;
  readonly backend: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly subgroupSize: { readonly minimum: number; readonly maximum: number } | null;
}

/**
 * Which variant of a kernel family was fastest on an adapter. `key` names family, shape, adapter, driver, runtime and shader text;
 * with any of them changed the question is measured anew. Kept by the host between runs.
 */
export interface TuningRecord {
  readonly key: string;
  readonly choice: string;
}

/**
 * Whether kernel variants are measured: on `real` adapters only (a software adapter takes the defaults), `always`, or `never`, which
 * also passes over what was measured before.
 */
export type TuningMode = 'real' | 'always' | 'never';

/** Measured on this adapter, in this process; never looked up by name. */
export interface BenchmarkResult {
  readonly copyBytesPerSecond: number;
  readonly multiplyAddFlopsPerSecond: number;
  readonly dispatchMicroseconds: number;
  readonly durationMs: number;
}

/** How a model is loaded; see `LoadOptions` of the engine. */
export interface ModelLoadParameters {
  readonly contextLength?: number;
  readonly cacheType?: CacheType;
  readonly vectors?: VectorVariant;
  readonly budgetBytes?: number;
}

export interface ModelDescription {
  readonly name: string;
  readonly architecture: string;
  readonly parameterCount: number;
  readonly layerCount: number;
  readonly embeddingLength: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly feedForwardLength: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** How keys and values are kept. */
  readonly cacheType: CacheType;
  /** Tensor count by GGML type name, e.g. { Q8_0: 28, F32: 9 }. */
  readonly tensorTypes: Readonly<Record<string, number>>;
  readonly weightBytes: number;
  readonly bosToken: number | null;
  readonly eosToken: number | null;
  readonly chatTemplate: string | null;
  readonly matrices: MatrixVariant;
  /** Why not on the adapter's matrix units, where they were wished for. */
  readonly matricesReason: string | null;
  readonly vectors: VectorVariant;
}

/** Why a model does not load here, with the numbers. */
export interface MemoryRefusal {
  /** ADAPTER_LIMIT: one buffer or binding is larger than the adapter's limit. OUT_OF_MEMORY: the whole is over the budget. */
  readonly code: 'ADAPTER_LIMIT' | 'OUT_OF_MEMORY';
  readonly message: string;
  readonly neededBytes: number;
  readonly availableBytes: number;
}

/** Bytes of GPU buffers that loading a model takes, to the byte; what a driver adds for itself comes on top. */
export interface MemoryEstimate {
  /** Matrices as they lie on the GPU, and vectors. */
  readonly weightsBytes: number;
  /** Pages of keys and values that all requests share. */
  readonly cacheBytes: number;
  readonly activationsBytes: number;
  /** Of a scoring chunk, as the model gives them and after the sampling rules. */
  readonly logitsBytes: number;
  /** Token lists, page tables, rope tables, partial results, uniforms, read-backs. */
  readonly servingBytes: number;
  /** The sum of these: what a loaded model holds until it is unloaded. */
  readonly residentBytes: number;
  /** The most that is held while it loads: staging memory comes on top. */
  readonly peakBytes: number;
  readonly largestBufferBytes: number;
  /** Positions that all requests share. */
  readonly cacheTokens: number;
  /** As 'load-model' describes it. */
  readonly model: ModelDescription;
  /** Null when it fits. */
  readonly refusal: MemoryRefusal | null;
}

/** GPU memory that the worker holds for models, scenes and work in hand. */
export interface MemoryUse {
  readonly liveBytes: number;
  readonly liveCount: number;
  /** The most at once since the adapter was opened. */
  readonly peakBytes: number;
}

/** One turn of a conversation. Whoever runs models by hand may use roles that a task does not know, say `developer`. */
export interface ConversationMessage extends Omit<ChatMessage, 'role'> {
  readonly role: string;
}

/**
 * Greedy when `temperature` is 0, else Gumbel-max on a counter RNG keyed by (seed, absolute position, token id). What is left out is
 * off. The rules are applied in this order, that of llama.cpp: logit bias, penalties, top-k, top-p, min-p, temperature.
 */
export interface SamplingParameters {
  readonly temperature: number;
  /** Unsigned 32-bit. */
  readonly seed: number;
  /** Only the k likeliest tokens, and those equal to the last of them; 0 is off. */
  readonly topK?: number;
  /** The fewest likeliest tokens that hold this share of the probability, (0, 1]; 1 is off. */
  readonly topP?: number;
  /** Only tokens at least this fraction as likely as the likeliest, [0, 1]; 0 is off. */
  readonly minP?: number;
  /** Logits of tokens among the last `penaltyTokens` are divided (if positive) or multiplied by it; 1 is off. */
  readonly repetitionPenalty?: number;
  /** Subtracted from the logit of a token that occurs among the last `penaltyTokens`. */
  readonly presencePenalty?: number;
  /** Subtracted once for each occurrence among the last `penaltyTokens`. */
  readonly frequencyPenalty?: number;
  /** How far penalties look back, prompt included; 64 when left out. */
  readonly penaltyTokens?: number;
  /** Added to the logits of these token ids; each id at most once. */
  readonly logitBias?: readonly { readonly token: number; readonly bias: number }[];
}

/** Natural logarithms of probabilities as the model gives them, before sampling rules. */
export interface TokenLogProbability {
  readonly token: number;
  readonly logProbability: number;
  /** The likeliest tokens at that place, best first. */
  readonly alternatives: readonly { readonly token: number; readonly logProbability: number }[];
}

export interface GenerationChunk {
  readonly tokens: readonly number[];
  /** Text completed by these tokens; bytes of an unfinished UTF-8 sequence wait for the next chunk. */
  readonly text: string;
  readonly finished: 'stop' | 'length' | null;
  /** One for each token, where the generation asked for them. */
  readonly logProbabilities?: readonly TokenLogProbability[];
  /** Drafted tokens that were checked for this chunk, and those that came true; where the generation asked for drafts. */
  readonly drafts?: { readonly checked: number; readonly accepted: number };
  readonly durationMs: number;
}

/** One emitted token against a replay: `gap` = best score - emitted score, score = logit/T + Gumbel noise (T=1, no noise when greedy). */
export interface ReplayResult {
  readonly gaps: readonly number[];
  readonly durationMs: number;
}

/** Every request the worker answers: kind -> [parameters, result]. */
export interface WorkerCalls {
  /** Asks for the adapter and device once; later calls need it. */
  'open-adapter': [
    {
      adapter: AdapterChoice;
      /** What the host kept of earlier 'tuning' events; records that are malformed or too many are left out. */
      tuningRecords?: readonly TuningRecord[];
      /** `real` when left out. */
      tuningMode?: TuningMode;
    },
    AdapterDescription,
  ];
  benchmark: [Record<string, never>, BenchmarkResult];
  /** Loads a model of its own, measures it and frees it; nothing else should run meanwhile. Takes seconds to minutes. */
  'bench-model': [
    { source: SourceDescriptor; copyBytesPerSecond: number; options: ModelBenchOptions },
    ModelBenchResult,
  ];
  /** Refuses with OUT_OF_MEMORY what takes more than `budgetBytes` of GPU memory, before anything is allocated. */
  'load-model': [{ modelId: string; source: SourceDescriptor } & ModelLoadParameters, ModelDescription];
  /** What the same 'load-model' would allocate on the open adapter, from the file's header alone. */
  'estimate-model': [{ source: SourceDescriptor } & ModelLoadParameters, MemoryEstimate];
  memory: [Record<string, never>, MemoryUse];
  'unload-model': [{ modelId: string }, null];
  tokenize: [{ modelId: string; text: string; addBos: boolean }, { tokens: number[] }];
  detokenize: [{ modelId: string; tokens: number[] }, { text: string }];
  /**
   * Applies the model's chat template, or joins the contents where it has none; returns prompt tokens with BOS as the model wants. Tools are
   * refused where the template does not write them. `clockSeconds` (UTC): what the template's clock shows; now when left out.
   */
  'encode-chat': [
    {
      modelId: string;
      messages: readonly ConversationMessage[];
      tools?: readonly ToolDefinition[];
      clockSeconds?: number;
    },
    { tokens: number[] },
  ];
  /** Row-major [tokens.length][vocabularySize]. */
  logits: [{ modelId: string; tokens: number[] }, { logits: Float32Array<ArrayBuffer>; vocabularySize: number }];
  'open-generation': [
    {
      sessionId: string;
      modelId: string;
      promptTokens: number[];
      maxTokens: number;
      sampling: SamplingParameters;
      /** The answer ends before the first of these. */
      stopStrings?: string[];
      /** Report logarithms of probabilities, and this many of the likeliest tokens beside each. */
      logProbabilities?: number;
      /** Draft up to `maxTokens` (1..15) tokens by repetition and check them in one pass: the same answer in fewer passes. */
      speculation?: { readonly maxTokens: number };
      /** Tokens that this answer gave already, before its process went: read with the prompt, part of `maxTokens`, not given again. */
      emittedTokens?: number[];
      sliceTargetMs?: number;
    },
    { prefillMs: number },
  ];
  /** Logarithm of the probability of each token but the first after those before it. */
  score: [{ modelId: string; tokens: number[] }, { logProbabilities: Float32Array<ArrayBuffer> }];
  /** Hidden states after the final norm, pooled, of Euclidean length 1. */
  embed: [
    { modelId: string; tokens: number[]; pooling: 'mean' | 'last' | 'cls' },
    { embedding: Float32Array<ArrayBuffer> },
  ];
  /** `sliceTargetMs` as in 'render-tile'; holds for the whole model until another call says otherwise. */
  'next-tokens': [{ sessionId: string; maxTokens: number; sliceTargetMs?: number }, GenerationChunk];
  'close-generation': [{ sessionId: string }, null];
  replay: [
    { modelId: string; promptTokens: number[]; outputTokens: number[]; sampling: SamplingParameters },
    ReplayResult,
  ];
  /** `environment`: a .hdr or .exr that takes the place of the scene's constant background. */
  'load-scene': [
    { sceneId: string; source: SourceDescriptor; settings: RenderSettings; environment?: SourceDescriptor },
    SceneDescription,
  ];
  /** What the same 'load-scene' would allocate on the open adapter, and rendering tiles of so many pixels. */
  'estimate-scene': [
    {
      source: SourceDescriptor;
      environment?: SourceDescriptor;
      settings: RenderSettings;
      tilePixels: number;
      budgetBytes?: number;
    },
    SceneEstimate,
  ];
  /** `sliceTargetMs`, 1..1000: how long one submit may keep the GPU from its owner; 50 when not said. */
  'render-tile': [
    { sceneId: string; tile: Tile; firstSample: number; sampleCount: number; sliceTargetMs?: number },
    TileResult,
  ];
  /** What the samples meet first; its `sums` have 8 float32 per pixel: albedo and depth, normal and hits. */
  'render-guides': [
    { sceneId: string; tile: Tile; firstSample: number; sampleCount: number; sliceTargetMs?: number },
    TileResult,
  ];
  /**
   * Smooths a finished picture. `color`: 4 float32 per pixel, linear R, G, B and the variance of the mean's luminance; `guides`: 8,
   * means of what 'render-guides' gives, with the share of hits. Returns 4 per pixel; the fourth is of no use.
   */
  denoise: [
    {
      widthPixels: number;
      heightPixels: number;
      color: Float32Array<ArrayBuffer>;
      guides: Float32Array<ArrayBuffer>;
    },
    { color: Float32Array<ArrayBuffer> },
  ];
  'unload-scene': [{ sceneId: string }, null];
  /** Frees models, scenes and sessions; the process stays. */
  release: [Record<string, never>, null];
}

export type WorkerCallKind = keyof WorkerCalls;
export type WorkerParameters<K extends WorkerCallKind> = WorkerCalls[K][0];
export type WorkerResult<K extends WorkerCallKind> = WorkerCalls[K][1];

export type WorkerRequest = {
  [K in WorkerCallKind]: { readonly id: number; readonly kind: K; readonly parameters: WorkerParameters<K> };
}[WorkerCallKind];

/** `code` is stable and `data` holds the numbers (needed, available, offset); `message` is a whole sentence. */
export interface WorkerErrorShape {
  readonly code: string;
  readonly message: string;
  readonly data?: Readonly<Record<string, string | number | boolean | null>>;
}

export type WorkerReply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WorkerErrorShape };

/** Sent without being asked. */
export type WorkerEvent =
  | { readonly event: 'ready' }
  /** The device stays lost, and everything on it: `open-adapter` may get another. */
  | { readonly event: 'device-lost'; readonly reason: string; readonly message: string }
  /** It was lost (`message` says why) and is back with all models, scenes and answers; nothing has to be done. */
  | { readonly event: 'device-recovered'; readonly description: AdapterDescription; readonly message: string }
  /** All that was measured on this host's adapters so far; takes the place of what the host kept. */
  | { readonly event: 'tuning'; readonly records: readonly TuningRecord[] };

export type WorkerOutbound = WorkerReply | WorkerEvent;
