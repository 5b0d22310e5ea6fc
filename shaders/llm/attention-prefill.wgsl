// Attention (attention.wgsl, which stands in front) of rows that follow each other in one sequence. One workgroup: 32 queries, heads of
// one key/value head x rows, against tiles of positions that are read once for all of them and kept in workgroup memory.
// An invocation is (quad of queries, lane of 8): scores of its quad and each eighth key of a tile, then sums of its quad and each eighth vector
// of the head. Queries of a quad are the components of a vector. Query q is head firstHead + q % heads of row firstRow + q / heads.
// Tiles begin at multiples of their length, so that a row's bytes do not depend on the rows beside it: what lies behind it counts
// exactly zero. The host declares KEY_SLOTS (1, 2 or 4 times 8 keys in a tile, as the memory allows) and VECTOR_SLOTS (times 8 vectors in a
// head), and repeats what stands between "repeat" and "end" so often (repeat-lines.ts). STAGED is 1 where the memory holds the queries as
// well, else 0. Rows of the tile are one vector longer than the head: that spreads them over the banks of the memory. Tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/attention-prefill.ts
const LANES = 8u;
const QUADS = 8u;
const KEYS = KEY_SLOTS * LANES;

// Keys of a tile, then its values: [position][HEAD_VECTORS + 1].
var<workgroup> tile: array<vec4<f32>, KEYS * (HEAD_VECTORS + 1u)>;
// [quad][vector][component of the head], a component for each query.
var<workgroup> staged: array<vec4<f32>, max(1u, STAGED * QUADS * 4u * HEAD_VECTORS)>;
// [position][quad], likewise.
var<workgroup> shares: array<vec4<f32>, KEYS * QUADS>;
// [quad][lane], likewise.
var<workgroup> tops: array<vec4<f32>, QUADS * 8u>;

fn regionOf(table: u32, cacheHead: u32, position: u32) -> u32 {
  return rows[table + position / PAGE_TOKENS] * shape.keyValueHeadCount + cacheHead;
}

fn keyAt(table: u32, cacheHead: u32, position: u32, vector: u32) -> vec4<f32> {
  return cacheVector(&keys, regionOf(table, cacheHead, position), position % PAGE_TOKENS, vector);
}

fn valueAt(table: u32, cacheHead: u32, position: u32, vector: u32) -> vec4<f32> {
  return cacheVector(&values, regionOf(table, cacheHead, position), position % PAGE_TOKENS, vector);
}

fn queryVector(queryBase: u32, isThere: bool, vector: u32) -> vec4<f32> {
  if (isThere) {
    return query[queryBase + vector];
  }
  return vec4<f32>(0.0);
}

fn columnsOf(queryBase: vec4<u32>, isThere: vec4<bool>, vector: u32) -> mat4x4<f32> {
  return transpose(mat4x4<f32>(
    queryVector(queryBase.x, isThere.x, vector),
    queryVector(queryBase.y, isThere.y, vector),
    queryVector(queryBase.z, isThere.z, vector),
    queryVector(queryBase.w, isThere.w, vector),
  ));
}

// [component of the head][query]: a score is the sum of components times key.
fn scored(score: vec4<f32>, columns: mat4x4<f32>, key: vec4<f32>) -> vec4<f32> {
  return score + columns[0] * key.x + columns[1] * key.y + columns[2] * key.z + columns[3] * key.w;
}

struct Sums {
  first: vec4<f32>,
  second: vec4<f32>,
  third: vec4<f32>,
  fourth: vec4<f32>,
}

fn shrunk(sums: Sums, factor: vec4<f32>) -> Sums {
  return Sums(sums.first * factor.x, sums.second * factor.y, sums.third * factor.z, sums.fourth * factor.w);
}

fn withValue(sums: Sums, share: vec4<f32>, value: vec4<f32>) -> Sums {
  return Sums(
    sums.first + share.x * value,
    sums.second + share.y * value,
    sums.third + share.z * value,
    sums.fourth + share.w * value,
  );
}

fn keepValue(row: u32, head: u32, vector: u32, isThere: bool, value: vec4<f32>) {
  if (isThere && vector < HEAD_VECTORS) {
    storeOutput(row, head, vector, value);
  }
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
  let firstLength = rows[2u * firstRow + 1u] + 1u;
  let length = firstLength + rowCount - 1u;
  let table = shape.pageTableStart + rows[2u * firstRow] * shape.pagesPerSlot;
  let stride = HEAD_VECTORS + 1u;

  let lane = index % LANES;
  let quad = index / LANES;
  let queries = vec4<u32>(0u, 1u, 2u, 3u) + quad * 4u;
  let row = queries / shape.heads;
  let headInGroup = firstHead + queries % shape.heads;
  let isThere = (row < vec4<u32>(rowCount)) & (headInGroup < vec4<u32>(headsPerGroup));
  let head = cacheHead * headsPerGroup + headInGroup;
  let queryBase = ((firstRow + row) * shape.headCount + head) * HEAD_VECTORS;
  let ends = firstLength + row;
  let starts = vec4<u32>(firstSeen(ends.x), firstSeen(ends.y), firstSeen(ends.z), firstSeen(ends.w));
  var highest = vec4<f32>(LOWEST);
  var weights = vec4<f32>(0.0);
  let zero = vec4<f32>(0.0);
  // repeat VECTOR_SLOTS NTH
  var sumsNTH = Sums(zero, zero, zero, zero);
  // end NTH

  if (STAGED == 1u) {
    for (var i = lane; i < headVectors; i += LANES) {
      let columns = columnsOf(queryBase, isThere, i);
      let at = (quad * HEAD_VECTORS + i) * 4u;
      staged[at] = columns[0];
      staged[at + 1u] = columns[1];
      staged[at + 2u] = columns[2];
      staged[at + 3u] = columns[3];
    }
  }

  for (var base = firstSeen(firstLength) / KEYS * KEYS; base < length; base += KEYS) {
    let count = min(length - base, KEYS);
      // Four at a time, so that their reads are under way together.
    for (var i = index; i < count * headVectors; i += 256u) {
      // repeat LOADS NTH
      let fromNTH = min(i + NTHu * 64u, count * headVectors - 1u);
      let keyNTH = keyAt(table, cacheHead, base + fromNTH / headVectors, fromNTH % headVectors);
      // end NTH
      // repeat LOADS NTH
      if (i + NTHu * 64u == fromNTH) {
        tile[fromNTH / headVectors * stride + fromNTH % headVectors] = keyNTH;
      }
      // end NTH
    }
    workgroupBarrier();
    // repeat KEY_SLOTS NTH
    var scoreNTH = zero;
    // end NTH
    for (var i = 0u; i < headVectors; i++) {
      var columns: mat4x4<f32>;
      if (STAGED == 1u) {
        let at = (quad * HEAD_VECTORS + i) * 4u;
        columns = mat4x4<f32>(staged[at], staged[at + 1u], staged[at + 2u], staged[at + 3u]);
      } else {
        columns = columnsOf(queryBase, isThere, i);
      }
      // repeat KEY_SLOTS NTH
      scoreNTH = scored(scoreNTH, columns, tile[(lane + LANES * NTHu) * stride + i]);
      // end NTH
    }
    var top = vec4<f32>(LOWEST);
    // repeat KEY_SLOTS NTH
    let positionNTH = vec4<u32>(base + lane + LANES * NTHu);
    // Not by the exponential alone: before a row has seen anything, the highest is LOWEST too.
    let seenNTH = (positionNTH < ends) & (positionNTH >= starts);
    scoreNTH = select(vec4<f32>(LOWEST), capped(scoreNTH * shape.scale), seenNTH);
    top = max(top, scoreNTH);
    // end NTH
    tops[index] = top;
    workgroupBarrier();
    for (var i = 0u; i < LANES; i++) {
      top = max(top, tops[quad * LANES + i]);
    }
    top = max(top, highest);
    let shrink = exp(highest - top);
    highest = top;
    weights *= shrink;
    // repeat VECTOR_SLOTS NTH
    sumsNTH = shrunk(sumsNTH, shrink);
    // end NTH
    // repeat KEY_SLOTS NTH
    shares[(lane + LANES * NTHu) * QUADS + quad] = select(zero, exp(scoreNTH - top), seenNTH);
    // end NTH
    for (var i = index; i < count * headVectors; i += 256u) {
      // repeat LOADS NTH
      let fromNTH = min(i + NTHu * 64u, count * headVectors - 1u);
      let valueNTH = valueAt(table, cacheHead, base + fromNTH / headVectors, fromNTH % headVectors);
      // end NTH
      // repeat LOADS NTH
      if (i + NTHu * 64u == fromNTH) {
        tile[fromNTH / headVectors * stride + fromNTH % headVectors] = valueNTH;
      }
      // end NTH
    }
    workgroupBarrier();
    for (var i = 0u; i < count; i++) {
      let share = shares[i * QUADS + quad];
      weights += share;
      // repeat VECTOR_SLOTS NTH
      sumsNTH = withValue(sumsNTH, share, tile[i * stride + min(lane + LANES * NTHu, HEAD_VECTORS)]);
      // end NTH
    }
    workgroupBarrier();
  }

  let outputRow = firstRow + row;
  // repeat VECTOR_SLOTS NTH
  keepValue(outputRow.x, head.x, lane + LANES * NTHu, isThere.x, sumsNTH.first / weights.x);
  keepValue(outputRow.y, head.y, lane + LANES * NTHu, isThere.y, sumsNTH.second / weights.y);
  keepValue(outputRow.z, head.z, lane + LANES * NTHu, isThere.z, sumsNTH.third / weights.z);
  keepValue(outputRow.w, head.w, lane + LANES * NTHu, isThere.w, sumsNTH.fourth / weights.w);
  // end NTH
}
