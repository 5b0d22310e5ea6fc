// out[t][h][:] = softmax(q[t][h] . K[first..position(t)][g] * scale) V[..][g], g = h / (heads / kvHeads): causal attention over a
// paged cache, float32 throughout, online softmax over blocks of 64 positions. One workgroup: up to 4 query heads of one key/value
// head x `tokens` rows x one split of the positions, so that every key and value is read once for all of these queries.
// `main` with one token: decode. Each row is split over workgroups by its own length; where that gives more than one part, `merge` adds them up.
// `main` with more: prefill. The rows of a workgroup follow each other in one sequence; one split. A row's bytes do not depend on
// which rows share its workgroup: what lies behind it counts exactly zero.
// With SOFT_CAP c > 0 a score s becomes c tanh(s / c); with WINDOW w > 0 a token sees itself and the w - 1 positions before it.
// query: [row][heads][HEAD_VECTORS]; keys, values: [page][16][kvHeads][HEAD_VECTORS]; rows: (slot, position) of each row, and from
// pageTableStart on the pages [slot][pagesPerSlot]; output: [row][outputStride], head h at h * headLength; parts:
// [row][heads][splits][HEAD_VECTORS + 1], the last vector is (highest, weight). HEAD_VECTORS = ceil(headLength / 4) <= 64.
// Needs cache-f32 or cache-f16 in front. At most four queries (heads * tokens), one in each component of a vector: arrays would end up
// in memory on some drivers and take others minutes to compile. Tolerance against float64: NMSE 1e-10.
// Host: worker/llm/kernels/attention.ts
struct Shape {
  headCount: u32,
  keyValueHeadCount: u32,
  headLength: u32,
  outputStride: u32,
  pagesPerSlot: u32,
  pageTableStart: u32,
  splitCount: u32,
  heads: u32,
  tokens: u32,
  scale: f32,
}
override HEAD_VECTORS: u32 = 8;
override SOFT_CAP: f32 = 0.0;
override WINDOW: u32 = 0;
const BLOCK = 64u;
const PAGE_TOKENS = 16u;
const LOWEST = -3.4028234e38;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> query: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> keys: array<CacheVector>;
@group(0) @binding(4) var<storage, read> values: array<CacheVector>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
@group(0) @binding(6) var<storage, read_write> parts: array<vec4<f32>>;
// Rows of this batch.
@group(0) @binding(7) var<uniform> batch: vec4<u32>;

// [vector][query].
var<workgroup> queryVectors: array<vec4<f32>, 4u * HEAD_VECTORS>;
// One component for each query, also below.
var<workgroup> scores: array<vec4<f32>, BLOCK>;
var<workgroup> stripeSums: array<vec4<f32>, BLOCK>;
var<workgroup> stripeWeights: array<vec4<f32>, BLOCK>;

fn firstSeen(length: u32) -> u32 {
  return select(0u, length - min(WINDOW, length), WINDOW > 0u);
}

// Positions of one split: a multiple of the block, so that few positions are not spread thin.
fn splitLength(span: u32) -> u32 {
  let even = (span + shape.splitCount - 1u) / shape.splitCount;
  return (even + BLOCK - 1u) / BLOCK * BLOCK;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  // HEAD_VECTORS by uniform: drivers unroll a loop of constant length, which takes some of them many seconds to compile.
  let headVectors = (shape.headLength + 3u) / 4u;
  let firstRow = group.y * shape.tokens;
  let rowCount = min(shape.tokens, batch.x - min(batch.x, firstRow));
  if (rowCount == 0u) {
    return;
  }
  let headsPerGroup = shape.headCount / shape.keyValueHeadCount;
  let headTiles = (headsPerGroup + shape.heads - 1u) / shape.heads;
  let cacheHead = group.x / headTiles;
  let firstHead = (group.x % headTiles) * shape.heads;
  let slot = rows[2u * firstRow];
  let firstLength = rows[2u * firstRow + 1u] + 1u;
  let length = firstLength + rowCount - 1u;
  let start = firstSeen(firstLength);
  let part = splitLength(length - start);
  let splits = (length - start + part - 1u) / part;
  if (group.z >= splits) {
    return;
  }
  let begin = start + group.z * part;
  let end = min(begin + part, length);
  let table = shape.pageTableStart + slot * shape.pagesPerSlot;
  let cacheStride = shape.keyValueHeadCount * HEAD_VECTORS;

  // Query q is head firstHead + q % heads of row firstRow + q / heads.
  for (var i = index; i < 4u * headVectors; i += 64u) {
    let q = i % 4u;
    let head = firstHead + q % shape.heads;
    var value = vec4<f32>(0.0);
    if (head < headsPerGroup && q / shape.heads < rowCount) {
      let row = (firstRow + q / shape.heads) * shape.headCount + cacheHead * headsPerGroup + head;
      value = query[row * HEAD_VECTORS + i / 4u] * shape.scale;
    }
    queryVectors[i] = value;
  }
  let ends = vec4<u32>(firstLength) + vec4<u32>(0u, 1u, 2u, 3u) / shape.heads;
  let starts = vec4<u32>(firstSeen(ends.x), firstSeen(ends.y), firstSeen(ends.z), firstSeen(ends.w));
  // Invocation = (stripe of positions, vector of the head) while values are summed.
  let stripes = 64u / HEAD_VECTORS;
  let stripe = index / HEAD_VECTORS;
  let vector = index % HEAD_VECTORS;
  var highest = vec4<f32>(LOWEST);
  var weights = vec4<f32>(0.0);
  var sum0 = vec4<f32>(0.0);
  var sum1 = vec4<f32>(0.0);
  var sum2 = vec4<f32>(0.0);
  var sum3 = vec4<f32>(0.0);
  workgroupBarrier();

  for (var base = begin; base < end; base += BLOCK) {
    let count = min(end - base, BLOCK);
    var score = vec4<f32>(0.0);
    let position = base + index;
    if (index < count) {
      let page = rows[table + position / PAGE_TOKENS];
      let at = (page * PAGE_TOKENS + position % PAGE_TOKENS) * cacheStride + cacheHead * HEAD_VECTORS;
      for (var i = 0u; i < headVectors; i++) {
        let key = vec4<f32>(keys[at + i]);
        score += vec4<f32>(
          dot(queryVectors[4u * i], key),
          dot(queryVectors[4u * i + 1u], key),
          dot(queryVectors[4u * i + 2u], key),
          dot(queryVectors[4u * i + 3u], key),
        );
      }
      if (SOFT_CAP > 0.0) {
        score = SOFT_CAP - 2.0 * SOFT_CAP / (exp(clamp(score * 2.0 / SOFT_CAP, vec4<f32>(-80.0), vec4<f32>(80.0))) + 1.0);
      }
    }
    let place = vec4<u32>(position);
    let seen = (place < ends) & (place >= starts) & vec4<bool>(index < count);
    score = select(vec4<f32>(LOWEST), score, seen);
    scores[index] = score;
    workgroupBarrier();
    var blockHighest = highest;
    for (var i = 0u; i < count; i++) {
      blockHighest = max(blockHighest, scores[i]);
    }
    workgroupBarrier();
    // Not by the exponential alone: before a row has seen anything, the highest is LOWEST too.
    scores[index] = select(vec4<f32>(0.0), exp(score - blockHighest), seen);
    workgroupBarrier();
    let shrink = exp(highest - blockHighest);
    highest = blockHighest;
    weights *= shrink;
    sum0 *= shrink.x;
    sum1 *= shrink.y;
    sum2 *= shrink.z;
    sum3 *= shrink.w;
    if (stripe < stripes) {
      for (var i = stripe; i < count; i += stripes) {
        let page = rows[table + (base + i) / PAGE_TOKENS];
        let at = (page * PAGE_TOKENS + (base + i) % PAGE_TOKENS) * cacheStride + cacheHead * HEAD_VECTORS + vector;
        let value = vec4<f32>(values[at]);
        let share = scores[i];
        weights += share;
        sum0 += share.x * value;
        sum1 += share.y * value;
        sum2 += share.z * value;
        sum3 += share.w * value;
      }
    }
    workgroupBarrier();
  }

  stripeWeights[index] = weights;
  for (var q = 0u; q < shape.heads * shape.tokens; q++) {
    var sum = sum0;
    if (q == 1u) {
      sum = sum1;
    } else if (q == 2u) {
      sum = sum2;
    } else if (q == 3u) {
      sum = sum3;
    }
    stripeSums[index] = sum;
    workgroupBarrier();
    let head = firstHead + q % shape.heads;
    if (index < HEAD_VECTORS && head < headsPerGroup && q / shape.heads < rowCount) {
      var weight = stripeWeights[index][q];
      for (var i = 1u; i < stripes; i++) {
        sum += stripeSums[i * HEAD_VECTORS + index];
        weight += stripeWeights[i * HEAD_VECTORS + index][q];
      }
      let row = firstRow + q / shape.heads;
      let outputHead = cacheHead * headsPerGroup + head;
      if (splits == 1u) {
        store(row, outputHead, index, sum / weight);
      } else {
        let place = ((row * shape.headCount + outputHead) * shape.splitCount + group.z) * (HEAD_VECTORS + 1u);
        parts[place + index] = sum;
        if (index == 0u) {
          parts[place + HEAD_VECTORS] = vec4<f32>(highest[q], weight, 0.0, 0.0);
        }
      }
    }
    workgroupBarrier();
  }
}

fn store(row: u32, head: u32, vector: u32, value: vec4<f32>) {
  let base = row * shape.outputStride + head * shape.headLength + vector * 4u;
  for (var i = 0u; i < 4u; i++) {
    if (vector * 4u + i < shape.headLength) {
      output[base + i] = value[i];
    }
  }
}

// One workgroup per (head, row): the parts of its splits, in their order, under the highest score of all.
@compute @workgroup_size(64)
fn merge(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.y;
  let length = rows[2u * row + 1u] + 1u;
  let span = length - firstSeen(length);
  let part = splitLength(span);
  let splits = (span + part - 1u) / part;
  if (splits == 1u || index >= HEAD_VECTORS || row >= batch.x) {
    return;
  }
  let place = (row * shape.headCount + group.x) * shape.splitCount * (HEAD_VECTORS + 1u);
  var most = LOWEST;
  for (var i = 0u; i < splits; i++) {
    most = max(most, parts[place + i * (HEAD_VECTORS + 1u) + HEAD_VECTORS].x);
  }
  var sum = vec4<f32>(0.0);
  var weight = 0.0;
  for (var i = 0u; i < splits; i++) {
    let at = place + i * (HEAD_VECTORS + 1u);
    let state = parts[at + HEAD_VECTORS];
    let factor = exp(state.x - most);
    sum += factor * parts[at + index];
    weight += factor * state.y;
  }
  store(row, group.x, index, sum / weight);
}
