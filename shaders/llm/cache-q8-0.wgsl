// How the key/value cache stores numbers: as q8_0, blocks of 32 numbers of a head, each a scale of binary16 and 32 signed bytes; a block
// at the end of a head may be shorter. A plane is [page][kvHeads] of regions; a region is the bytes, [16 positions][HEAD_VECTORS] words of four, then
// the scales, [16 positions][ceil(blocks / 2)] words of two. encode-half stands in front: scales, too, mean the same everywhere.
// x = scale * byte, scale = max |x| / 127 of the block, at least 2^-14. Host: worker/llm/cache/cache-format.ts.
// Tolerance: half a scale, 1 / 254 of the block's largest magnitude, and for the rounding of the scale 2^-11 of it, or 2^-15 in all.
override HEAD_VECTORS: u32 = 8;
alias CacheWord = u32;
override SCALE_WORDS: u32 = (HEAD_VECTORS + 15u) / 16u;

fn cacheVector(cache: CachePlane, region: u32, position: u32, vector: u32) -> vec4<f32> {
  let base = region * 16u * (HEAD_VECTORS + SCALE_WORDS);
  let scales = unpack2x16float(cache[base + 16u * HEAD_VECTORS + position * SCALE_WORDS + vector / 16u]);
  let scale = select(scales.x, scales.y, (vector & 8u) != 0u);
  return vec4<f32>(unpack4xI8(cache[base + position * HEAD_VECTORS + vector])) * scale;
}

// `largest` magnitudes of the two blocks that share a word of scales with this vector: block / 2 * 2 and the one behind it.
fn storeCacheVector(
  cache: ptr<storage, array<CacheWord>, read_write>,
  region: u32,
  position: u32,
  vector: u32,
  value: vec4<f32>,
  largest: vec2<f32>,
) {
  let base = region * 16u * (HEAD_VECTORS + SCALE_WORDS);
  let scales = blockScale(largest.x) | (blockScale(largest.y) << 16u);
  let both = unpack2x16float(scales);
  let scale = select(both.x, both.y, (vector & 8u) != 0u);
  let steps = clamp(round(value / scale), vec4<f32>(-127.0), vec4<f32>(127.0));
  cache[base + position * HEAD_VECTORS + vector] = pack4xI8(vec4<i32>(steps));
  if (vector % 16u == 0u) {
    cache[base + 16u * HEAD_VECTORS + position * SCALE_WORDS + vector / 16u] = scales;
  }
}

fn blockScale(largest: f32) -> u32 {
  return max(encodeHalf(largest / 127.0), 0x400u);
}
