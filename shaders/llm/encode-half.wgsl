// f32 -> binary16 by integers: nearest, ties to even, at most 65504, and no subnormals (below 2^-14 it is 0 or 2^-14, whichever is
// nearer). The built-in conversion may round either way and may flush subnormals, and so may the one back: like this a
// stored number means the same on every adapter. Not for NaN. Error: half a unit of 11 bits, or 2^-15. Host: worker/llm/cache/cache-format.ts
fn encodeHalf(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = min(bits & 0x7fffffffu, 0x477fe000u);
  let even = (magnitude >> 13u) & 1u;
  let normal = (magnitude + 0xfffu + even - 0x38000000u) >> 13u;
  // 0x38800000 is 2^-14, 0x38000000 half of it.
  let small = select(0u, 0x400u, magnitude >= 0x38000000u);
  return sign | select(small, normal, magnitude >= 0x38800000u);
}
