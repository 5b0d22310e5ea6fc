// out[t][h][:] = softmax(q[t][h] . K[0..position + t][g] * scale) V[..][g], g = h / (heads / kvHeads): causal attention of each
// token over the whole cache, for decode (one token) and prefill alike. One workgroup per (head, token); blocks of 64 positions
// with an online softmax, so that nothing grows with the length; f32 throughout. With SOFT_CAP c > 0 a score s becomes c tanh(s / c);
// with WINDOW w > 0 a token sees itself and the w - 1 positions before it.
// query: [chunk][heads][headVectors]; cache: [capacity][kvHeads][headVectors]; out: [chunk][outputStride], head h at h * headLength.
// headVectors = ceil(headLength / 4) <= 64. Tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/attention.ts
struct Shape {
  headCount: u32,
  keyValueHeadCount: u32,
  headLength: u32,
  outputStride: u32,
  scale: f32,
}
struct State {
  position: u32,
  count: u32,
  token: u32,
}
override HEAD_VECTORS: u32 = 8;
override SOFT_CAP: f32 = 0.0;
override WINDOW: u32 = 0;
const LOWEST = -3.4028234e38;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> query: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> keys: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> values: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;

var<workgroup> queryVectors: array<vec4<f32>, HEAD_VECTORS>;
var<workgroup> scores: array<f32, 64>;
var<workgroup> partial: array<vec4<f32>, 64>;
var<workgroup> partialWeight: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let head = group.x;
  // HEAD_VECTORS by uniform: drivers unroll a loop of constant length, which takes some of them many seconds to compile.
  let headVectors = (shape.headLength + 3u) / 4u;
  let t = group.y;
  if (t >= state.count) {
    return;
  }
  let length = state.position + t + 1u;
  let cacheHead = head / (shape.headCount / shape.keyValueHeadCount);
  let cacheStride = shape.keyValueHeadCount * HEAD_VECTORS;
  if (index < HEAD_VECTORS) {
    queryVectors[index] = query[(t * shape.headCount + head) * HEAD_VECTORS + index] * shape.scale;
  }
  // Invocation = (stripe of positions, vector of the head) while values are summed.
  let stripes = 64u / HEAD_VECTORS;
  let stripe = index / HEAD_VECTORS;
  let vector = index % HEAD_VECTORS;
  var highest = LOWEST;
  var weight = 0.0;
  var sum = vec4<f32>(0.0);
  workgroupBarrier();

  let first = select(0u, length - WINDOW, WINDOW > 0u && length > WINDOW);
  for (var base = first; base < length; base += 64u) {
    let count = min(length - base, 64u);
    var score = LOWEST;
    if (index < count) {
      let row = (base + index) * cacheStride + cacheHead * HEAD_VECTORS;
      score = 0.0;
      for (var i = 0u; i < headVectors; i++) {
        score += dot(queryVectors[i], keys[row + i]);
      }
      if (SOFT_CAP > 0.0) {
        score = SOFT_CAP - 2.0 * SOFT_CAP / (exp(clamp(score * 2.0 / SOFT_CAP, -80.0, 80.0)) + 1.0);
      }
    }
    scores[index] = score;
    workgroupBarrier();
    var blockHighest = highest;
    for (var i = 0u; i < count; i++) {
      blockHighest = max(blockHighest, scores[i]);
    }
    workgroupBarrier();
    if (index < count) {
      scores[index] = exp(score - blockHighest);
    }
    workgroupBarrier();
    let shrink = exp(highest - blockHighest);
    highest = blockHighest;
    weight *= shrink;
    sum *= shrink;
    if (stripe < stripes) {
      for (var i = stripe; i < count; i += stripes) {
        let share = scores[i];
        weight += share;
        sum += share * values[(base + i) * cacheStride + cacheHead * HEAD_VECTORS + vector];
      }
    }
    workgroupBarrier();
  }

  partial[index] = sum;
  partialWeight[index] = weight;
  workgroupBarrier();
  if (index < HEAD_VECTORS) {
    for (var i = 1u; i < stripes; i++) {
      sum += partial[i * HEAD_VECTORS + index];
      weight += partialWeight[i * HEAD_VECTORS + index];
    }
    sum /= weight;
    let base = t * shape.outputStride + head * shape.headLength + index * 4u;
    for (var i = 0u; i < 4u; i++) {
      if (index * 4u + i < shape.headLength) {
        output[base + i] = sum[i];
      }
    }
  }
}
