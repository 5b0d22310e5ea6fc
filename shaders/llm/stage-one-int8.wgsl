// How matrix-vector.wgsl stages x for int8 sections of formats: times the gain, then rounded by blocks of 32, see unit-int8.wgsl.
// Three steps with barriers between: peaks of vectors, codes of vectors, sums of blocks. Host: worker/llm/kernels/matrix-vector.ts
const VECTORS_EACH = TILE_VECTORS / WORKGROUP;

// Words of codes, [vector of the unit][unit].
var<workgroup> codes: array<u32, UNIT_VECTORS * STRIDE>;
var<workgroup> peaks: array<f32, TILE_VECTORS>;
var<workgroup> blockScales: array<f32, TILE_VECTORS / 8u>;
var<workgroup> blockSums: array<i32, TILE_VECTORS / 8u>;

fn codePlace(v: u32) -> u32 {
  return (v % UNIT_VECTORS) * STRIDE + v / UNIT_VECTORS;
}

// One tile of x; the squares of this invocation's vectors added to those before, one by one.
fn stage(tile: u32, index: u32, before: f32) -> f32 {
  let first = tile * TILE_VECTORS;
  let count = min(shape.blocks * 8u - first, TILE_VECTORS);
  var squares = before;
  var values: array<vec4<f32>, VECTORS_EACH>;
  for (var i = 0u; i < VECTORS_EACH; i++) {
    let v = index + i * WORKGROUP;
    if (v < count) {
      var value = x[first + v];
      if (shape.normalise != 0u) {
        squares += dot(value, value);
        value *= gain[first + v];
      }
      values[i] = value;
      peaks[v] = peakOf(value);
    }
  }
  workgroupBarrier();
  for (var i = 0u; i < VECTORS_EACH; i++) {
    let v = index + i * WORKGROUP;
    if (v < count) {
      let start = v & ~7u;
      var peak = peaks[start];
      for (var other = 1u; other < 8u; other++) {
        peak = max(peak, peaks[start + other]);
      }
      codes[codePlace(v)] = quantise(values[i], peak);
      if (v == start) {
        blockScales[v / 8u] = peak / 127.0;
      }
    }
  }
  if (NEEDS_SUM) {
    workgroupBarrier();
    for (var block = index; block < count / 8u; block += WORKGROUP) {
      var sum = 0;
      for (var i = 0u; i < 8u; i++) {
        sum += dot4I8Packed(codes[codePlace(block * 8u + i)], 0x01010101u);
      }
      blockSums[block] = sum;
    }
  }
  return squares;
}

fn stagedUnit(unit: u32) -> Unit {
  let block = unit * UNIT_VECTORS / 8u;
  var values: Unit;
  for (var i = 0u; i < 4u; i++) {
    values.first[i] = codes[i * STRIDE + unit];
  }
  if (UNIT_VECTORS == 8u) {
    for (var i = 0u; i < 4u; i++) {
      values.second[i] = codes[(4u + i) * STRIDE + unit];
    }
  }
  values.scale = blockScales[block];
  if (NEEDS_SUM) {
    values.sum = blockSums[block];
  }
  return values;
}
