// How matrix-vector.wgsl stages x for int8 sections of formats: times the gain, then rounded by blocks of 32, see unit-int8.wgsl.
// Three steps with barriers between: peaks of vectors, codes of vectors, sums of blocks. Host: worker/llm/kernels/matrix-vector.ts
const VECTORS_EACH = TILE_VECTORS / WORKGROUP;
const TILE_BLOCKS = TILE_VECTORS / 8u;

// Words of codes, [vector of the unit][unit].
var<workgroup> codes: array<u32, UNIT_VECTORS * STRIDE>;
var<workgroup> peaks: array<f32, TILE_VECTORS>;
var<workgroup> unitScales: array<f32, TILE_UNITS>;
var<workgroup> blockSteps: array<u32, TILE_BLOCKS>;
var<workgroup> blockSums: array<i32, TILE_BLOCKS>;

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
      let own = v & ~3u;
      let other = own ^ 4u;
      let halfPeak = max(max(peaks[own], peaks[own + 1u]), max(peaks[own + 2u], peaks[own + 3u]));
      let otherPeak = max(max(peaks[other], peaks[other + 1u]), max(peaks[other + 2u], peaks[other + 3u]));
      let peak = max(halfPeak, otherPeak);
      let step = stepOf(halfPeak, peak);
      codes[codePlace(v)] = quantise(values[i], step, peak);
      if (UNIT_VECTORS == 4u && v == own) {
        unitScales[v / 4u] = scaleOf(peak) * step;
      }
      if (UNIT_VECTORS == 8u && (v & 7u) == 0u) {
        unitScales[v / 8u] = scaleOf(peak);
        blockSteps[v / 8u] = u32(step) | (u32(stepOf(otherPeak, peak)) << 16u);
      }
    }
  }
  if (NEEDS_SUM) {
    workgroupBarrier();
    let ones = vec4<u32>(0x01010101u);
    for (var block = index; block < count / 8u; block += WORKGROUP) {
      blockSums[block] = dotHalves(ones, ones, codedUnit(block));
    }
  }
  return squares;
}

fn codedUnit(unit: u32) -> Unit {
  var values: Unit;
  for (var i = 0u; i < 4u; i++) {
    values.first[i] = codes[i * STRIDE + unit];
  }
  if (UNIT_VECTORS == 8u) {
    for (var i = 0u; i < 4u; i++) {
      values.second[i] = codes[(4u + i) * STRIDE + unit];
    }
    values.steps = blockSteps[unit];
  }
  values.scale = unitScales[unit];
  return values;
}

fn stagedUnit(unit: u32) -> Unit {
  var values = codedUnit(unit);
  if (NEEDS_SUM) {
    values.sum = blockSums[unit];
  }
  return values;
}
