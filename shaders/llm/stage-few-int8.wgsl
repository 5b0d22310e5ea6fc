// How matrix-columns.wgsl stages x for int8 sections of formats: what stage-one-int8.wgsl does, to the last bit, for eight tokens.
// Host: worker/llm/kernels/matrix-vector.ts
const TILE_BLOCKS = TILE_VECTORS / 8u;

// Peaks, [token][vector]; afterwards squares and sums.
var<workgroup> staged: array<vec4<f32>, COLUMNS * TILE_VECTORS>;
// Words of codes, [token][vector of the unit][unit].
var<workgroup> codes: array<u32, COLUMNS * UNIT_VECTORS * STRIDE>;
// [token][unit].
var<workgroup> unitScales: array<f32, COLUMNS * TILE_UNITS>;
// [token][block].
var<workgroup> blockSteps: array<u32, COLUMNS * TILE_BLOCKS>;
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
      let own = token * TILE_VECTORS + (v & ~3u);
      let other = own ^ 4u;
      let halfPeak = max(max(staged[own].x, staged[own + 1u].x), max(staged[own + 2u].x, staged[own + 3u].x));
      let otherPeak = max(max(staged[other].x, staged[other + 1u].x), max(staged[other + 2u].x, staged[other + 3u].x));
      let peak = max(halfPeak, otherPeak);
      let step = stepOf(halfPeak, peak);
      codes[codePlace(token, v)] = quantise(values[j], step, peak);
      if (UNIT_VECTORS == 4u && (v & 3u) == 0u) {
        unitScales[token * TILE_UNITS + v / 4u] = scaleOf(peak) * step;
      }
      if (UNIT_VECTORS == 8u && (v & 7u) == 0u) {
        unitScales[token * TILE_UNITS + v / 8u] = scaleOf(peak);
        blockSteps[token * TILE_BLOCKS + v / 8u] = u32(step) | (u32(stepOf(otherPeak, peak)) << 16u);
      }
    }
  }
  if (NEEDS_SUM) {
    workgroupBarrier();
    let ones = vec4<u32>(0x01010101u);
    for (var block = index; block < COLUMNS * TILE_BLOCKS; block += WORKGROUP) {
      blockSums[block] = dotHalves(ones, ones, codedUnit(block / TILE_BLOCKS, block % TILE_BLOCKS));
    }
  }
  return squares;
}

fn codedUnit(token: u32, unit: u32) -> Unit {
  let place = token * UNIT_VECTORS * STRIDE + unit;
  var values: Unit;
  for (var i = 0u; i < 4u; i++) {
    values.first[i] = codes[place + i * STRIDE];
  }
  if (UNIT_VECTORS == 8u) {
    for (var i = 0u; i < 4u; i++) {
      values.second[i] = codes[place + (4u + i) * STRIDE];
    }
    values.steps = blockSteps[token * TILE_BLOCKS + unit];
  }
  values.scale = unitScales[token * TILE_UNITS + unit];
  return values;
}

fn stagedUnit(token: u32, unit: u32) -> Unit {
  var values = codedUnit(token, unit);
  if (NEEDS_SUM) {
    values.sum = blockSums[token * TILE_BLOCKS + unit];
  }
  return values;
}
