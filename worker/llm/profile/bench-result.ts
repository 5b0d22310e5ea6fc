import type { CacheType } from '../cache/cache-type.ts';
import type { MatrixChoice, MatrixVariant, VectorVariant } from '../product-variants.ts';

/** Sizes of a model benchmark. Whatever does not fit the model's context is made smaller, and the result says so. */
export interface ModelBenchOptions {
  readonly prefillTokens: number;
  readonly decodeTokens: number;
  /** Positions in the cache before the first decoded token. */
  readonly depths: readonly number[];
  /** Requests decoded together, 1 to 16 of them, each from a prompt of one token. */
  readonly batches: readonly number[];
  /** Of each rate, after one warm-up; the median counts. */
  readonly repetitions: number;
  /** Times every kernel as well. */
  readonly profile: boolean;
  /** How matrices of prompts are multiplied; `auto` when left out. */
  readonly matrices?: MatrixChoice;
  /** How decoded tokens are multiplied; `f32` when left out. */
  readonly vectors?: VectorVariant;
  /** As in `LoadOptions`; left out, what a node has while nobody uses the machine. */
  readonly sliceBudgetMs?: number;
}

export interface Rate {
  readonly tokensPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
  readonly repetitions: number;
}

export interface PrefillRate extends Rate {
  readonly wantedTokens: number;
  readonly tokens: number;
}

export interface DecodeRate extends Rate {
  readonly wantedDepth: number;
  readonly depth: number;
  readonly tokens: number;
  /** From the creation of an encoder to the return of its submit, on the worker's thread. */
  readonly hostMicrosecondsPerToken: number;
}

/** Tokens of all requests together per second. */
export interface BatchRate extends Rate {
  readonly requests: number;
  /** Of each request. */
  readonly tokens: number;
}

/** Counted on the device itself while tokens were decoded behind 128 others, or what the context holds; not declared by the model. */
export interface TokenCounters {
  readonly dispatchesPerToken: number;
  readonly submitsPerToken: number;
  readonly buffersCreatedPerToken: number;
  readonly bindGroupsCreatedPerToken: number;
  readonly queueWritesPerToken: number;
  readonly readBackBytesPerToken: number;
  /** The model's own figure. */
  readonly weightBytesPerToken: number;
}

/** All dispatches of a kernel, layers together. Rates are null where what it moves is not known from its bindings. */
export interface KernelTime {
  readonly kernel: string;
  readonly dispatches: number;
  readonly microseconds: number;
  /** Of the time of all kernels. */
  readonly share: number;
  readonly bytes: number | null;
  readonly flops: number | null;
  readonly bytesPerSecond: number | null;
  /** Bytes per second against the measured copy, which counts read and write. */
  readonly shareOfCopy: number | null;
  readonly flopsPerSecond: number | null;
}

export interface PhaseProfile {
  readonly phase: 'prefill' | 'decode';
  readonly tokens: number;
  readonly depth: number;
  /** One row per kernel for all these tokens, slowest first. */
  readonly kernels: readonly KernelTime[];
}

export type ModelProfile =
  | { readonly refused: null; readonly phases: readonly PhaseProfile[] }
  | { readonly refused: { readonly code: string; readonly message: string } };

/** A matrix of a format times one token, both ways. */
export interface VectorComparison {
  readonly format: string;
  readonly rows: number;
  readonly columns: number;
  /** What each reads at least. */
  readonly weightBytes: number;
  readonly microseconds: Readonly<Record<VectorVariant, number>>;
}

export interface ModelBenchResult {
  readonly model: {
    readonly name: string;
    readonly architecture: string;
    readonly parameterCount: number;
    readonly layerCount: number;
    readonly tensorTypes: Readonly<Record<string, number>>;
    readonly weightBytes: number;
    readonly contextLength: number;
    readonly cacheType: CacheType;
    readonly matrices: MatrixVariant;
    readonly matricesReason: string | null;
    readonly vectors: VectorVariant;
  };
  readonly loadMs: number;
  readonly prefill: PrefillRate;
  readonly decode: readonly DecodeRate[];
  readonly batches: readonly BatchRate[];
  readonly counters: TokenCounters;
  /** The model's formats that have both, at the size of its feed-forward matrices; empty where the adapter has no integer dot products. */
  readonly vectorKernels: readonly VectorComparison[];
  /** Null when it was not asked for. */
  readonly profile: ModelProfile | null;
}
