// What the attention kernels share: out[row][h][:] = softmax(q[row][h] . K[first..position(row)][g] * scale) V[..][g], with
// g = h / (heads / kvHeads): causal attention over a paged cache, float32 throughout, online softmax over blocks of positions.
// With SOFT_CAP c > 0 a score s becomes c tanh(s / c); with WINDOW w > 0 a token sees itself and the w - 1 positions before it.
// rows: (slot, position) of each row, and from pageTableStart on the pages [slot][pagesPerSlot]; output: [row][outputStride], head h at
// h * headLength. The kernel behind it binds keys, values: [page][kvHeads] of regions (16 positions of a head, as cache-* says).
// HEAD_VECTORS = ceil(headLength / 4) <= 64. Needs a cache-* in front; no entry point. Host: worker/llm/kernels/attention.ts
struct Shape {
  headCount: u32,
  keyValueHeadCount: u32,
  headLength: u32,
  outputStride: u32,
  pagesPerSlot: u32,
  pageTableStart: u32,
  splitCount: u32,
  // Query heads of a workgroup, and in prefill its rows.
  heads: u32,
  tokens: u32,
  // Of decode, see rope-turn.wgsl.
  ropePairs: u32,
  capacity: u32,
  scale: f32,
  epsilon: f32,
}
override SOFT_CAP: f32 = 0.0;
override WINDOW: u32 = 0;
const PAGE_TOKENS = 16u;
const LOWEST = -3.4028234e38;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
// Rows of this batch; for decode, whether their keys and values are in the cache already.
@group(0) @binding(7) var<uniform> batch: vec4<u32>;

fn firstSeen(length: u32) -> u32 {
  return select(0u, length - min(WINDOW, length), WINDOW > 0u);
}

// Of four queries.
fn capped(score: vec4<f32>) -> vec4<f32> {
  if (SOFT_CAP > 0.0) {
    return SOFT_CAP - 2.0 * SOFT_CAP / (exp(clamp(score * 2.0 / SOFT_CAP, vec4<f32>(-80.0), vec4<f32>(80.0))) + 1.0);
  }
  return score;
}

fn storeOutput(row: u32, head: u32, vector: u32, value: vec4<f32>) {
  let base = row * shape.outputStride + head * shape.headLength + vector * 4u;
  for (var i = 0u; i < min(4u, shape.headLength - vector * 4u); i++) {
    output[base + i] = value[i];
  }
}
