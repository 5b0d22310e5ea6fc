// Attention (attention.wgsl, which stands in front) of rows that follow each other in one sequence. One workgroup: 32 queries, heads of
// one key/value head x rows, against tiles of positions that are read once for all of them and kept in workgroup memory.
// An invocation is (quad of queries, lane of 8): scores of its quad and each eighth key of a tile, then sums of its quad and each eighth vector
// of the head. Queries of a quad are the components of a vector. Query q is head firstHead + q % heads of row firstRow + q / heads.
// Tiles begin at multiples of their length, so that a row's bytes do not depend on the rows beside it: what lies behind it counts
// exactly zero. The host declares KEY_SLOTS (1, 2 or 4 times 8 keys in a tile, as the memory allows), VECTOR_SLOTS (times 8 vectors in a
// head), LOADS that are read at a time, FOUR, which is 4, and STAGED, 1 where the memory holds the queries as well, else 0; and repeats what
// stands between "repeat" and "end" so often (repeat-lines.ts): sums in arrays, matrices or structs end up in memory on some drivers.
// Rows of the tile are one vector longer than the head: that spreads them over the banks of the memory.
// query: [row][heads][HEAD_VECTORS]. Tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/attention-prefill.ts
alias CachePlane = ptr<storage, array<CacheWord>, read>;
@group(0) @binding(2) var<storage, read> query: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> keys: array<CacheWord>;
@group(0) @binding(4) var<storage, read> values: array<CacheWord>;

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
  // repeat FOUR QTH
  var sumNTHofQTH = zero;
  // end QTH
  // end NTH

  if (STAGED == 1u) {
    for (var i = lane; i < headVectors; i += LANES) {
      // repeat FOUR QTH
      let queryQTH = queryVector(queryBase[QTH], isThere[QTH], i);
      // end QTH
      // repeat FOUR QTH
      staged[(quad * HEAD_VECTORS + i) * 4u + QTHu] = vec4<f32>(query0[QTH], query1[QTH], query2[QTH], query3[QTH]);
      // end QTH
    }
  }

  for (var base = firstSeen(firstLength) / KEYS * KEYS; base < length; base += KEYS) {
    let count = min(length - base, KEYS);
      // Several at a time, so that their reads are under way together.
    for (var i = index; i < count * headVectors; i += LOADS * 64u) {
      // repeat LOADS NTH
      let fromNTH = min(i + NTHu * 64u, count * headVectors - 1u);
      let keyNTH = keyAt(table, cacheHead, base + fromNTH / HEAD_VECTORS, fromNTH % HEAD_VECTORS);
      // end NTH
      // repeat LOADS NTH
      if (i + NTHu * 64u == fromNTH) {
        tile[fromNTH / HEAD_VECTORS * stride + fromNTH % HEAD_VECTORS] = keyNTH;
      }
      // end NTH
    }
    workgroupBarrier();
    // repeat KEY_SLOTS NTH
    var scoreNTH = zero;
    // end NTH
    for (var i = 0u; i < headVectors; i++) {
      // repeat FOUR QTH
      var columnQTH: vec4<f32>;
      // end QTH
      if (STAGED == 1u) {
        // repeat FOUR QTH
        columnQTH = staged[(quad * HEAD_VECTORS + i) * 4u + QTHu];
        // end QTH
      } else {
        // repeat FOUR QTH
        let queryQTH = queryVector(queryBase[QTH], isThere[QTH], i);
        // end QTH
        // repeat FOUR QTH
        columnQTH = vec4<f32>(query0[QTH], query1[QTH], query2[QTH], query3[QTH]);
        // end QTH
      }
      // repeat KEY_SLOTS NTH
      let keyNTH = tile[(lane + LANES * NTHu) * stride + i];
      // repeat FOUR QTH
      scoreNTH += columnQTH * keyNTH[QTH];
      // end QTH
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
    // repeat FOUR QTH
    sumNTHofQTH *= shrink[QTH];
    // end QTH
    // end NTH
    // repeat KEY_SLOTS NTH
    shares[(lane + LANES * NTHu) * QUADS + quad] = select(zero, exp(scoreNTH - top), seenNTH);
    // end NTH
    for (var i = index; i < count * headVectors; i += LOADS * 64u) {
      // repeat LOADS NTH
      let fromNTH = min(i + NTHu * 64u, count * headVectors - 1u);
      let valueNTH = valueAt(table, cacheHead, base + fromNTH / HEAD_VECTORS, fromNTH % HEAD_VECTORS);
      // end NTH
      // repeat LOADS NTH
      if (i + NTHu * 64u == fromNTH) {
        tile[fromNTH / HEAD_VECTORS * stride + fromNTH % HEAD_VECTORS] = valueNTH;
      }
      // end NTH
    }
    workgroupBarrier();
    for (var i = 0u; i < count; i++) {
      let share = shares[i * QUADS + quad];
      weights += share;
      // repeat VECTOR_SLOTS NTH
      let valueNTH = tile[i * stride + min(lane + LANES * NTHu, HEAD_VECTORS)];
      // repeat FOUR QTH
      sumNTHofQTH += share[QTH] * valueNTH;
      // end QTH
      // end NTH
    }
    workgroupBarrier();
  }

  let outputRow = firstRow + row;
  // repeat VECTOR_SLOTS NTH
  // repeat FOUR QTH
  keepValue(outputRow[QTH], head[QTH], lane + LANES * NTHu, isThere[QTH], sumNTHofQTH / weights[QTH]);
  // end QTH
  // end NTH
}
