/** The rules of shaders/llm/sample-filter.wgsl in float64: what a checker without a GPU computes, and what the shader is tested against. */
import { gumbelNoise } from './counter-rng.ts';
import type { SamplingRules } from './sampling-rules.ts';

/** Logits with bias and penalties; `tokens` are all tokens before the new one. */
export function adjustLogits(logits: ArrayLike<number>, tokens: readonly number[], rules: SamplingRules): Float64Array {
  const adjusted = Float64Array.from(logits);
  for (const { token, bias } of rules.logitBias) adjusted[token] = (adjusted[token] ?? NaN) + bias;
  const counts = new Map<number, number>();
  for (const token of rules.penaltyTokens === 0 ? [] : tokens.slice(-rules.penaltyTokens)) {
    counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  for (const [token, count] of counts) {
    const logit = adjusted[token] ?? NaN;
    const scaled = logit <= 0 ? logit * rules.repetitionPenalty : logit / rules.repetitionPenalty;
    adjusted[token] = scaled - count * rules.frequencyPenalty - rules.presencePenalty;
  }
  return adjusted;
}

/** The lowest adjusted logit that top-k, top-p and min-p leave in; logits equal to it stay in. */
export function filterThreshold(adjusted: ArrayLike<number>, rules: SamplingRules): number {
  if (!rules.isFiltered) return -Infinity;
  const sorted = Float64Array.from(adjusted).toSorted((a, b) => b - a);
  const highest = sorted[0] ?? 0;
  let threshold = -Infinity;
  if (rules.topK > 0 && rules.topK < sorted.length) threshold = sorted[rules.topK - 1] ?? -Infinity;
  if (rules.topP < 1) {
    const kept = sorted.filter((logit) => logit >= threshold);
    const total = kept.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
    let mass = 0;
    for (const logit of kept) {
      mass += Math.exp(logit - highest);
      if (mass >= rules.topP * total) {
        threshold = Math.max(threshold, logit);
        break;
      }
    }
  }
  if (rules.minP > 0) threshold = Math.max(threshold, highest + Math.log(rules.minP));
  return threshold;
}

/** The token that the sampler takes at absolute position `tokens.length`. */
export function sampleToken(logits: ArrayLike<number>, tokens: readonly number[], rules: SamplingRules): number {
  const adjusted = adjustLogits(logits, tokens, rules);
  const threshold = filterThreshold(adjusted, rules);
  let best = -Infinity;
  let chosen = 0;
  adjusted.forEach((logit, token) => {
    if (!(logit >= threshold)) return;
    const noise = rules.temperature === 0 ? 0 : gumbelNoise(rules.seed, tokens.length, token);
    const score = rules.temperature === 0 ? logit : logit / rules.temperature + noise;
    if (score > best) {
      best = score;
      chosen = token;
    }
  });
  return chosen;
}
