// How the key/value cache stores numbers: binary16, half the bytes of float32, packed in pairs: needs no feature, and means the same
// on every adapter (encode-half, which stands in front). A plane is [page][kvHeads] of regions; a region is [16 positions][HEAD_VECTORS]
// of four numbers. Host: worker/llm/cache/cache-format.ts. Tolerance: half a unit of the 11-bit mantissa.
override HEAD_VECTORS: u32 = 8;
alias CacheWord = vec2<u32>;

fn cacheVector(cache: CachePlane, region: u32, position: u32, vector: u32) -> vec4<f32> {
  let word = cache[(region * 16u + position) * HEAD_VECTORS + vector];
  return vec4<f32>(unpack2x16float(word.x), unpack2x16float(word.y));
}

fn storeCacheVector(
  cache: ptr<storage, array<CacheWord>, read_write>,
  region: u32,
  position: u32,
  vector: u32,
  value: vec4<f32>,
  largest: vec2<f32>,
) {
  cache[(region * 16u + position) * HEAD_VECTORS + vector] = vec2<u32>(
    encodeHalf(value.x) | (encodeHalf(value.y) << 16u),
    encodeHalf(value.z) | (encodeHalf(value.w) << 16u),
  );
}
