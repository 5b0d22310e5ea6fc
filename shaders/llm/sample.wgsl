// The next token of each row, on the GPU: argmax over the vocabulary of score[j] * inverseTemperature + Gumbel(seed, position, j)
// (greedy: the score alone), where position is that of the new token and score is the logit after the slot's rules (sample-filter.wgsl).
// Ties go to the lowest id, so that every adapter picks alike.
// `reduceSlices`: one workgroup per (slice of the vocabulary, row) -> best (score, id). `choose`: one workgroup per row over its slices ->
// the id goes to ids[row] and tokens[slot][position + 1], and the row's position moves on: the next token's commands are the same commands.
// Needs sampling-buffers.wgsl and counter-rng.wgsl in front. Host: worker/llm/kernels/sample.ts
@group(0) @binding(0) var<uniform> vocabulary: Vocabulary;
@group(0) @binding(1) var<storage, read> rules: array<Rules>;
@group(0) @binding(2) var<storage, read_write> rows: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read> adjusted: array<f32>;
@group(0) @binding(5) var<storage, read> thresholds: array<f32>;
// (score, id) [row][slices].
@group(0) @binding(6) var<storage, read_write> best: array<vec2<u32>>;
@group(0) @binding(7) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(8) var<storage, read_write> ids: array<u32>;

var<workgroup> scores: array<f32, 64>;
var<workgroup> bestIds: array<u32, 64>;

fn reduce(index: u32) {
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      let other = scores[index + half];
      let otherId = bestIds[index + half];
      if (other > scores[index] || (other == scores[index] && otherId < bestIds[index])) {
        scores[index] = other;
        bestIds[index] = otherId;
      }
    }
  }
}

@compute @workgroup_size(64)
fn reduceSlices(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.y;
  let slot = rows[2u * row];
  let position = rows[2u * row + 1u];
  let rule = rules[slot];
  let base = row * vocabulary.size;
  let threshold = select(LOWEST, thresholds[row], rule.isFiltered != 0u);
  var highest = LOWEST;
  var id = 0xffffffffu;
  for (var j = group.x * 64u + index; j < vocabulary.size; j += vocabulary.sliceCount * 64u) {
    var score = logits[base + j];
    if (rule.isAdjusted != 0u) {
      score = adjusted[base + j];
    }
    if (score < threshold) {
      continue;
    }
    if (rule.isGreedy == 0u) {
      score = score * rule.inverseTemperature + gumbelNoise(rule.seed, position + 1u, j);
    }
    if (score > highest) {
      highest = score;
      id = j;
    }
  }
  scores[index] = highest;
  bestIds[index] = id;
  reduce(index);
  if (index == 0u) {
    best[row * vocabulary.sliceCount + group.x] = vec2<u32>(bitcast<u32>(scores[0]), bestIds[0]);
  }
}

@compute @workgroup_size(64)
fn choose(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.x;
  var highest = LOWEST;
  var id = 0xffffffffu;
  for (var slice = index; slice < vocabulary.sliceCount; slice += 64u) {
    let entry = best[row * vocabulary.sliceCount + slice];
    let score = bitcast<f32>(entry.x);
    if (score > highest || (score == highest && entry.y < id)) {
      highest = score;
      id = entry.y;
    }
  }
  scores[index] = highest;
  bestIds[index] = id;
  reduce(index);
  if (index == 0u) {
    // Only when no logit is a number: token 0 keeps the engine inside its buffers.
    let chosen = select(bestIds[0], 0u, bestIds[0] >= vocabulary.size);
    let next = rows[2u * row + 1u] + 1u;
    ids[row] = chosen;
    rows[2u * row + 1u] = next;
    if (next < vocabulary.capacity) {
      tokens[rows[2u * row] * vocabulary.capacity + next] = chosen;
    }
  }
}
