// Gathers an embedding from the rows of a batch, each after the final RMSNorm with its gain: sum, first or last row.
// pooled[c] (+)= hidden[t][c] * gain[c] / sqrt(mean(hidden[t]^2) + epsilon). One workgroup; rows in their order, so that the sum does
// not depend on the batches. hidden: [row][stride]; pooled: [columns], set to zero before the first batch by the host.
// Tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/pool-hidden.ts
struct Shape {
  columns: u32,
  stride: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> shape: Shape;
// (first row, rows) that count.
@group(0) @binding(1) var<uniform> range: vec4<u32>;
@group(0) @binding(2) var<storage, read> hidden: array<f32>;
@group(0) @binding(3) var<storage, read> gain: array<f32>;
@group(0) @binding(4) var<storage, read_write> pooled: array<f32>;

var<workgroup> squareSums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32) {
  for (var row = range.x; row < range.x + range.y; row++) {
    let base = row * shape.stride;
    var squares = 0.0;
    for (var i = index; i < shape.columns; i += 64u) {
      squares += hidden[base + i] * hidden[base + i];
    }
    workgroupBarrier();
    squareSums[index] = squares;
    for (var half = 32u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (index < half) {
        squareSums[index] += squareSums[index + half];
      }
    }
    workgroupBarrier();
    let scale = inverseSqrt(squareSums[0] / f32(shape.columns) + shape.epsilon);
    for (var i = index; i < shape.columns; i += 64u) {
      pooled[i] += hidden[base + i] * scale * gain[i];
    }
  }
}
