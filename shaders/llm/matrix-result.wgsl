// What the matrix kernels for batches do with a sum: y[token][outputOffset + row] becomes it, or is added to (a residual), or becomes
// activation(y) * it (the up half of a gated layer, over the gate half); with a soft cap c the sum is bent to c tanh(sum / c) first.
// Y: [chunk][outputStride]. Host: worker/llm/kernels/matrix-result.ts
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
  // Parts that the columns are cut into, the blocks of each, and the numbers of one part: [chunk][rows].
  parts: u32,
  partBlocks: u32,
  partStride: u32,
  epsilon: f32,
  // 0 without.
  softCap: f32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
// Tokens of this batch, in x.
@group(0) @binding(6) var<uniform> batch: vec4<u32>;

fn writeResult(row: u32, token: u32, sum: f32) {
  let place = token * shape.outputStride + shape.outputOffset + row;
  var result = softCap(sum, shape.softCap);
  if (shape.combine != 0u) {
    let before = y[place];
    result = select(activate(before, shape.activation) * result, before + result, shape.combine == 1u);
  }
  y[place] = result;
}

// Four rows; those past the end are left out.
fn writeResults(row: u32, token: u32, sums: vec4<f32>) {
  for (var i = 0u; i < 4u; i++) {
    if (row + i < shape.rows) {
      writeResult(row + i, token, sums[i]);
    }
  }
}
