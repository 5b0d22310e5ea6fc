// A unit of x as the int8 sections of formats take it: x[i] = scale * step * code[i]. A block of 32 has one scale, peak / (64 * 127), and each
// half of it a step of 1 to 64, which is 64 times its own peak over the block's, rounded up: what is rounded is rounded to its
// sixteen neighbours' size, while sums of products stay integers up to the end of a block. code = round(x / (scale * step)), four to a
// word, multiplied and added by dot4I8Packed. The minima of formats that have them, and biases of their codes, are multiplied by the sum of
// step * code over the block.
// Part of stage-one-int8.wgsl and stage-few-int8.wgsl. Host: worker/llm/kernels/matrix-vector.ts
struct Unit {
  // Codes 0 to 15; 16 to 31 where a unit is a whole block.
  first: vec4<u32>,
  second: vec4<u32>,
  // Times the step where a unit is but half a block.
  scale: f32,
  // Of the first half and, from bit 16 on, of the second, where a unit is a whole block.
  steps: u32,
  // Of step * code over the block; zero where no format asks for it.
  sum: i32,
}
const MOST_STEPS = 64.0;

fn peakOf(value: vec4<f32>) -> f32 {
  let size = max(abs(value.xy), abs(value.zw));
  return max(size.x, size.y);
}

// Of half a block.
fn stepOf(halfPeak: f32, peak: f32) -> f32 {
  // The inverse of less would be infinite.
  return clamp(ceil(halfPeak * (MOST_STEPS / max(peak, 0x1p-100f))), 1.0, MOST_STEPS);
}

fn scaleOf(peak: f32) -> f32 {
  return peak / (MOST_STEPS * 127.0);
}

fn quantise(value: vec4<f32>, step: f32, peak: f32) -> u32 {
  return pack4xI8(vec4<i32>(round(value * (MOST_STEPS * 127.0 / (step * max(peak, 0x1p-100f))))));
}

fn dotBytes(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}

// Of a whole block.
fn dotHalves(first: vec4<u32>, second: vec4<u32>, x: Unit) -> i32 {
  return dotScaled(first, second, vec2<i32>(1), x);
}

// The same where the halves of weights have scales of their own.
fn dotScaled(first: vec4<u32>, second: vec4<u32>, scales: vec2<i32>, x: Unit) -> i32 {
  let steps = scales * vec2<i32>(vec2<u32>(x.steps & 0xffffu, x.steps >> 16u));
  return steps.x * dotBytes(first, x.first) + steps.y * dotBytes(second, x.second);
}

// Nibbles of 16 bytes in the order of a block: the low ones are weights 0 to 15.
fn dotNibbles(nibbles: vec4<u32>, x: Unit) -> i32 {
  let mask = vec4<u32>(0x0f0f0f0fu);
  return dotHalves(nibbles & mask, (nibbles >> vec4<u32>(4u)) & mask, x);
}

// Of weights scale * code + minimum, from the product of their codes.
fn dotAffine(affine: vec2<f32>, product: i32, x: Unit) -> f32 {
  return x.scale * (affine.x * f32(product) + affine.y * f32(x.sum));
}
