// hidden[t][:] = scale * embedding[tokens[slot(t)][position(t)]][:], dequantised. rows: (slot, position) of each row;
// tokens: [slot][capacity]. One invocation per unit of 16 weight bytes, one row of
// workgroups per token. hidden: [chunk][blocks * 32]. A token outside this slice's rows is left to the slice that has it.
// Host: worker/llm/kernels/embed.ts. Exact but for the scale multiplication (1 ULP).
struct Shape {
  firstRow: u32,
  rowCount: u32,
  blocks: u32,
  // Positions of a slot.
  capacity: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> hidden: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let unit = id.x;
  let t = id.y;
  if (unit >= weightUnits(shape.blocks)) {
    return;
  }
  let row = tokens[rows[2u * t] * shape.capacity + rows[2u * t + 1u]] - shape.firstRow;
  if (row >= shape.rowCount) {
    return;
  }
  let weights = weightLoad(row, unit, shape.blocks);
  let base = t * shape.blocks * 8u + unit * WEIGHT_UNIT_VECTORS;
  for (var i = 0u; i < WEIGHT_UNIT_VECTORS; i++) {
    hidden[base + i] = shape.scale * weights[i];
  }
}
