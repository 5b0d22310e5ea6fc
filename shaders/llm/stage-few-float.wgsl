// How matrix-columns.wgsl stages x for float sections of formats: as it is. Host: worker/llm/kernels/matrix-vector.ts
alias Unit = array<vec4<f32>, UNIT_VECTORS>;

// [token][vector of the unit][unit]; afterwards squares and sums, which need 1024 vectors.
var<workgroup> staged: array<vec4<f32>, COLUMNS * UNIT_VECTORS * STRIDE>;

// One tile of the tokens of this workgroup, times the gain. Invocation i stages vector i % 128 of tokens 2j + i / 128, j = 0 to 3, and gives
// the squares of these vectors.
fn stage(tile: u32, firstToken: u32, tokens: u32, index: u32) -> vec4<f32> {
  let v = index & (TILE_VECTORS - 1u);
  let at = tile * TILE_VECTORS + v;
  var squares = vec4<f32>(0.0);
  if (at < shape.blocks * 8u) {
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
      staged[(token * UNIT_VECTORS + v % UNIT_VECTORS) * STRIDE + v / UNIT_VECTORS] = value;
    }
  }
  return squares;
}

fn stagedUnit(token: u32, unit: u32) -> Unit {
  var values: Unit;
  for (var i = 0u; i < UNIT_VECTORS; i++) {
    values[i] = staged[(token * UNIT_VECTORS + i) * STRIDE + unit];
  }
  return values;
}
