// hidden[t] += RMSNorm(branch[t]) * gain: what closes a branch in architectures with norms on both sides. One workgroup per token;
// rows of [stride] floats, zero past `columns`. Tolerance against float64: NMSE 1e-12. Host: worker/llm/kernels/add-normalised.ts
struct Shape {
  columns: u32,
  stride: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> branch: array<f32>;
@group(0) @binding(2) var<storage, read> gain: array<f32>;
@group(0) @binding(3) var<storage, read_write> hidden: array<f32>;

var<workgroup> squareSums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let base = group.x * shape.stride;
  var squares = 0.0;
  for (var i = index; i < shape.columns; i += 256u) {
    let value = branch[base + i];
    squares += value * value;
  }
  squareSums[index] = squares;
  for (var half = 128u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      squareSums[index] += squareSums[index + half];
    }
  }
  workgroupBarrier();
  let scale = inverseSqrt(squareSums[0] / f32(shape.columns) + shape.epsilon);
  for (var i = index; i < shape.columns; i += 256u) {
    hidden[base + i] += branch[base + i] * scale * gain[i];
  }
}
