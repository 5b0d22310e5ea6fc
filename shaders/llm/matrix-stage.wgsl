// What the kernels for one token and for few tokens bind, in front of row-pair.wgsl or row-pair-gated.wgsl and of matrix-vector.wgsl or
// matrix-columns.wgsl. Hosts: worker/llm/kernels/matrix-vector.ts, worker/llm/kernels/matrix-columns.ts
struct Shape {
  rows: u32,
  blocks: u32,
  columns: u32,
  outputOffset: u32,
  outputStride: u32,
  normalise: u32,
  // 0 replace, 1 add, 2 gate.
  combine: u32,
  activation: u32,
  // Invocations that share a pair of rows: a power of two up to MOST_LANES, which the host puts in front.
  lanes: u32,
  // Lots of rows that a workgroup makes one after the other; more than one only where all of x fits a tile.
  passes: u32,
  epsilon: f32,
  // 0 without.
  softCap: f32,
}
const WORKGROUP = 256u;

@group(0) @binding(0) var<uniform> shape: Shape;
// [token][blocks * 32], zero past `columns`.
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
