// hidden[t][:] = scale * embedding[tokens[position + t]][:], dequantised. One invocation per unit of 16 weight bytes, one row of
// workgroups per token. hidden: [chunk][blocks * 32]. A token outside this slice's rows is left to the slice that has it.
// Host: worker/llm/kernels/embed.ts. Exact but for the scale multiplication (1 ULP).
struct Shape {
  firstRow: u32,
  rowCount: u32,
  blocks: u32,
  scale: f32,
}
struct State {
  position: u32,
  count: u32,
  token: u32,
}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> hidden: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let unit = id.x;
  let t = id.y;
  if (t >= state.count || unit >= weightUnits(shape.blocks)) {
    return;
  }
  let row = tokens[state.position + t] - shape.firstRow;
  if (row >= shape.rowCount) {
    return;
  }
  let weights = weightLoad(row, unit, shape.blocks);
  let base = t * shape.blocks * 8u + unit * WEIGHT_UNIT_VECTORS;
  for (var i = 0u; i < WEIGHT_UNIT_VECTORS; i++) {
    hidden[base + i] = shape.scale * weights[i];
  }
}
