// Splits q|k|v of each row: every head as rope-turn.wgsl, which stands in front, makes it, q to its own buffer, k and v appended to the cache.
// For prompts, and for rows that look at each other's keys: a row by itself needs no more than attention-decode.wgsl.
// query: [row][heads][HEAD_VECTORS]; keys, values: [page][kvHeads] of regions;
// rows: (slot, position) of each row, and from pageTableStart on the pages [slot][pagesPerSlot].
// One workgroup per head and row. headLength at most 256. Needs a cache-* in front, which says what a region is and how it is stored.
// Tolerance against float64 before storing: NMSE 1e-12. Host: worker/llm/kernels/rope-append.ts
struct Shape {
  headCount: u32,
  keyValueHeadCount: u32,
  headLength: u32,
  ropePairs: u32,
  capacity: u32,
  pagesPerSlot: u32,
  pageTableStart: u32,
  epsilon: f32,
}
const PAGE_TOKENS = 16u;
alias CachePlane = ptr<storage, array<CacheWord>, read_write>;
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> projected: array<f32>;
@group(0) @binding(3) var<storage, read> angles: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> query: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> keys: array<CacheWord>;
@group(0) @binding(6) var<storage, read_write> values: array<CacheWord>;
@group(0) @binding(7) var<storage, read> parameters: array<f32>;

// Sums of squares, then the largest magnitude of each vector.
var<workgroup> exchange: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let head = group.x;
  let row = group.y;
  let position = rows[2u * row + 1u];
  if (position >= shape.capacity) {
    return;
  }
  var normScale = 1.0;
  if (HAS_NORM) {
    exchange[index] = headSquares(row, head, index);
    for (var half = 32u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (index < half) {
        exchange[index] += exchange[index + half];
      }
    }
    workgroupBarrier();
    normScale = normScaleOf(exchange[0]);
    workgroupBarrier();
  }
  var value = vec4<f32>(0.0);
  if (index < HEAD_VECTORS) {
    value = turnedVector(row, head, position, index, normScale);
  }
  if (head < shape.headCount) {
    if (index < HEAD_VECTORS) {
      query[(row * shape.headCount + head) * HEAD_VECTORS + index] = value;
    }
    return;
  }
  let magnitude = abs(value);
  exchange[index] = max(max(magnitude.x, magnitude.y), max(magnitude.z, magnitude.w));
  workgroupBarrier();
  if (index >= HEAD_VECTORS) {
    return;
  }
  var largest = vec2<f32>(0.0);
  for (var i = index / 16u * 16u; i < index / 16u * 16u + 8u; i++) {
    largest = max(largest, vec2<f32>(exchange[i], exchange[i + 8u]));
  }
  let page = rows[shape.pageTableStart + rows[2u * row] * shape.pagesPerSlot + position / PAGE_TOKENS];
  let region = page * shape.keyValueHeadCount + (head - shape.headCount) % shape.keyValueHeadCount;
  if (head >= shape.headCount + shape.keyValueHeadCount) {
    storeCacheVector(&values, region, position % PAGE_TOKENS, index, value, largest);
  } else {
    storeCacheVector(&keys, region, position % PAGE_TOKENS, index, value, largest);
  }
}
