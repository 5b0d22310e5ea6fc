// Prepares the rows whose slot has rules beyond temperature: adjusted[t][j] = logits with bias and penalties, and thresholds[t] = the
// lowest score that top-k, top-p and min-p leave in. Scores equal to the last one kept are kept too, so that no order of equals is
// needed. One workgroup per row. The cut is found by radix selection over the bits of the scores, 8 bits a pass, with counts and
// probabilities as integers (units of 2^-31): the same on every adapter but for the exponential.
// logits, adjusted: [row][vocabulary]; tokens: [slot][capacity]; biases: (token, float bits) [slot][biasCapacity].
// Float64 twin: worker/llm/sampling/filter-logits.ts. Tolerance: 1e-4 of probability at the cut. Host: worker/llm/kernels/sample-filter.ts
@group(0) @binding(0) var<uniform> vocabulary: Vocabulary;
@group(0) @binding(1) var<storage, read> rules: array<Rules>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read> tokens: array<u32>;
@group(0) @binding(5) var<storage, read> biases: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read_write> adjusted: array<f32>;
@group(0) @binding(7) var<storage, read_write> thresholds: array<f32>;

const WIDTH = 256u;
var<workgroup> values: array<f32, WIDTH>;
var<workgroup> counts: array<atomic<u32>, 256>;
var<workgroup> masses: array<atomic<u32>, 256>;
// (prefix of the cut, what lies above it: count, mass; mass down to and with the cut).
var<workgroup> cut: vec4<u32>;

fn scoreAt(base: u32, j: u32, isAdjusted: bool) -> f32 {
  if (isAdjusted) {
    return adjusted[base + j];
  }
  return logits[base + j];
}

fn penalise(slot: u32, position: u32, base: u32, rule: Rules, index: u32) {
  let length = min(rule.penaltyTokens, position + 1u);
  let start = slot * vocabulary.capacity + position + 1u - length;
  for (var i = index; i < length; i += WIDTH) {
    let token = tokens[start + i];
    var count = 0u;
    var isFirst = token < vocabulary.size;
    for (var k = 0u; k < length; k++) {
      if (tokens[start + k] == token) {
        isFirst = isFirst && k >= i;
        count += 1u;
      }
    }
    if (isFirst) {
      var score = adjusted[base + token];
      score = select(score / rule.repetitionPenalty, score * rule.repetitionPenalty, score <= 0.0);
      adjusted[base + token] = score - f32(count) * rule.frequencyPenalty - rule.presencePenalty;
    }
  }
}

fn addBiases(slot: u32, base: u32, rule: Rules, index: u32) {
  for (var i = index; i < rule.biasCount; i += WIDTH) {
    let entry = biases[slot * vocabulary.biasCapacity + i];
    adjusted[base + entry.x] += bitcast<f32>(entry.y);
  }
}

// The tree has one order, so that the sum is the same however wide the adapter is.
fn reduceValues(index: u32, isSum: bool) {
  for (var half = vocabulary.width / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      values[index] = select(max(values[index], values[index + half]), values[index] + values[index + half], isSum);
    }
  }
  workgroupBarrier();
}

// The highest cut with at least `wantedCount` scores, or at least `wantedMass` of probability, at or above it.
fn selectCut(base: u32, isAdjusted: bool, highest: f32, massScale: f32, wantedCount: u32, wantedMass: u32, index: u32) {
  if (index == 0u) {
    cut = vec4<u32>(0u);
  }
  for (var pass0 = 0u; pass0 < vocabulary.passes; pass0++) {
    let shift = 24u - pass0 * 8u;
    atomicStore(&counts[index], 0u);
    atomicStore(&masses[index], 0u);
    workgroupBarrier();
    let prefix = cut.x;
    for (var j = index; j < vocabulary.size; j += WIDTH) {
      let score = scoreAt(base, j, isAdjusted);
      let bits = orderedBits(score);
      if (pass0 == 0u || (bits >> (shift + 8u)) == prefix) {
        let bucket = (bits >> shift) & 255u;
        atomicAdd(&counts[bucket], 1u);
        if (bits != 0u) {
          atomicAdd(&masses[bucket], u32(exp(score - highest) * massScale + 0.5));
        }
      }
    }
    workgroupBarrier();
    if (index == 0u) {
      var count = cut.y;
      var mass = cut.z;
      var found = 0u;
      for (var step = 0u; step < vocabulary.width; step++) {
        let bucket = 255u - step;
        let inBucket = atomicLoad(&counts[bucket]);
        if (inBucket == 0u) {
          continue;
        }
        found = bucket;
        let massWith = mass + atomicLoad(&masses[bucket]);
        cut = vec4<u32>(0u, count, mass, massWith);
        if (count + inBucket >= wantedCount || massWith >= wantedMass) {
          break;
        }
        count += inBucket;
        mass = massWith;
      }
      cut.x = (prefix << 8u) | found;
    }
    workgroupBarrier();
  }
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.x;
  let slot = rows[2u * row];
  let position = rows[2u * row + 1u];
  let rule = rules[slot];
  let base = row * vocabulary.size;
  let isAdjusted = rule.isAdjusted != 0u;
  if (isAdjusted) {
    for (var j = index; j < vocabulary.size; j += WIDTH) {
      adjusted[base + j] = logits[base + j];
    }
    storageBarrier();
    addBiases(slot, base, rule, index);
    storageBarrier();
    penalise(slot, position, base, rule, index);
    storageBarrier();
  }
  if (rule.isFiltered == 0u) {
    return;
  }
  var most = LOWEST;
  for (var j = index; j < vocabulary.size; j += WIDTH) {
    most = max(most, scoreAt(base, j, isAdjusted));
  }
  values[index] = most;
  reduceValues(index, false);
  let highest = values[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var j = index; j < vocabulary.size; j += WIDTH) {
    let score = scoreAt(base, j, isAdjusted);
    if (orderedBits(score) != 0u) {
      sum += exp(score - highest);
    }
  }
  values[index] = sum;
  reduceValues(index, true);
  let massScale = 2147483648.0 / max(values[0], 1.0);
  var lowestKept = 0u;
  var keptMass = 2147483648.0;
  // Top-k, then top-p of what it left; one loop, so that the selection is compiled once.
  for (var stage = 0u; stage < vocabulary.passes / 2u; stage++) {
    let isTopK = stage == 0u;
    let cutsByCount = isTopK && rule.topK > 0u && rule.topK < vocabulary.size;
    let cutsByMass = !isTopK && rule.topP < 1.0;
    if (cutsByCount || cutsByMass) {
      let wantedCount = select(0xffffffffu, rule.topK, isTopK);
      let wantedMass = select(u32(keptMass * rule.topP), 0xffffffffu, isTopK);
      selectCut(base, isAdjusted, highest, massScale, wantedCount, wantedMass, index);
      lowestKept = max(lowestKept, cut.x);
      keptMass = f32(cut.w);
      workgroupBarrier();
    }
  }
  var threshold = select(LOWEST, floatOfBits(lowestKept), lowestKept != 0u);
  if (rule.logMinP < 0.0) {
    threshold = max(threshold, highest + rule.logMinP);
  }
  if (index == 0u) {
    thresholds[row] = threshold;
  }
}
