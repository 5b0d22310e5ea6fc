// How the key/value cache stores numbers: float32, as they are. Joined in front of rope-append.wgsl and the attention kernels, which
// know nothing else about it, and say in CachePlane how they bind it. A plane (keys, or values) is [page][kvHeads] of regions; a region is [16 positions][HEAD_VECTORS].
// Host: worker/llm/cache/cache-format.ts. Exact.
override HEAD_VECTORS: u32 = 8;
alias CacheWord = vec4<f32>;

fn cacheVector(cache: CachePlane, region: u32, position: u32, vector: u32) -> vec4<f32> {
  return cache[(region * 16u + position) * HEAD_VECTORS + vector];
}

fn storeCacheVector(
  cache: ptr<storage, array<CacheWord>, read_write>,
  region: u32,
  position: u32,
  vector: u32,
  value: vec4<f32>,
  largest: vec2<f32>,
) {
  cache[(region * 16u + position) * HEAD_VECTORS + vector] = value;
}
