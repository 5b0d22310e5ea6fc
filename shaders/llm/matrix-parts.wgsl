// The sum, in order, of the parts that a matrix with few rows and many columns was cut into so that its tiles fill the adapter, and
// what is done with it (matrix-result.wgsl). The cut depends on the matrix alone, so that the same token gives the same numbers in any batch. An
// invocation per row and token. parts: [part][chunk][rows]. Host: worker/llm/kernels/matrix-parts.ts
@group(0) @binding(1) var<storage, read> partSums: array<f32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.x * 64u + index;
  let token = group.y;
  if (row >= shape.rows || token >= batch.x) {
    return;
  }
  var sum = 0.0;
  for (var part = 0u; part < shape.parts; part++) {
    sum += partSums[part * shape.partStride + token * shape.rows + row];
  }
  writeResult(row, token, sum * factors[token]);
}
