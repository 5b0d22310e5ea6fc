import type { SamplingParameters } from '../messages.ts';
import { MAXIMUM_ALTERNATIVES } from './kernels/log-probability.ts';
import { LlmError } from './llm-error.ts';
import { MAXIMUM_DRAFT } from './speculation/prompt-lookup.ts';

/** Stop strings of a request, and their length. */
const STOP_LIMITS = { count: 16, characters: 256 } as const;

export interface GenerationRequest {
  /** Not empty; a task resumed elsewhere passes prompt and tokens so far, and continues with the same tokens. */
  readonly promptTokens: readonly number[];
  readonly maxTokens: number;
  readonly sampling: SamplingParameters;
  /** The answer ends before the first of these; at most 16 of at most 256 characters. */
  readonly stopStrings?: readonly string[];
  /** Report the logarithm of each token's probability, and this many (0..20) of the likeliest beside it. */
  readonly logProbabilities?: number;
  /**
   * Draft up to `maxTokens` (1..15) tokens by what followed when the last ones were seen before, and check them in one pass. The answer
   * is the same token for token; it pays where text repeats itself or its prompt. Off when left out.
   */
  readonly speculation?: { readonly maxTokens: number };
  /**
   * Tokens that this answer gave before it moved here: read with the prompt, counted in `maxTokens`, not given again. Text goes on where it
   * was, also in the middle of a character or of what may become a stop string.
   */
  readonly emittedTokens?: readonly number[];
}

/**
 * What can be said without the model.
 *
 * @throws LlmError INVALID_PARAMETER naming the field and its limit
 */
export function checkGenerationRequest(request: GenerationRequest): void {
  const { maxTokens, stopStrings = [], logProbabilities, speculation } = request;
  if (!Number.isSafeInteger(maxTokens) || maxTokens < 1) {
    throw invalid('maxTokens', maxTokens, 'it must be a whole number of at least 1');
  }
  if (logProbabilities !== undefined && !isIntegerWithin(logProbabilities, 0, MAXIMUM_ALTERNATIVES)) {
    throw invalid('logProbabilities', logProbabilities, `it must be a whole number in 0..${MAXIMUM_ALTERNATIVES}`);
  }
  if (speculation !== undefined && !isIntegerWithin(speculation.maxTokens, 1, MAXIMUM_DRAFT)) {
    const rule = `it must be a whole number in 1..${MAXIMUM_DRAFT}`;
    throw invalid('speculation.maxTokens', speculation.maxTokens, rule);
  }
  if (stopStrings.length > STOP_LIMITS.count) {
    throw invalid('stopStrings', stopStrings.length, `there may be at most ${STOP_LIMITS.count}`);
  }
  const longest = Math.max(0, ...stopStrings.map((text) => text.length));
  if (longest > STOP_LIMITS.characters) {
    throw invalid('stopStrings', longest, `each may have at most ${STOP_LIMITS.characters} characters`);
  }
}

function isIntegerWithin(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

function invalid(field: string, value: number, rule: string): LlmError {
  return new LlmError('INVALID_PARAMETER', `${field} is ${value}; ${rule}`, { data: { field, value } });
}
