import { CACHE_TYPES, type CacheType, defaultCacheType } from './cache/cache-type.ts';
import type { MatrixChoice, VectorVariant } from '../messages.ts';
import { MATRIX_CHOICES } from './kernels/prompt-matrices.ts';
import { VECTOR_VARIANTS } from './kernels/integer-dot.ts';
import { LlmError } from './llm-error.ts';

export interface LoadOptions {
  /** Positions of one sequence at most (default 4096); never more than the model was trained for. */
  readonly contextLength?: number;
  /** Positions that all sequences share; at least one whole context, by default up to 8192 within 1 GiB. */
  readonly cacheTokens?: number;
  /** How keys and values are kept (default f16 on adapters with shader-f16, else f32); each works on every adapter. */
  readonly cacheType?: CacheType;
  /** Milliseconds of one submit: 8 while somebody uses the machine, 50 (the default) otherwise; Infinity never cuts. `LanguageModel.pace` changes it. */
  readonly sliceBudgetMs?: number;
  /**
   * Cut matrices by rows where one dispatch is longer than the budget. Off unless asked for: the clock of a software adapter is that of a busy
   * processor.
   */
  readonly cutsRows?: boolean;
  /** A monotonic clock, for the slice budget. */
  readonly nowMs?: () => number;
  /**
   * How matrices of prompts are multiplied. Left out, it is `f32` beside a cache of f32 (the numeric profile f32), and `auto` where keys and
   * values are rounded anyway (the profile f16): matrix units where they compute right numbers, else f32.
   */
  readonly matrices?: MatrixChoice;
  /**
   * How the weights of decoded tokens are multiplied: f32 (the default), or int8, which is within no numeric profile that nodes agree to.
   * With int8, `logits`, `score` and `replay` read their rows as decoding does; prompts of generations stay as `matrices` says.
   */
  readonly vectors?: VectorVariant;
  /** GPU memory that the model may take, its loading included; what needs more is refused before anything is allocated. */
  readonly budgetBytes?: number;
}

/** The way of matrices that these options ask for on an adapter with these features. */
export function matrixChoiceOf(features: { has(name: string): boolean }, options: LoadOptions): MatrixChoice {
  const cacheType = options.cacheType ?? defaultCacheType(features);
  return options.matrices ?? (cacheType === 'f32' ? 'f32' : 'auto');
}

/** @throws LlmError INVALID_PARAMETER */
export function checkOptions(options: LoadOptions): void {
  const { contextLength, cacheTokens, cacheType, sliceBudgetMs, budgetBytes, matrices, vectors } = options;
  for (const [field, value] of Object.entries({ contextLength, cacheTokens })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 2)) {
      throw new LlmError('INVALID_PARAMETER', `${field} is ${value}; it must be a whole number of at least 2`, {
        data: { field, value },
      });
    }
  }
  if (budgetBytes !== undefined && !(budgetBytes >= 0)) {
    throw new LlmError('INVALID_PARAMETER', `budgetBytes is ${budgetBytes}; it must be at least 0`, {
      data: { field: 'budgetBytes', value: budgetBytes },
    });
  }
  if (sliceBudgetMs !== undefined && !(sliceBudgetMs >= 1)) {
    throw new LlmError('INVALID_PARAMETER', `sliceBudgetMs is ${sliceBudgetMs}; it must be at least 1`, {
      data: { field: 'sliceBudgetMs', value: sliceBudgetMs },
    });
  }
  if (matrices !== undefined && !MATRIX_CHOICES.includes(matrices)) {
    throw new LlmError('INVALID_PARAMETER', `matrices is ${String(matrices)}; it can be ${MATRIX_CHOICES.join(', ')}`, {
      data: { field: 'matrices', value: String(matrices) },
    });
  }
  if (vectors !== undefined && !VECTOR_VARIANTS.includes(vectors)) {
    throw new LlmError('INVALID_PARAMETER', `vectors is ${String(vectors)}; it can be ${VECTOR_VARIANTS.join(', ')}`, {
      data: { field: 'vectors', value: String(vectors) },
    });
  }
  if (cacheType !== undefined && !CACHE_TYPES.includes(cacheType)) {
    const known = CACHE_TYPES.join(', ');
    throw new LlmError('INVALID_PARAMETER', `cacheType is ${String(cacheType)}; it must be one of ${known}`, {
      data: { field: 'cacheType', value: String(cacheType) },
    });
  }
}
