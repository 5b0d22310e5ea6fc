// A unit of x as the int8 sections of formats take it: x[i] = scale * code[i], code = round(127 x[i] / peak) with the largest |x[i]| of its
// block of 32 as peak. Four codes to a word, multiplied and added by dot4I8Packed; sums of a block are exact in 32 bits. The minima of
// formats that have them, and biases of their codes, are multiplied by the sum of the codes of the block.
// Part of stage-one-int8.wgsl and stage-few-int8.wgsl. Host: worker/llm/kernels/matrix-vector.ts
struct Unit {
  // Codes 0 to 15; 16 to 31 where a unit is a whole block.
  first: vec4<u32>,
  second: vec4<u32>,
  scale: f32,
  // Of the block; zero where no format asks for it.
  sum: i32,
}

fn peakOf(value: vec4<f32>) -> f32 {
  let size = max(abs(value.xy), abs(value.zw));
  return max(size.x, size.y);
}

fn quantise(value: vec4<f32>, peak: f32) -> u32 {
  // The inverse of less would be infinite.
  return pack4xI8(vec4<i32>(round(value * (127.0 / max(peak, 0x1p-100f)))));
}

fn dotBytes(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

// Nibbles of 16 bytes in the order of a block: the low ones are weights 0 to 15.
fn dotNibbles(nibbles: vec4<u32>, x: Unit) -> i32 {
  let mask = vec4<u32>(0x0f0f0f0fu);
  return dotBytes(nibbles & mask, x.first) + dotBytes((nibbles >> vec4<u32>(4u)) & mask, x.second);
}
