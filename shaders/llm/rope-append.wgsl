// Splits q|k|v of each token: adds the bias (HAS_BIAS), normalises each head of q and k by RMS and gain (HAS_NORM), rotates pairs
// of q and k by the position's angles, q to its own buffer, k and v appended to the cache. A pair (a, b) is (2i, 2i + 1), or with
// HALVES (i, i + ropePairs): (a, b) -> (a cos - b sin, a sin + b cos); what is past the rope dimensions passes unchanged.
// projected: [row][(heads + 2 * kvHeads) * headLength]; query: [row][heads][headStride]; keys, values: [page][kvHeads] of regions;
// rows: (slot, position) of each row, and from pageTableStart on the pages [slot][pagesPerSlot];
// parameters: bias of q|k|v (with HAS_BIAS), then gains of q and of k [headLength] each (with HAS_NORM);
// table: [capacity][ropePairs] of (cos, sin), made on the host in float64. headStride is headLength rounded up to 4, the rest zero.
// One workgroup per head and token. headLength at most 256. Needs a cache-* in front, which says what a region is and how it is stored.
// Tolerance against float64 before storing: NMSE 1e-12. Host: worker/llm/kernels/rope-append.ts
struct Shape {
  headCount: u32,
  keyValueHeadCount: u32,
  headLength: u32,
  headStride: u32,
  ropePairs: u32,
  capacity: u32,
  pagesPerSlot: u32,
  pageTableStart: u32,
  epsilon: f32,
}
const PAGE_TOKENS = 16u;
override HALVES: bool = false;
override HAS_BIAS: bool = false;
override HAS_NORM: bool = false;
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> projected: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> query: array<f32>;
@group(0) @binding(5) var<storage, read_write> keys: array<CacheWord>;
@group(0) @binding(6) var<storage, read_write> values: array<CacheWord>;
@group(0) @binding(7) var<storage, read> parameters: array<f32>;

var<workgroup> squareSums: array<f32, 64>;
// The head as it is to be stored, zeros behind it, and the largest magnitude of each block of 32.
var<workgroup> headNumbers: array<f32, 256>;
var<workgroup> largest: array<f32, 8>;

fn projectedValue(t: u32, width: u32, column: u32) -> f32 {
  var value = projected[t * width + column];
  if (HAS_BIAS) {
    value += parameters[column];
  }
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let allHeads = shape.headCount + 2u * shape.keyValueHeadCount;
  let width = allHeads * shape.headLength;
  let head = group.x;
  let t = group.y;
  let position = rows[2u * t + 1u];
  if (position >= shape.capacity) {
    return;
  }
  let isValue = head >= shape.headCount + shape.keyValueHeadCount;
  let isKey = head >= shape.headCount && !isValue;
  let source = head * shape.headLength;
  var scale = 1.0;
  if (HAS_NORM) {
    var squares = 0.0;
    for (var i = index; i < shape.headLength; i += 64u) {
      let value = projectedValue(t, width, source + i);
      squares += value * value;
    }
    squareSums[index] = squares;
    for (var half = 32u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (index < half) {
        squareSums[index] += squareSums[index + half];
      }
    }
    workgroupBarrier();
    scale = inverseSqrt(squareSums[0] / f32(shape.headLength) + shape.epsilon);
  }
  let gainBase = select(0u, width, HAS_BIAS) + select(0u, shape.headLength, isKey);
  let cacheHead = (head - shape.headCount) % shape.keyValueHeadCount;
  let page = rows[shape.pageTableStart + rows[2u * t] * shape.pagesPerSlot + position / PAGE_TOKENS];
  let querySlot = (t * shape.headCount + head) * shape.headStride;
  for (var pair = index; pair < shape.headLength / 2u; pair += 64u) {
    let rotates = pair < shape.ropePairs && !isValue;
    var first = pair * 2u;
    var second = first + 1u;
    if (HALVES && pair < shape.ropePairs) {
      first = pair;
      second = pair + shape.ropePairs;
    }
    var a = projectedValue(t, width, source + first);
    var b = projectedValue(t, width, source + second);
    if (HAS_NORM && !isValue) {
      a *= scale * parameters[gainBase + first];
      b *= scale * parameters[gainBase + second];
    }
    if (rotates) {
      let angle = table[position * shape.ropePairs + pair];
      let turned = a * angle.x - b * angle.y;
      b = a * angle.y + b * angle.x;
      a = turned;
    }
    if (isKey || isValue) {
      headNumbers[first] = a;
      headNumbers[second] = b;
    } else {
      query[querySlot + first] = a;
      query[querySlot + second] = b;
    }
  }
  if (head < shape.headCount) {
    return;
  }
  for (var i = shape.headLength + index; i < 256u; i += 64u) {
    headNumbers[i] = 0.0;
  }
  workgroupBarrier();
  if (index < 8u) {
    var most = 0.0;
    for (var i = 0u; i < 32u; i++) {
      most = max(most, abs(headNumbers[index * 32u + i]));
    }
    largest[index] = most;
  }
  workgroupBarrier();
  if (index >= HEAD_VECTORS) {
    return;
  }
  let i = index * 4u;
  let value = vec4<f32>(headNumbers[i], headNumbers[i + 1u], headNumbers[i + 2u], headNumbers[i + 3u]);
  let pair = vec2<f32>(largest[index / 16u * 2u], largest[index / 16u * 2u + 1u]);
  let region = page * shape.keyValueHeadCount + cacheHead;
  if (isValue) {
    storeCacheVector(&values, region, position % PAGE_TOKENS, index, value, pair);
  } else {
    storeCacheVector(&keys, region, position % PAGE_TOKENS, index, value, pair);
  }
}
