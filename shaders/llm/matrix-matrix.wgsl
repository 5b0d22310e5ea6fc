// result = sum_k W[r][k] * X[t][k], with `normalise` after RMSNorm of each X[t] (its sum of squares is taken while the tiles pass by);
// Y[t][offset + r] becomes the result, or is added to (a residual), or becomes activation(Y) * result (the up half of a gated
// layer, over the gate half); with a soft cap c the result is c tanh(result / c). Many tokens (prefill). One pipeline serves all of these: a workgroup array is zeroed by generated code, which some
// drivers take a second to compile. A workgroup of 64 makes a tile of 32 rows x 32 tokens, 4 x 4 per invocation in
// named registers; 32 columns a step through 8 KiB of workgroup memory, weights dequantised once per tile.
// X: [chunk][blocks * 32], zero past `columns`, chunk a multiple of 32 (rows past the last token are read, never written).
// Y: [chunk][outputStride]. f32 accumulation; tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/matrix-matrix.ts
struct Shape {
  rows: u32,
  blocks: u32,
  columns: u32,
  outputOffset: u32,
  outputStride: u32,
  normalise: u32,
  // 0 replace, 1 add, 2 gate.
  combine: u32,
  // Of `gate`.
  activation: u32,
  epsilon: f32,
  // 0 without.
  softCap: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
// Tokens of this batch, in x; the rest of the tile is skipped.
@group(0) @binding(6) var<uniform> batch: vec4<u32>;

// [column][row / 4] and [column][token / 4].
var<workgroup> weightTile: array<vec4<f32>, 256>;
var<workgroup> inputTile: array<vec4<f32>, 256>;
var<workgroup> squareSums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let rowBase = group.x * 32u;
  let tokenBase = group.y * 32u;
  let rowQuad = index % 8u;
  let tokenQuad = index / 8u;
  let loadToken = index / 2u;
  let loadHalf = index % 2u;
  let unitsPerBlock = 8u / WEIGHT_UNIT_VECTORS;
  // Zero for invocations whose four tokens are all past the end: they load and wait, but do not sum.
  let columnsToSum = select(0u, 32u, tokenBase + tokenQuad * 4u < batch.x);
  var squares = 0.0;
  var sum0 = vec4<f32>(0.0);
  var sum1 = vec4<f32>(0.0);
  var sum2 = vec4<f32>(0.0);
  var sum3 = vec4<f32>(0.0);

  for (var block = 0u; block < shape.blocks; block++) {
    for (var i = 0u; i < 4u; i++) {
      let column = loadHalf * 4u + i;
      var value = x[((tokenBase + loadToken) * shape.blocks + block) * 8u + column];
      if (shape.normalise != 0u) {
        squares += dot(value, value);
        value *= gain[block * 8u + column];
      }
      let place = column * 32u + loadToken / 4u;
      let component = loadToken % 4u;
      inputTile[place][component] = value.x;
      inputTile[place + 8u][component] = value.y;
      inputTile[place + 16u][component] = value.z;
      inputTile[place + 24u][component] = value.w;
    }
    for (var unit = index; unit < 32u * unitsPerBlock; unit += 64u) {
      let row = unit / unitsPerBlock;
      let part = unit % unitsPerBlock;
      var weights: WeightUnit;
      if (rowBase + row < shape.rows) {
        weights = weightLoad(rowBase + row, block * unitsPerBlock + part, shape.blocks);
      }
      for (var i = 0u; i < WEIGHT_UNIT_VECTORS; i++) {
        let place = (part * WEIGHT_UNIT_VECTORS + i) * 32u + row / 4u;
        let component = row % 4u;
        let vector = weights[i];
        weightTile[place][component] = vector.x;
        weightTile[place + 8u][component] = vector.y;
        weightTile[place + 16u][component] = vector.z;
        weightTile[place + 24u][component] = vector.w;
      }
    }
    workgroupBarrier();
    for (var column = 0u; column < columnsToSum; column++) {
      let weights = weightTile[column * 8u + rowQuad];
      let inputs = inputTile[column * 8u + tokenQuad];
      sum0 += weights * inputs.x;
      sum1 += weights * inputs.y;
      sum2 += weights * inputs.z;
      sum3 += weights * inputs.w;
    }
    workgroupBarrier();
  }

  if (shape.normalise != 0u) {
    squareSums[index] = squares;
    workgroupBarrier();
  }
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u, sum0);
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u + 1u, sum1);
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u + 2u, sum2);
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u + 3u, sum3);
}

fn store(row: u32, tokenBase: u32, token: u32, sum: vec4<f32>) {
  if (tokenBase + token >= batch.x) {
    return;
  }
  var scale = 1.0;
  if (shape.normalise != 0u) {
    let squares = squareSums[token * 2u] + squareSums[token * 2u + 1u];
    scale = inverseSqrt(squares / f32(shape.columns) + shape.epsilon);
  }
  let base = (tokenBase + token) * shape.outputStride + shape.outputOffset + row;
  for (var i = 0u; i < 4u; i++) {
    if (row + i < shape.rows) {
      var result = softCap(sum[i] * scale, shape.softCap);
      if (shape.combine != 0u) {
        let before = y[base + i];
        result = select(activate(before, shape.activation) * result, before + result, shape.combine == 1u);
      }
      y[base + i] = result;
    }
  }
}
