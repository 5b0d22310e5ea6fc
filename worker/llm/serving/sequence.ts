import type { SamplingRules } from '../sampling/sampling-rules.ts';

/** What one row of a step came to. */
export interface ChosenToken {
  readonly token: number;
  /** Natural logarithm of the probability the model gave it; only where the sequence asked for it. */
  readonly logProbability?: number;
  readonly alternatives?: readonly { readonly token: number; readonly logProbability: number }[];
}

/** Tokens asked of a sequence. `accept` is told each; false ends the demand there, and what is on its way is dropped. */
export interface Demand {
  readonly wanted: number;
  readonly accept: (chosen: ChosenToken) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  submitted: number;
  accepted: number;
}

/** One sequence of tokens and what of it is on the GPU. Owned by the scheduler. */
export class Sequence {
  /** Prompt and accepted output. */
  readonly tokens: number[];
  readonly rules: SamplingRules;
  /** Likeliest tokens to report with each; undefined: no logarithms at all. */
  readonly alternatives: number | undefined;
  /** Pages in the order of positions; the first may be shared. */
  pages: number[] = [];
  slot: number | undefined;
  /** Positions whose keys and values are in the pages, or will be by what is submitted. */
  cached = 0;
  /** Steps submitted whose ids have not come back. */
  inFlight = 0;
  demand: Demand | undefined;
  /** Never taken its pages from while someone reads through it. */
  isPinned = false;
  isClosed = false;
  lastUse = 0;

  constructor(tokens: readonly number[], rules: SamplingRules, alternatives?: number) {
    this.tokens = [...tokens];
    this.rules = rules;
    this.alternatives = alternatives;
  }

  /** Position of the token whose successor is decoded next. */
  get nextPosition(): number {
    return this.tokens.length - 1 + this.inFlight;
  }

  get needsPrefill(): boolean {
    return this.inFlight === 0 && (this.slot === undefined || this.cached < this.tokens.length - 1);
  }
}
