// Y[t][offset + r] = SiLU(a) * b, a = Wgate[r] . n(X[t]), b = Wup[r] . n(X[t]), n = RMSNorm with gain g: the front half of a
// SwiGLU layer for many tokens (prefill). Tiling and layout as in matrix-matrix.wgsl, with two weight tiles (12 KiB of
// workgroup memory); the two matrices may differ in format. Tolerance against float64: NMSE 1e-10.
// Host: worker/llm/kernels/gated-matrix-matrix.ts
struct Shape {
  rows: u32,
  blocks: u32,
  columns: u32,
  outputOffset: u32,
  outputStride: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> gateTile: array<vec4<f32>, 256>;
var<workgroup> upTile: array<vec4<f32>, 256>;
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
  var squares = 0.0;
  var gate0 = vec4<f32>(0.0);
  var gate1 = vec4<f32>(0.0);
  var gate2 = vec4<f32>(0.0);
  var gate3 = vec4<f32>(0.0);
  var up0 = vec4<f32>(0.0);
  var up1 = vec4<f32>(0.0);
  var up2 = vec4<f32>(0.0);
  var up3 = vec4<f32>(0.0);

  for (var block = 0u; block < shape.blocks; block++) {
    for (var i = 0u; i < 4u; i++) {
      let column = loadHalf * 4u + i;
      let value = x[((tokenBase + loadToken) * shape.blocks + block) * 8u + column];
      squares += dot(value, value);
      let scaled = value * gain[block * 8u + column];
      for (var j = 0u; j < 4u; j++) {
        inputTile[(column * 4u + j) * 8u + loadToken / 4u][loadToken % 4u] = scaled[j];
      }
    }
    loadGateTile(rowBase, block, index);
    loadUpTile(rowBase, block, index);
    workgroupBarrier();
    for (var column = 0u; column < 32u; column++) {
      let gates = gateTile[column * 8u + rowQuad];
      let ups = upTile[column * 8u + rowQuad];
      let inputs = inputTile[column * 8u + tokenQuad];
      gate0 += gates * inputs.x;
      gate1 += gates * inputs.y;
      gate2 += gates * inputs.z;
      gate3 += gates * inputs.w;
      up0 += ups * inputs.x;
      up1 += ups * inputs.y;
      up2 += ups * inputs.z;
      up3 += ups * inputs.w;
    }
    workgroupBarrier();
  }

  squareSums[index] = squares;
  workgroupBarrier();
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u, gate0, up0);
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u + 1u, gate1, up1);
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u + 2u, gate2, up2);
  store(rowBase + rowQuad * 4u, tokenBase, tokenQuad * 4u + 3u, gate3, up3);
}

fn loadGateTile(rowBase: u32, block: u32, index: u32) {
  let unitsPerBlock = 8u / GATE_UNIT_VECTORS;
  for (var unit = index; unit < 32u * unitsPerBlock; unit += 64u) {
    let row = unit / unitsPerBlock;
    let part = unit % unitsPerBlock;
    var weights: GateUnit;
    if (rowBase + row < shape.rows) {
      weights = gateLoad(rowBase + row, block * unitsPerBlock + part, shape.blocks);
    }
    for (var i = 0u; i < GATE_UNIT_VECTORS; i++) {
      let column = (part * GATE_UNIT_VECTORS + i) * 4u;
      for (var j = 0u; j < 4u; j++) {
        gateTile[(column + j) * 8u + row / 4u][row % 4u] = weights[i][j];
      }
    }
  }
}

fn loadUpTile(rowBase: u32, block: u32, index: u32) {
  let unitsPerBlock = 8u / UP_UNIT_VECTORS;
  for (var unit = index; unit < 32u * unitsPerBlock; unit += 64u) {
    let row = unit / unitsPerBlock;
    let part = unit % unitsPerBlock;
    var weights: UpUnit;
    if (rowBase + row < shape.rows) {
      weights = upLoad(rowBase + row, block * unitsPerBlock + part, shape.blocks);
    }
    for (var i = 0u; i < UP_UNIT_VECTORS; i++) {
      let column = (part * UP_UNIT_VECTORS + i) * 4u;
      for (var j = 0u; j < 4u; j++) {
        upTile[(column + j) * 8u + row / 4u][row % 4u] = weights[i][j];
      }
    }
  }
}

fn store(row: u32, tokenBase: u32, token: u32, gates: vec4<f32>, ups: vec4<f32>) {
  let squares = squareSums[token * 2u] + squareSums[token * 2u + 1u];
  let scale = inverseSqrt(squares / f32(shape.columns) + shape.epsilon);
  let base = (tokenBase + token) * shape.outputStride + shape.outputOffset + row;
  for (var i = 0u; i < 4u; i++) {
    if (row + i < shape.rows) {
      let gate = gates[i] * scale;
      y[base + i] = gate / (1.0 + exp(-gate)) * (ups[i] * scale);
    }
  }
}
