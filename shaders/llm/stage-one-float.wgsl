// How matrix-vector.wgsl stages x for float sections of formats: as it is. Host: worker/llm/kernels/matrix-vector.ts
alias Unit = array<vec4<f32>, UNIT_VECTORS>;

// [vector of the unit][unit].
var<workgroup> staged: array<vec4<f32>, UNIT_VECTORS * STRIDE>;

// One tile of x, times the gain; the squares of this invocation's vectors added to those before, one by one.
fn stage(tile: u32, index: u32, before: f32) -> f32 {
  let first = tile * TILE_VECTORS;
  let count = min(shape.blocks * 8u - first, TILE_VECTORS);
  var squares = before;
  for (var v = index; v < count; v += WORKGROUP) {
    var value = x[first + v];
    if (shape.normalise != 0u) {
      squares += dot(value, value);
      value *= gain[first + v];
    }
    staged[(v % UNIT_VECTORS) * STRIDE + v / UNIT_VECTORS] = value;
  }
  return squares;
}

fn stagedUnit(unit: u32) -> Unit {
  var values: Unit;
  for (var i = 0u; i < UNIT_VECTORS; i++) {
    values[i] = staged[i * STRIDE + unit];
  }
  return values;
}
