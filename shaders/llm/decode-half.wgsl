// IEEE 754 binary16 in the low 16 bits to f32, by integers: unpack2x16float may flush subnormals, and quantised models
// with small weights have subnormal scales. Exact for every finite value. Host: worker/llm/formats/weight-format.ts
fn decodeHalf(bits: u32) -> f32 {
  let exponent = (bits >> 10u) & 31u;
  let mantissa = bits & 1023u;
  let normal = bitcast<f32>(((exponent + 112u) << 23u) | (mantissa << 13u));
  let magnitude = select(normal, f32(mantissa) * 0x1p-24f, exponent == 0u);
  return select(magnitude, -magnitude, (bits & 0x8000u) != 0u);
}
