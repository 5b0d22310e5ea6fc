import type { SamplingParameters } from '../../messages.ts';
import { LlmError } from '../llm-error.ts';

/** Bytes of the Rules struct of shaders/llm/sampling-buffers.wgsl. */
export const RULES_BYTES = 64;

/** Entries of logit bias that a request may have. */
export const BIAS_CAPACITY = 1024;

/** How far penalties look back at most, and where the caller does not say. */
const PENALTY_TOKENS = { maximum: 1024, fallback: 64 } as const;

/** Sampling parameters with everything said: what is off has the value that changes nothing. */
export interface SamplingRules {
  readonly seed: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** 0 when no penalty is set. */
  readonly penaltyTokens: number;
  readonly logitBias: readonly { readonly token: number; readonly bias: number }[];
  /** Bias or penalties change the logits. */
  readonly isAdjusted: boolean;
  /** Top-k, top-p or min-p remove tokens; never when greedy, where the best token stays in anyway. */
  readonly isFiltered: boolean;
}

interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

const RANGES = {
  topK: { minimum: 0, maximum: 0xffffffff },
  minP: { minimum: 0, maximum: 1 },
  repetitionPenalty: { minimum: 0.01, maximum: 100 },
  presencePenalty: { minimum: -100, maximum: 100 },
  frequencyPenalty: { minimum: -100, maximum: 100 },
  penaltyTokens: { minimum: 0, maximum: PENALTY_TOKENS.maximum },
} as const satisfies Record<string, Range>;

/** @throws LlmError INVALID_PARAMETER naming the field, its value and its range; TOKEN_OUT_OF_RANGE for a bias. */
export function readSamplingRules(parameters: SamplingParameters, vocabularySize: number): SamplingRules {
  const { temperature, seed } = parameters;
  if (!(temperature === 0 || (temperature >= 0.01 && temperature <= 100))) {
    throw invalid('temperature', temperature, 'it must be 0 (greedy) or 0.01..100');
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw invalid('seed', seed, 'it must be an unsigned 32-bit integer');
  }
  const read = (field: keyof typeof RANGES, fallback: number): number => {
    const value = parameters[field] ?? fallback;
    const { minimum, maximum } = RANGES[field];
    const isWhole = field === 'topK' || field === 'penaltyTokens';
    if (!(value >= minimum && value <= maximum) || (isWhole && !Number.isInteger(value))) {
      throw invalid(field, value, `it must be ${isWhole ? 'a whole number in ' : ''}${minimum}..${maximum}`);
    }
    return value;
  };
  const topP = parameters.topP ?? 1;
  if (!(topP > 0 && topP <= 1)) throw invalid('topP', topP, 'it must be above 0 and at most 1');
  const repetitionPenalty = read('repetitionPenalty', 1);
  const presencePenalty = read('presencePenalty', 0);
  const frequencyPenalty = read('frequencyPenalty', 0);
  const penaltyTokens = read('penaltyTokens', PENALTY_TOKENS.fallback);
  const penalises = repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
  const topK = read('topK', 0);
  const minP = read('minP', 0);
  const logitBias = readBias(parameters.logitBias ?? [], vocabularySize);
  return {
    seed,
    temperature,
    topK,
    topP,
    minP,
    repetitionPenalty,
    presencePenalty,
    frequencyPenalty,
    penaltyTokens: penalises ? penaltyTokens : 0,
    logitBias,
    isAdjusted: logitBias.length > 0 || (penalises && penaltyTokens > 0),
    isFiltered: temperature !== 0 && (topK > 0 || topP < 1 || minP > 0),
  };
}

function readBias(
  logitBias: NonNullable<SamplingParameters['logitBias']>,
  vocabularySize: number,
): SamplingRules['logitBias'] {
  if (logitBias.length > BIAS_CAPACITY) {
    throw invalid('logitBias', logitBias.length, `it may have at most ${BIAS_CAPACITY} entries`);
  }
  const seen = new Set<number>();
  for (const { token, bias } of logitBias) {
    if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
      throw new LlmError(
        'TOKEN_OUT_OF_RANGE',
        `logitBias names token ${token}, which is not in the vocabulary of 0..${vocabularySize - 1}`,
        { data: { field: 'logitBias', value: token, limit: vocabularySize - 1 } },
      );
    }
    if (!(bias >= -1000 && bias <= 1000)) throw invalid('logitBias', bias, `of token ${token} must be in -1000..1000`);
    if (seen.has(token)) throw invalid('logitBias', token, 'is named twice; each token may have one bias');
    seen.add(token);
  }
  return logitBias;
}

/** The Rules struct of a slot. */
export function packSamplingRules(rules: SamplingRules): ArrayBuffer {
  const bytes = new ArrayBuffer(RULES_BYTES);
  const integers = new Uint32Array(bytes);
  const floats = new Float32Array(bytes);
  const isGreedy = rules.temperature === 0;
  integers[0] = rules.seed;
  integers[1] = isGreedy ? 1 : 0;
  floats[2] = isGreedy ? 1 : 1 / rules.temperature;
  integers[3] = rules.topK;
  floats[4] = rules.topP;
  floats[5] = rules.minP > 0 && rules.minP < 1 ? Math.log(rules.minP) : rules.minP === 1 ? -1e-7 : 0;
  floats[6] = rules.repetitionPenalty;
  floats[7] = rules.presencePenalty;
  floats[8] = rules.frequencyPenalty;
  integers[9] = rules.penaltyTokens;
  integers[10] = rules.logitBias.length;
  integers[11] = rules.isAdjusted ? 1 : 0;
  integers[12] = rules.isFiltered ? 1 : 0;
  return bytes;
}

/** (token, bias) pairs as the kernels read them. */
export function packBiases(rules: SamplingRules): ArrayBuffer {
  const bytes = new ArrayBuffer(rules.logitBias.length * 8);
  const integers = new Uint32Array(bytes);
  const floats = new Float32Array(bytes);
  rules.logitBias.forEach(({ token, bias }, index) => {
    integers[index * 2] = token;
    floats[index * 2 + 1] = bias;
  });
  return bytes;
}

function invalid(field: string, value: number, rule: string): LlmError {
  return new LlmError('INVALID_PARAMETER', `${field} is ${value}; ${rule}`, { data: { field, value } });
}
