import type { SamplingRules } from '../sampling/sampling-rules.ts';
import type { PromptLookup } from '../speculation/prompt-lookup.ts';

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
  /** Rows submitted whose tokens may be accepted, and those that were. */
  submitted: number;
  accepted: number;
}

/** What a sequence may be asked beside its tokens. */
export interface SequenceOptions {
  /** Likeliest tokens to report with each; left out: no logarithms at all. */
  readonly alternatives?: number;
  /** Drafts of what comes next; left out: tokens are decoded one by one. */
  readonly lookup?: PromptLookup;
}

/** One sequence of tokens and what of it is on the GPU. Owned by the scheduler. */
export class Sequence {
  /** Prompt and accepted output. */
  readonly tokens: number[];
  readonly rules: SamplingRules;
  /** Likeliest tokens to report with each; undefined: no logarithms at all. */
  readonly alternatives: number | undefined;
  readonly lookup: PromptLookup | undefined;
  /** Pages in the order of positions; the first may be shared. */
  pages: number[] = [];
  slot: number | undefined;
  /** Positions whose keys and values are in the pages, or will be by what is submitted. */
  cached = 0;
  /** Steps submitted whose ids have not come back. */
  inFlight = 0;
  /** A draft is being checked: what the next position is depends on it. */
  isVerifying = false;
  demand: Demand | undefined;
  /** Never taken its pages from while someone reads through it. */
  isPinned = false;
  isClosed = false;
  lastUse = 0;

  constructor(tokens: readonly number[], rules: SamplingRules, { alternatives, lookup }: SequenceOptions = {}) {
    this.tokens = [...tokens];
    this.rules = rules;
    this.alternatives = alternatives;
    this.lookup = lookup;
  }

  /** Position of the token whose successor is decoded next. */
  get nextPosition(): number {
    return this.tokens.length - 1 + this.inFlight;
  }

  get needsPrefill(): boolean {
    return this.inFlight === 0 && (this.slot === undefined || this.cached < this.tokens.length - 1);
  }
}
