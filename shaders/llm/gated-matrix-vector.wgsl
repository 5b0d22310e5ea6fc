// y[offset + r] = activation(a) * b, a = Wgate[r] . n(x), b = Wup[r] . n(x), n = RMSNorm with gain g: the whole front half of a
// gated layer for one token (decode). Layout and reduction as in matrix-vector.wgsl; the two matrices may differ in format.
// Tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/gated-matrix-vector.ts
struct Shape {
  rows: u32,
  blocks: u32,
  columns: u32,
  outputOffset: u32,
  // A power of two up to 32; by uniform, so that one pipeline serves every shape.
  lanes: u32,
  activation: u32,
  epsilon: f32,
}
const WORKGROUP = 64u;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// (gate 0, gate 1, up 0, up 1) of two rows.
var<workgroup> sums: array<vec4<f32>, WORKGROUP>;
var<workgroup> squareSums: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lane = index % shape.lanes;
  let row = ((group.x + group.y * groups.x) * (WORKGROUP / shape.lanes) + index / shape.lanes) * 2u;
  var sum = vec4<f32>(0.0);
  var squares = 0.0;
  if (row < shape.rows) {
    let row1 = min(row + 1u, shape.rows - 1u);
    // Both formats walk the row in steps of 32 columns, their common multiple.
    for (var block = lane; block < shape.blocks; block += shape.lanes) {
      var values: array<vec4<f32>, 8>;
      for (var i = 0u; i < 8u; i++) {
        let value = x[block * 8u + i];
        squares += dot(value, value);
        values[i] = value * gain[block * 8u + i];
      }
      sum += vec4<f32>(
        gateDotBlock(row, block, values),
        gateDotBlock(row1, block, values),
        upDotBlock(row, block, values),
        upDotBlock(row1, block, values),
      );
    }
  }
  sums[index] = sum;
  squareSums[index] = squares;
  for (var half = shape.lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sums[index] += sums[index + half];
      squareSums[index] += squareSums[index + half];
    }
  }
  if (lane == 0u) {
    let scale = inverseSqrt(squareSums[index] / f32(shape.columns) + shape.epsilon);
    for (var i = 0u; i < 2u && row + i < shape.rows; i++) {
      let gate = sums[index][i] * scale;
      y[shape.outputOffset + row + i] = activate(gate, shape.activation) * (sums[index][i + 2u] * scale);
    }
  }
}

fn gateDotBlock(row: u32, block: u32, values: array<vec4<f32>, 8>) -> f32 {
  var sum = 0.0;
  for (var part = 0u; part < 8u / GATE_UNIT_VECTORS; part++) {
    var slice: GateUnit;
    for (var i = 0u; i < GATE_UNIT_VECTORS; i++) {
      slice[i] = values[part * GATE_UNIT_VECTORS + i];
    }
    sum += gateDot(row, block * (8u / GATE_UNIT_VECTORS) + part, shape.blocks, slice);
  }
  return sum;
}

fn upDotBlock(row: u32, block: u32, values: array<vec4<f32>, 8>) -> f32 {
  var sum = 0.0;
  for (var part = 0u; part < 8u / UP_UNIT_VECTORS; part++) {
    var slice: UpUnit;
    for (var i = 0u; i < UP_UNIT_VECTORS; i++) {
      slice[i] = values[part * UP_UNIT_VECTORS + i];
    }
    sum += upDot(row, block * (8u / UP_UNIT_VECTORS) + part, shape.blocks, slice);
  }
  return sum;
}
