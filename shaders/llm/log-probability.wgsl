// Natural logarithms of probabilities as the model gives them, before any rule: of the token at position + OFFSET of each row's slot
// (0 once it is chosen and the row has moved on, 1 when it is only looked at), and of the ALTERNATIVES likeliest tokens (ties to the
// lowest id). One workgroup per row. result: [row][2 + 2 * alternatives]: token, its logarithm, then (token, logarithm) pairs.
// Tolerance against float64: 1e-5. Needs sampling-buffers.wgsl in front. Host: worker/llm/kernels/log-probability.ts
override OFFSET: u32 = 1;
@group(0) @binding(0) var<uniform> vocabulary: Vocabulary;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> tokens: array<u32>;
@group(0) @binding(4) var<storage, read_write> result: array<u32>;
@group(0) @binding(5) var<uniform> alternatives: vec4<u32>;

const WIDTH = 256u;
var<workgroup> values: array<f32, WIDTH>;
var<workgroup> ids: array<u32, WIDTH>;

fn reduceBest(index: u32) {
  for (var half = vocabulary.width / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      let other = values[index + half];
      let otherId = ids[index + half];
      if (other > values[index] || (other == values[index] && otherId < ids[index])) {
        values[index] = other;
        ids[index] = otherId;
      }
    }
  }
  workgroupBarrier();
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.x;
  let base = row * vocabulary.size;
  let place = row * (2u + 2u * alternatives.x);
  var last = 3.4028234e38;
  var lastId = 0u;
  var highest = 0.0;
  var logTotal = 0.0;
  // Each round finds the best of what comes after the last one; round 0 also gives what the sum is taken relative to.
  for (var round = 0u; round <= alternatives.x; round++) {
    var most = LOWEST;
    var id = 0xffffffffu;
    for (var j = index; j < vocabulary.size; j += WIDTH) {
      let logit = logits[base + j];
      let comesAfter = round == 0u || logit < last || (logit == last && j > lastId);
      if (comesAfter && logit > most) {
        most = logit;
        id = j;
      }
    }
    values[index] = most;
    ids[index] = id;
    reduceBest(index);
    most = values[0];
    id = ids[0];
    workgroupBarrier();
    if (round == 0u) {
      highest = most;
      var sum = 0.0;
      for (var j = index; j < vocabulary.size; j += WIDTH) {
        sum += exp(logits[base + j] - highest);
      }
      values[index] = sum;
      for (var half = vocabulary.width / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (index < half) {
          values[index] += values[index + half];
        }
      }
      workgroupBarrier();
      logTotal = log(values[0]);
      workgroupBarrier();
    }
    if (index == 0u && round < alternatives.x) {
      result[place + 2u + 2u * round] = id;
      result[place + 3u + 2u * round] = bitcast<u32>(most - highest - logTotal);
    }
    last = most;
    lastId = id;
  }
  if (index == 0u) {
    let token = tokens[rows[2u * row] * vocabulary.capacity + min(rows[2u * row + 1u] + OFFSET, vocabulary.capacity - 1u)];
    result[place] = token;
    result[place + 1u] = bitcast<u32>(logits[base + token] - highest - logTotal);
  }
}
