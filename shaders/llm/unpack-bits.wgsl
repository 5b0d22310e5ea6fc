// Codes of quantised blocks, and sums over the 32 weights of one. Exact. Host: worker/llm/formats/weight-format.ts
alias Block = array<vec4<f32>, 8>;

// Four nibbles, at bit `shift` (0 or 4) of each byte.
fn unpackNibbles(word: u32, shift: u32) -> vec4<u32> {
  return (vec4<u32>(word) >> (vec4<u32>(0u, 8u, 16u, 24u) + vec4<u32>(shift))) & vec4<u32>(15u);
}

// The low nibble of each byte as a float, less a bias. No conversion and hardly a shift: a nibble is masked where it stands into the
// mantissa of 2^23 and brought down by a power of two, all of it exact.
fn lowNibbles(word: u32, bias: f32) -> vec4<f32> {
  let bits = vec4<u32>(word & 0xfu, word & 0xf00u, word & 0xf0000u, (word >> 12u) & 0xf000u);
  let scale = vec4<f32>(1.0, 0x1p-8f, 0x1p-16f, 0x1p-12f);
  return fma(bitcast<vec4<f32>>(bits | vec4<u32>(0x4b000000u)), scale, -0x1p23f * scale - bias);
}

fn highNibbles(word: u32, bias: f32) -> vec4<f32> {
  let upper = word >> 12u;
  let bits = vec4<u32>(word & 0xf0u, word & 0xf000u, upper & 0xf00u, upper & 0xf0000u);
  let scale = vec4<f32>(0x1p-4f, 0x1p-12f, 0x1p-8f, 0x1p-16f);
  return fma(bitcast<vec4<f32>>(bits | vec4<u32>(0x4b000000u)), scale, -0x1p23f * scale - bias);
}

// Each byte as a signed integer, in the same way.
fn signedBytes(word: u32) -> vec4<f32> {
  let unsigned = word ^ 0x80808080u;
  let upper = unsigned >> 16u;
  let bits = vec4<u32>(unsigned & 0xffu, unsigned & 0xff00u, upper & 0xffu, upper & 0xff00u);
  let scale = vec4<f32>(1.0, 0x1p-8f, 1.0, 0x1p-8f);
  return fma(bitcast<vec4<f32>>(bits | vec4<u32>(0x4b000000u)), scale, -0x1p23f * scale - 128.0);
}

// Four codes of two bits, at bit 2k of each byte.
fn unpackCrumbs(word: u32, k: u32) -> vec4<u32> {
  return (vec4<u32>(word) >> (vec4<u32>(0u, 8u, 16u, 24u) + vec4<u32>(2u * k))) & vec4<u32>(3u);
}

// Bits 4k to 4k + 3.
fn unpackBits(word: u32, k: u32) -> vec4<u32> {
  return (vec4<u32>(word) >> (vec4<u32>(0u, 1u, 2u, 3u) + vec4<u32>(4u * k))) & vec4<u32>(1u);
}

fn dotFirstHalf(a: Block, b: Block) -> f32 {
  return dot(a[0], b[0]) + dot(a[1], b[1]) + dot(a[2], b[2]) + dot(a[3], b[3]);
}

fn dotSecondHalf(a: Block, b: Block) -> f32 {
  return dot(a[4], b[4]) + dot(a[5], b[5]) + dot(a[6], b[6]) + dot(a[7], b[7]);
}

fn sumFirstHalf(a: Block) -> f32 {
  return dot(a[0] + a[1] + a[2] + a[3], vec4<f32>(1.0));
}

fn sumSecondHalf(a: Block) -> f32 {
  return dot(a[4] + a[5] + a[6] + a[7], vec4<f32>(1.0));
}

// Nibbles of a block, less a bias: the low ones first.
fn fourBitBlock(w: vec4<u32>, bias: f32) -> Block {
  return Block(
    lowNibbles(w.x, bias), lowNibbles(w.y, bias), lowNibbles(w.z, bias), lowNibbles(w.w, bias),
    highNibbles(w.x, bias), highNibbles(w.y, bias), highNibbles(w.z, bias), highNibbles(w.w, bias),
  );
}

// Four codes of five bits: nibbles at bit `shift` of each byte under the high bits 4k to 4k + 3.
fn fiveBits(word: u32, shift: u32, high: u32, k: u32) -> vec4<f32> {
  return vec4<f32>(unpackNibbles(word, shift) | (unpackBits(high, k) << vec4<u32>(4u)));
}

fn fiveBitBlock(w: vec4<u32>, high: u32) -> Block {
  return Block(
    fiveBits(w.x, 0u, high, 0u), fiveBits(w.y, 0u, high, 1u), fiveBits(w.z, 0u, high, 2u), fiveBits(w.w, 0u, high, 3u),
    fiveBits(w.x, 4u, high, 4u), fiveBits(w.y, 4u, high, 5u), fiveBits(w.z, 4u, high, 6u), fiveBits(w.w, 4u, high, 7u),
  );
}

// The low sixteen bits, a byte each: the product has each four of them four times, 7 bits apart.
fn bitBytes(bits: u32) -> vec4<u32> {
  let fours = (vec4<u32>(bits) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u);
  return (fours * vec4<u32>(0x00204081u)) & vec4<u32>(0x01010101u);
}

// Sixteen codes of two bits, a byte each.
fn crumbBytes(crumbs: u32) -> vec4<u32> {
  return (vec4<u32>(crumbs) >> vec4<u32>(0u, 2u, 4u, 6u)) & vec4<u32>(0x03030303u);
}

// Sixteen codes of five bits, a byte each: low nibbles of bytes under the low sixteen bits of `high`.
fn fiveBitBytes(nibbles: vec4<u32>, high: u32) -> vec4<u32> {
  return (nibbles & vec4<u32>(0x0f0f0f0fu)) | (bitBytes(high) << vec4<u32>(4u));
}

// Sixteen bytes of less than 128, less a bias in each byte: signed. Taken from bytes with their highest bit set, so that none borrows from the next.
fn signBytes(codes: vec4<u32>, bias: u32) -> vec4<u32> {
  return ((codes | vec4<u32>(0x80808080u)) - vec4<u32>(bias)) ^ vec4<u32>(0x80808080u);
}

// scale * a + offset, the same for all 32.
fn mapBlock(a: Block, scale: f32, offset: f32) -> Block {
  return mapHalves(a, vec2<f32>(scale), vec2<f32>(offset));
}

// scale * a + offset, one of each per half.
fn mapHalves(a: Block, scale: vec2<f32>, offset: vec2<f32>) -> Block {
  return Block(
    scale.x * a[0] + offset.x, scale.x * a[1] + offset.x, scale.x * a[2] + offset.x, scale.x * a[3] + offset.x,
    scale.y * a[4] + offset.y, scale.y * a[5] + offset.y, scale.y * a[6] + offset.y, scale.y * a[7] + offset.y,
  );
}
