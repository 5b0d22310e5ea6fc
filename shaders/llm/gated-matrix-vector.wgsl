// y[offset + r] = SiLU(a) * b, a = Wgate[r] . n(x), b = Wup[r] . n(x), n = RMSNorm with gain g: the whole front half of a
// SwiGLU layer for one token (decode). Layout and reduction as in matrix-vector.wgsl; the two matrices may differ in format.
// Tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/gated-matrix-vector.ts
struct Shape {
  rows: u32,
  blocks: u32,
  columns: u32,
  outputOffset: u32,
  epsilon: f32,
}
override WORKGROUP: u32 = 64;
override LANES: u32 = 16;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<vec3<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lane = index % LANES;
  let row = (group.x + group.y * groups.x) * (WORKGROUP / LANES) + index / LANES;
  var sum = vec3<f32>(0.0);
  if (row < shape.rows) {
    // Both formats walk the row in steps of 32 columns, their common multiple.
    for (var block = lane; block < shape.blocks; block += LANES) {
      var values: array<vec4<f32>, 8>;
      for (var i = 0u; i < 8u; i++) {
        let value = x[block * 8u + i];
        sum.z += dot(value, value);
        values[i] = value * gain[block * 8u + i];
      }
      sum.x += gateDotBlock(row, block, values);
      sum.y += upDotBlock(row, block, values);
    }
  }
  sums[index] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sums[index] += sums[index + half];
    }
  }
  if (lane == 0u && row < shape.rows) {
    let total = sums[index];
    let scale = inverseSqrt(total.z / f32(shape.columns) + shape.epsilon);
    let gate = total.x * scale;
    y[shape.outputOffset + row] = gate / (1.0 + exp(-gate)) * (total.y * scale);
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
