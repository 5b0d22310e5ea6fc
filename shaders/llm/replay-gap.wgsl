// gap[t] = max_j value[j] - value[token that follows], for each row whose successor is known: how far the emitted token was from being
// chosen, with the values of sample.wgsl. 0 when it was the choice. Where the slot filters, a token within MARGIN of the cut may have
// been in or out for its maker: the best is taken of what is surely in, and a token surely out has at least its distance from the cut.
// One workgroup per row. gaps: [row]. Tolerance 1e-5 (float32). Needs sampling-buffers.wgsl and counter-rng.wgsl in front.
// Host: worker/llm/kernels/replay-gap.ts
@group(0) @binding(0) var<uniform> vocabulary: Vocabulary;
@group(0) @binding(1) var<storage, read> rules: array<Rules>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read> adjusted: array<f32>;
@group(0) @binding(5) var<storage, read> thresholds: array<f32>;
@group(0) @binding(6) var<storage, read> tokens: array<u32>;
@group(0) @binding(7) var<storage, read_write> gaps: array<f32>;

const MARGIN = 1e-3;
var<workgroup> values: array<f32, 64>;

fn scoreOf(row: u32, j: u32, rule: Rules) -> f32 {
  if (rule.isAdjusted != 0u) {
    return adjusted[row * vocabulary.size + j];
  }
  return logits[row * vocabulary.size + j];
}

fn valueOf(score: f32, position: u32, j: u32, rule: Rules) -> f32 {
  if (rule.isGreedy != 0u) {
    return score;
  }
  return score * rule.inverseTemperature + gumbelNoise(rule.seed, position + 1u, j);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.x;
  let slot = rows[2u * row];
  let position = rows[2u * row + 1u];
  if (position + 1u >= vocabulary.capacity) {
    return;
  }
  let rule = rules[slot];
  let threshold = select(LOWEST, thresholds[row], rule.isFiltered != 0u);
  var highest = LOWEST;
  for (var j = index; j < vocabulary.size; j += 64u) {
    let score = scoreOf(row, j, rule);
    if (rule.isFiltered == 0u || score >= threshold + MARGIN) {
      highest = max(highest, valueOf(score, position, j, rule));
    }
  }
  values[index] = highest;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      values[index] = max(values[index], values[index + half]);
    }
  }
  if (index == 0u) {
    let token = tokens[slot * vocabulary.capacity + position + 1u];
    let score = scoreOf(row, token, rule);
    var gap = max(values[0], LOWEST / 2.0) - valueOf(score, position, token, rule);
    if (rule.isFiltered != 0u) {
      gap = max(max(gap, 0.0), threshold - MARGIN - score);
    }
    gaps[row] = gap;
  }
}
