// gap[p] = max_j score[j] - score[tokens[p + 1]] for each position p of a chunk whose successor is known: how far the emitted token
// was from being chosen, with the scores of sample.wgsl. 0 when it was the choice. One workgroup per token.
// logits: [chunk][vocabularySize]; gaps: [capacity]. Tolerance 1e-5 (float32). Host: worker/llm/kernels/replay-gap.ts
struct Sampling {
  vocabularySize: u32,
  sliceCount: u32,
  capacity: u32,
  seed: u32,
  isGreedy: u32,
  inverseTemperature: f32,
}
struct State {
  position: u32,
  count: u32,
  token: u32,
}
const LOWEST = -3.4028234e38;

@group(0) @binding(0) var<uniform> sampling: Sampling;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> tokens: array<u32>;
@group(0) @binding(4) var<storage, read_write> gaps: array<f32>;

var<workgroup> scores: array<f32, 64>;

fn scoreOf(t: u32, j: u32) -> f32 {
  let logit = logits[t * sampling.vocabularySize + j];
  if (sampling.isGreedy != 0u) {
    return logit;
  }
  return logit * sampling.inverseTemperature + gumbelNoise(sampling.seed, state.position + t + 1u, j);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let t = group.x;
  let position = state.position + t;
  if (t >= state.count || position + 1u >= sampling.capacity) {
    return;
  }
  var best = LOWEST;
  for (var j = index; j < sampling.vocabularySize; j += 64u) {
    best = max(best, scoreOf(t, j));
  }
  scores[index] = best;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      scores[index] = max(scores[index], scores[index + half]);
    }
  }
  if (index == 0u) {
    gaps[position] = scores[0] - scoreOf(t, tokens[position + 1u]);
  }
}
