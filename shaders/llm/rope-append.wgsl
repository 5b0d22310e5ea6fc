// Splits q|k|v of each token: rotates adjacent pairs of q and k by the position's angles, q to its own buffer, k and v appended to
// the cache. (a, b) -> (a cos - b sin, a sin + b cos); pairs past the rope dimensions pass unchanged.
// projected: [chunk][(heads + 2 * kvHeads) * headLength]; query: [chunk][heads][headStride]; cache: [capacity][kvHeads][headStride];
// table: [capacity][ropePairs] of (cos, sin), made on the host in float64. headStride is headLength rounded up to 4, the rest zero.
// One invocation per pair, one row of workgroups per token. Tolerance: 2 ULP. Host: worker/llm/kernels/rope-append.ts
struct Shape {
  headCount: u32,
  keyValueHeadCount: u32,
  headLength: u32,
  headStride: u32,
  ropePairs: u32,
  capacity: u32,
}
struct State {
  position: u32,
  count: u32,
  token: u32,
}
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> projected: array<f32>;
@group(0) @binding(3) var<storage, read> table: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> query: array<f32>;
@group(0) @binding(5) var<storage, read_write> keys: array<f32>;
@group(0) @binding(6) var<storage, read_write> values: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let pairsPerHead = shape.headLength / 2u;
  let allHeads = shape.headCount + 2u * shape.keyValueHeadCount;
  let t = id.y;
  let position = state.position + t;
  let head = id.x / pairsPerHead;
  let pair = id.x % pairsPerHead;
  if (head >= allHeads || t >= state.count || position >= shape.capacity) {
    return;
  }
  let source = (t * allHeads + head) * shape.headLength + pair * 2u;
  let plain = vec2<f32>(projected[source], projected[source + 1u]);
  var turned = plain;
  if (pair < shape.ropePairs) {
    let angle = table[position * shape.ropePairs + pair];
    turned = vec2<f32>(plain.x * angle.x - plain.y * angle.y, plain.x * angle.y + plain.y * angle.x);
  }
  if (head < shape.headCount) {
    let target0 = (t * shape.headCount + head) * shape.headStride + pair * 2u;
    query[target0] = turned.x;
    query[target0 + 1u] = turned.y;
    return;
  }
  let cacheHead = (head - shape.headCount) % shape.keyValueHeadCount;
  let slot = (position * shape.keyValueHeadCount + cacheHead) * shape.headStride + pair * 2u;
  if (head < shape.headCount + shape.keyValueHeadCount) {
    keys[slot] = turned.x;
    keys[slot + 1u] = turned.y;
  } else {
    values[slot] = plain.x;
    values[slot + 1u] = plain.y;
  }
}
