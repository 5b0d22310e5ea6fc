// X as half-precision operands of a matrix: halves[t][k] = f16(2^e[t] * gain[k] * X[t][k]), with e[t] such that the largest of a token
// lies in [2^13, 2^14): nothing overflows whatever the activations are, and what is 2^27 times smaller than the largest still has all
// eleven bits. factors[t] undoes the power of two, and normalises: 2^-e[t] / rms(X[t]), or 2^-e[t] alone. Done once for a matrix instead of in
// every workgroup that reads a tile. A workgroup per token. X: [chunk][blocks * 32], zero past `columns`; halves: the same, eight to a
// vec4. Tolerance against float64: a relative 2^-11 per number. Host: worker/llm/kernels/half-input.ts
struct HalfShape {
  blocks: u32,
  columns: u32,
  normalise: u32,
  epsilon: f32,
}

const THREADS = 128u;

@group(0) @binding(0) var<uniform> shape: HalfShape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> halves: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> factors: array<f32>;

// (sum of squares, largest magnitude) of each invocation, then of all.
var<workgroup> totals: array<vec2<f32>, THREADS>;

fn scaled(base: u32, vector: u32) -> vec4<f32> {
  let value = x[base + vector];
  if (shape.normalise == 0u) {
    return value;
  }
  return value * gain[vector];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let token = group.x;
  let base = token * shape.blocks * 8u;
  var squares = 0.0;
  var largest = 0.0;
  for (var vector = index; vector < shape.blocks * 8u; vector += THREADS) {
    let value = x[base + vector];
    squares += dot(value, value);
    let magnitude = abs(scaled(base, vector));
    largest = max(largest, max(max(magnitude.x, magnitude.y), max(magnitude.z, magnitude.w)));
  }
  totals[index] = vec2<f32>(squares, largest);
  workgroupBarrier();
  for (var width = THREADS / 2u; width > 0u; width /= 2u) {
    if (index < width) {
      let one = totals[index];
      let other = totals[index + width];
      totals[index] = vec2<f32>(one.x + other.x, max(one.y, other.y));
    }
    workgroupBarrier();
  }
  let total = totals[0];
  let exponent = (bitcast<u32>(total.y) >> 23u) & 255u;
  // Both exponents stay those of normal numbers.
  let scaleExponent = u32(clamp(267 - i32(exponent), 1, 253));
  let scale = bitcast<f32>(scaleExponent << 23u);
  for (var octet = index; octet < shape.blocks * 4u; octet += THREADS) {
    let low = scale * scaled(base, octet * 2u);
    let high = scale * scaled(base, octet * 2u + 1u);
    halves[token * shape.blocks * 4u + octet] =
      vec4<u32>(pack2x16float(low.xy), pack2x16float(low.zw), pack2x16float(high.xy), pack2x16float(high.zw));
  }
  if (index == 0u) {
    var factor = bitcast<f32>((254u - scaleExponent) << 23u);
    if (shape.normalise != 0u) {
      factor *= inverseSqrt(total.x / f32(shape.columns) + shape.epsilon);
    }
    factors[token] = factor;
  }
}
