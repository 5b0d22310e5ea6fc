// How matrix-columns.wgsl stages x for int8 sections of formats: what stage-one-int8.wgsl does, to the last bit, for eight tokens.
// Host: worker/llm/kernels/matrix-vector.ts
const TILE_BLOCKS = TILE_VECTORS / 8u;

// Peaks, [token][vector]; afterwards squares and sums.
var<workgroup> staged: array<vec4<f32>, COLUMNS * TILE_VECTORS>;
// Words of codes, [token][vector of the unit][unit].
var<workgroup> codes: array<u32, COLUMNS * UNIT_VECTORS * STRIDE>;
// [token][block].
var<workgroup> blockScales: array<f32, COLUMNS * TILE_BLOCKS>;
var<workgroup> blockSums: array<i32, COLUMNS * TILE_BLOCKS>;

fn codePlace(token: u32, v: u32) -> u32 {
  return (token * UNIT_VECTORS + v % UNIT_VECTORS) * STRIDE + v / UNIT_VECTORS;
}

// One tile of the tokens of this workgroup. Invocation i stages vector i % 128 of tokens 2j + i / 128, j = 0 to 3, and gives the squares of
// these vectors.
fn stage(tile: u32, firstToken: u32, tokens: u32, index: u32) -> vec4<f32> {
  let v = index & (TILE_VECTORS - 1u);
  let at = tile * TILE_VECTORS + v;
  let isInside = at < shape.blocks * 8u;
  var squares = vec4<f32>(0.0);
  var values: array<vec4<f32>, 4>;
  if (isInside) {
    for (var j = 0u; j < 4u; j++) {
      let token = 2u * j + index / TILE_VECTORS;
      var value = vec4<f32>(0.0);
      if (token < tokens) {
        value = x[(firstToken + token) * shape.blocks * 8u + at];
      }
      if (shape.normalise != 0u) {
        squares[j] = dot(value, value);
        value *= gain[at];
      }
      values[j] = value;
      staged[token * TILE_VECTORS + v] = vec4<f32>(peakOf(value));
    }
  }
  workgroupBarrier();
  if (isInside) {
    for (var j = 0u; j < 4u; j++) {
      let token = 2u * j + index / TILE_VECTORS;
      let start = token * TILE_VECTORS + (v & ~7u);
      var peak = staged[start].x;
      for (var other = 1u; other < 8u; other++) {
        peak = max(peak, staged[start + other].x);
      }
      codes[codePlace(token, v)] = quantise(values[j], peak);
      if ((v & 7u) == 0u) {
        blockScales[token * TILE_BLOCKS + v / 8u] = peak / 127.0;
      }
    }
  }
  if (NEEDS_SUM) {
    workgroupBarrier();
    for (var block = index; block < COLUMNS * TILE_BLOCKS; block += WORKGROUP) {
      var sum = 0;
      for (var i = 0u; i < 8u; i++) {
        sum += dot4I8Packed(codes[codePlace(block / TILE_BLOCKS, (block % TILE_BLOCKS) * 8u + i)], 0x01010101u);
      }
      blockSums[block] = sum;
    }
  }
  return squares;
}

fn stagedUnit(token: u32, unit: u32) -> Unit {
  let block = token * TILE_BLOCKS + unit * UNIT_VECTORS / 8u;
  let place = token * UNIT_VECTORS * STRIDE + unit;
  var values: Unit;
  for (var i = 0u; i < 4u; i++) {
    values.first[i] = codes[place + i * STRIDE];
  }
  if (UNIT_VECTORS == 8u) {
    for (var i = 0u; i < 4u; i++) {
      values.second[i] = codes[place + (4u + i) * STRIDE];
    }
  }
  values.scale = blockScales[block];
  if (NEEDS_SUM) {
    values.sum = blockSums[block];
  }
  return values;
}
