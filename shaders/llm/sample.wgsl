// The next token, on the GPU: argmax over the vocabulary of score[j] = logit[j] * inverseTemperature + Gumbel(seed, position, j)
// (greedy: the logit alone), where position is that of the new token. Ties go to the lowest id, so that every adapter picks alike.
// `reduceSlices`: one workgroup per slice of the vocabulary -> best (score, id). `choose`: one workgroup over the slices -> the id goes
// to tokens[position + 1] and state.token, and state.position moves on: the next token's commands are the same commands.
// Host: worker/llm/kernels/sample.ts. Noise: counter-rng.wgsl.
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
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read_write> bestScores: array<f32>;
@group(0) @binding(4) var<storage, read_write> bestTokens: array<u32>;
@group(0) @binding(5) var<storage, read_write> tokens: array<u32>;

var<workgroup> scores: array<f32, 64>;
var<workgroup> ids: array<u32, 64>;

fn reduce(index: u32) {
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      let other = scores[index + half];
      let otherId = ids[index + half];
      if (other > scores[index] || (other == scores[index] && otherId < ids[index])) {
        scores[index] = other;
        ids[index] = otherId;
      }
    }
  }
}

@compute @workgroup_size(64)
fn reduceSlices(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  var best = LOWEST;
  var bestId = 0xffffffffu;
  for (var j = group.x * 64u + index; j < sampling.vocabularySize; j += sampling.sliceCount * 64u) {
    var score = logits[j];
    if (sampling.isGreedy == 0u) {
      score = score * sampling.inverseTemperature + gumbelNoise(sampling.seed, state.position + 1u, j);
    }
    if (score > best) {
      best = score;
      bestId = j;
    }
  }
  scores[index] = best;
  ids[index] = bestId;
  reduce(index);
  if (index == 0u) {
    bestScores[group.x] = scores[0];
    bestTokens[group.x] = ids[0];
  }
}

@compute @workgroup_size(64)
fn choose(@builtin(local_invocation_index) index: u32) {
  var best = LOWEST;
  var bestId = 0xffffffffu;
  for (var slice = index; slice < sampling.sliceCount; slice += 64u) {
    let score = bestScores[slice];
    let id = bestTokens[slice];
    if (score > best || (score == best && id < bestId)) {
      best = score;
      bestId = id;
    }
  }
  scores[index] = best;
  ids[index] = bestId;
  reduce(index);
  if (index == 0u) {
    // Only when no logit is a number: token 0 keeps the engine inside its buffers.
    let id = select(ids[0], 0u, ids[0] >= sampling.vocabularySize);
    let next = state.position + 1u;
    state.token = id;
    state.position = next;
    if (next < sampling.capacity) {
      tokens[next] = id;
    }
  }
}
