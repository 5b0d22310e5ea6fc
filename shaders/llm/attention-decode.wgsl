// Attention (attention.wgsl, which stands in front) of single rows of any sequences. One workgroup: up to 16 query heads of one key/value
// head x one row x one split of its positions, so that every key and value is read once for all of these heads. A row is cut by
// its own length, whatever else is in the batch; splits it has no use for leave at once. Where it has several, `merge` adds them up.
// Scores: SLICES neighbouring invocations share the key of a position, each every SLICES-th vector, so that reads are contiguous;
// slice-sum-memory or slice-sum-subgroup, in front, adds them up. Values: an invocation is (stripe of positions, vector of the head).
// Queries go in quads, one component of a vector each. The host declares QUADS, and KEYS that an invocation reads at a time, and repeats what
// stands between "repeat" and "end" so often (repeat-lines.ts): sums in arrays, matrices or structs end up in memory on some drivers and
// take others minutes to compile. sumNTHofQTH is the vector of query QTH of quad NTH; LOADS values are read at a time, FOUR is 4.
// parts: [row][heads][splits][HEAD_VECTORS + 1], the last vector is (weight, highest). Tolerance against float64: NMSE 1e-10.
// Host: worker/llm/kernels/attention-decode.ts
const INVOCATIONS = 128u;
const BLOCK = 64u;
// Pages whose places are looked up at a time.
const WINDOW_PAGES = 64u;

alias CachePlane = ptr<storage, array<CacheWord>, read_write>;
@group(0) @binding(2) var<storage, read> projected: array<f32>;
@group(0) @binding(3) var<storage, read_write> keys: array<CacheWord>;
@group(0) @binding(4) var<storage, read_write> values: array<CacheWord>;
@group(0) @binding(6) var<storage, read_write> parts: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read> angles: array<vec2<f32>>;
@group(0) @binding(9) var<storage, read> parameters: array<f32>;

// [quad][vector][component of the head], a component for each query of the quad.
var<workgroup> queryColumns: array<vec4<f32>, QUADS * HEAD_VECTORS * 4u>;
// [quad][position], likewise: scores, then shares.
var<workgroup> scores: array<vec4<f32>, QUADS * BLOCK>;
// [quad][every eighth position], likewise.
var<workgroup> tops: array<vec4<f32>, QUADS * 8u>;
// First region of each page from a multiple of WINDOW_PAGES behind the begin of the split on.
var<workgroup> pages: array<u32, WINDOW_PAGES>;
var<workgroup> exchange: array<vec4<f32>, INVOCATIONS>;
// What RMSNorm multiplies each query head of the workgroup by, then its key.
var<workgroup> normScales: array<f32, QUADS * 4u + 1u>;
// (weight, highest score).
var<workgroup> exchangedStates: array<vec2<f32>, INVOCATIONS>;

struct Cut {
  start: u32,
  part: u32,
  splits: u32,
}

// Splits begin at multiples of the block: few positions are not spread thin.
fn cutOf(length: u32) -> Cut {
  let start = firstSeen(length) / BLOCK * BLOCK;
  let even = (length - start + shape.splitCount - 1u) / shape.splitCount;
  let part = (even + BLOCK - 1u) / BLOCK * BLOCK;
  return Cut(start, part, (length - start + part - 1u) / part);
}

fn loadPages(table: u32, base: u32, end: u32, index: u32) {
  if (index < WINDOW_PAGES && base + index * PAGE_TOKENS < end) {
    pages[index] = rows[table + base / PAGE_TOKENS + index] * shape.keyValueHeadCount;
  }
}

// normScales of `heads` query heads from `first` on, and of the key: two heads at a time, 64 invocations each.
fn findNormScales(row: u32, first: u32, heads: u32, key: u32, index: u32) {
  for (var base = 0u; base <= heads; base += 2u) {
    let ordinal = base + index / 64u;
    let head = select(key, first + ordinal, ordinal < heads);
    exchange[index] = vec4<f32>(headSquares(row, head, index % 64u));
    for (var half = 32u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (index % 64u < half) {
        exchange[index] += exchange[index + half];
      }
    }
    if (index % 64u == 0u && ordinal <= heads) {
      normScales[ordinal] = normScaleOf(exchange[index].x);
    }
    workgroupBarrier();
  }
}

// The row's own key (by the first 64 invocations) and value (by the others); the workgroup can read them afterwards.
fn append(row: u32, position: u32, cacheHead: u32, page: u32, normScale: f32, index: u32) {
  let isValue = index >= 64u;
  let vector = index % 64u;
  let head = shape.headCount + cacheHead + select(0u, shape.keyValueHeadCount, isValue);
  var value = vec4<f32>(0.0);
  if (vector < HEAD_VECTORS) {
    value = turnedVector(row, head, position, vector, normScale);
  }
  exchange[index] = abs(value);
  workgroupBarrier();
  if (vector < HEAD_VECTORS) {
    var even = vec4<f32>(0.0);
    var odd = vec4<f32>(0.0);
    for (var i = index / 16u * 16u; i < index / 16u * 16u + 8u; i++) {
      even = max(even, exchange[i]);
      odd = max(odd, exchange[i + 8u]);
    }
    let largest = vec2<f32>(max(max(even.x, even.y), max(even.z, even.w)), max(max(odd.x, odd.y), max(odd.z, odd.w)));
    let region = page * shape.keyValueHeadCount + cacheHead;
    if (isValue) {
      storeCacheVector(&values, region, position % PAGE_TOKENS, vector, value, largest);
    } else {
      storeCacheVector(&keys, region, position % PAGE_TOKENS, vector, value, largest);
    }
  }
  storageBarrier();
}

// Past the count the last one again: it gets no share. `offset`: of the block in the window of pages.
fn valueAt(place: u32, count: u32, offset: u32, cacheHead: u32, vector: u32) -> vec4<f32> {
  let at = min(place, count - 1u) + offset;
  return cacheVector(&values, pages[at / PAGE_TOKENS] + cacheHead, at % PAGE_TOKENS, vector);
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3<u32>, invocation: Invocation) {
  let index = invocation.index;
  let ordinal = ordinalOf(invocation);
  // HEAD_VECTORS by uniform: drivers unroll a loop of constant length, which takes some of them many seconds to compile.
  let headVectors = (shape.headLength + 3u) / 4u;
  let row = group.y;
  let headTiles = (shape.headCount / shape.keyValueHeadCount + shape.heads - 1u) / shape.heads;
  let cacheHead = group.x / headTiles;
  let firstHead = (group.x % headTiles) * shape.heads;
  let length = rows[2u * row + 1u] + 1u;
  let cut = cutOf(length);
  if (row >= batch.x || group.z >= cut.splits) {
    return;
  }
  let begin = cut.start + group.z * cut.part;
  let end = min(begin + cut.part, length);
  let first = firstSeen(length);
  let table = shape.pageTableStart + rows[2u * row] * shape.pagesPerSlot;

  let headsPerGroup = shape.headCount / shape.keyValueHeadCount;
  let heads = min(shape.heads, headsPerGroup - firstHead);
  let firstQuery = cacheHead * headsPerGroup + firstHead;
  if (HAS_NORM) {
    findNormScales(row, firstQuery, heads, shape.headCount + cacheHead, index);
  }
  if (batch.y == 0u && end == length && length <= shape.capacity) {
    var normScale = 1.0;
    if (HAS_NORM) {
      normScale = normScales[heads];
    }
    append(row, length - 1u, cacheHead, rows[table + (length - 1u) / PAGE_TOKENS], normScale, index);
  }
  for (var i = index; i < QUADS * headVectors; i += INVOCATIONS) {
    let quad = i / headVectors;
    let vector = i % headVectors;
    // repeat FOUR QTH
    var columnQTH = vec4<f32>(0.0);
    // end QTH
    for (var q = quad * 4u; q < min(quad * 4u + 4u, heads); q++) {
      var normScale = 1.0;
      if (HAS_NORM) {
        normScale = normScales[q];
      }
      let query = turnedVector(row, firstQuery + q, length - 1u, vector, normScale) * shape.scale;
      let isHere = vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(q % 4u);
      // repeat FOUR QTH
      columnQTH = select(columnQTH, vec4<f32>(query[QTH]), isHere);
      // end QTH
    }
    let at = (quad * HEAD_VECTORS + vector) * 4u;
    // repeat FOUR QTH
    queryColumns[at + QTHu] = columnQTH;
    // end QTH
  }
  let slice = ordinal % SLICES;
  let groups = INVOCATIONS / SLICES;
  let stripes = INVOCATIONS / headVectors;
  let stripe = index / HEAD_VECTORS;
  let vector = index % HEAD_VECTORS;
  // repeat QUADS NTH
  // repeat FOUR QTH
  var sumNTHofQTH = vec4<f32>(0.0);
  // end QTH
  var weightsNTH = vec4<f32>(0.0);
  var highestNTH = vec4<f32>(LOWEST);
  // end NTH

  for (var base = begin; base < end; base += BLOCK) {
    let count = min(end - base, BLOCK);
    let offset = (base - begin) % (WINDOW_PAGES * PAGE_TOKENS);
    if (offset == 0u) {
      loadPages(table, base, end, index);
      workgroupBarrier();
    }
    for (var step = 0u; step < count; step += KEYS * groups) {
      // Several at a time, so that their reads are under way together.
      // repeat KEYS KTH
      let placeKTH = step + KTHu * groups + ordinal / SLICES;
      let atKTH = offset + min(placeKTH, count - 1u);
      let regionKTH = pages[atKTH / PAGE_TOKENS] + cacheHead;
      // repeat QUADS NTH
      var scoreNTHofKTH = vec4<f32>(0.0);
      // end NTH
      // end KTH
      for (var i = slice; i < headVectors; i += SLICES) {
        // repeat KEYS KTH
        let keyKTH = cacheVector(&keys, regionKTH, atKTH % PAGE_TOKENS, i);
        // end KTH
        // repeat QUADS NTH
        // repeat FOUR QTH
        let columnNTHofQTH = queryColumns[(NTHu * HEAD_VECTORS + i) * 4u + QTHu];
        // end QTH
        // repeat KEYS KTH
        // repeat FOUR QTH
        scoreNTHofKTH += columnNTHofQTH * keyKTH[QTH];
        // end QTH
        // end KTH
        // end NTH
      }
      // repeat KEYS KTH
      let seenKTH = base + placeKTH >= first;
      // repeat QUADS NTH
      scoreNTHofKTH = sumSlices(scoreNTHofKTH, ordinal);
      if (slice == 0u && placeKTH < count) {
        scores[NTHu * BLOCK + placeKTH] = select(vec4<f32>(LOWEST), capped(scoreNTHofKTH), seenKTH);
      }
      // end NTH
      // end KTH
    }
    workgroupBarrier();
    if (index < QUADS * 8u) {
      var most = vec4<f32>(LOWEST);
      for (var i = index % 8u; i < count; i += 8u) {
        most = max(most, scores[index / 8u * BLOCK + i]);
      }
      tops[index] = most;
    }
    workgroupBarrier();
    // Not by the exponential alone: before a row has seen anything, the highest is LOWEST too.
    let hasShare = index < count && base + index >= first;
    // repeat QUADS NTH
    var topNTH = highestNTH;
    for (var i = 0u; i < min(count, 8u); i++) {
      topNTH = max(topNTH, tops[NTHu * 8u + i]);
    }
    let shrinkNTH = exp(highestNTH - topNTH);
    highestNTH = topNTH;
    weightsNTH *= shrinkNTH;
    // repeat FOUR QTH
    sumNTHofQTH *= shrinkNTH[QTH];
    // end QTH
    if (index < BLOCK) {
      let score = scores[NTHu * BLOCK + index];
      scores[NTHu * BLOCK + index] = select(vec4<f32>(0.0), exp(score - topNTH), hasShare);
    }
    // end NTH
    workgroupBarrier();
    if (stripe < stripes) {
      // Several at a time, so that their reads are under way together.
      for (var i = stripe; i < count; i += LOADS * stripes) {
        // repeat LOADS VTH
        let placeVTH = i + VTHu * stripes;
        let valueVTH = valueAt(placeVTH, count, offset, cacheHead, vector);
        // end VTH
        // repeat QUADS NTH
        // repeat LOADS VTH
        let shareNTHofVTH = select(vec4<f32>(0.0), scores[NTHu * BLOCK + min(placeVTH, BLOCK - 1u)], placeVTH < count);
        weightsNTH += shareNTHofVTH;
        // repeat FOUR QTH
        sumNTHofQTH += shareNTHofVTH[QTH] * valueVTH;
        // end QTH
        // end VTH
        // end NTH
      }
    }
    workgroupBarrier();
  }

  // Adds the stripes up, in their order, one query after the other.
  for (var q = 0u; q < shape.heads; q++) {
    // repeat QUADS NTH
    // repeat FOUR QTH
    if (q == 4u * NTHu + QTHu) {
      exchange[index] = sumNTHofQTH;
      exchangedStates[index] = vec2<f32>(weightsNTH[QTH], highestNTH[QTH]);
    }
    // end QTH
    // end NTH
    workgroupBarrier();
    if (index < HEAD_VECTORS && q < heads) {
      var sum = exchange[index];
      var weight = exchangedStates[index].x;
      for (var i = 1u; i < stripes; i++) {
        sum += exchange[i * HEAD_VECTORS + index];
        weight += exchangedStates[i * HEAD_VECTORS + index].x;
      }
      let head = firstQuery + q;
      if (cut.splits == 1u) {
        storeOutput(row, head, index, sum / weight);
      } else {
        let at = ((row * shape.headCount + head) * shape.splitCount + group.z) * (HEAD_VECTORS + 1u);
        parts[at + index] = sum;
        if (index == 0u) {
          parts[at + HEAD_VECTORS] = vec4<f32>(weight, exchangedStates[0].y, 0.0, 0.0);
        }
      }
    }
    workgroupBarrier();
  }
}

// One workgroup per (head, row): the parts of its splits, at most INVOCATIONS, under the highest score of all.
@compute @workgroup_size(INVOCATIONS)
fn merge(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.y;
  let splits = cutOf(rows[2u * row + 1u] + 1u).splits;
  if (splits == 1u || row >= batch.x) {
    return;
  }
  let first = (row * shape.headCount + group.x) * shape.splitCount * (HEAD_VECTORS + 1u);
  var state = vec2<f32>(0.0, LOWEST);
  if (index < splits) {
    state = parts[first + index * (HEAD_VECTORS + 1u) + HEAD_VECTORS].xy;
  }
  exchangedStates[index] = state;
  workgroupBarrier();
  var most = LOWEST;
  for (var i = 0u; i < splits; i++) {
    most = max(most, exchangedStates[i].y);
  }
  workgroupBarrier();
  let factor = exp(state.y - most);
  exchangedStates[index] = vec2<f32>(factor * state.x, factor);
  workgroupBarrier();
  let stripes = INVOCATIONS / ((shape.headLength + 3u) / 4u);
  let stripe = index / HEAD_VECTORS;
  var sum = vec4<f32>(0.0);
  if (stripe < stripes) {
    for (var i = stripe; i < splits; i += stripes) {
      sum += exchangedStates[i].y * parts[first + i * (HEAD_VECTORS + 1u) + index % HEAD_VECTORS];
    }
  }
  exchange[index] = sum;
  workgroupBarrier();
  if (index >= HEAD_VECTORS) {
    return;
  }
  for (var i = 1u; i < stripes; i++) {
    sum += exchange[i * HEAD_VECTORS + index];
  }
  var weight = 0.0;
  for (var i = 0u; i < splits; i++) {
    weight += exchangedStates[i].x;
  }
  storeOutput(row, group.x, index, sum / weight);
}
