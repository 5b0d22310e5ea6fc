// Noise for Gumbel-max sampling: a pure function of (seed, absolute position, token id), so that any node can draw it again in any
// order. Integers first (identical everywhere), then float32 by multiply-add only, so that adapters agree to a few ULP: the
// built-in log may be off by 2^-21 near 1, which is exactly where the largest noise comes from.
// TypeScript twin: worker/llm/sampling/counter-rng.ts

// The 3-dimensional PCG hash of Jarzynski and Olano, "Hash Functions for GPU Rendering", JCGT 9(3), 2020.
fn counterHash(seed: u32, position: u32, token: u32) -> u32 {
  var v = vec3<u32>(seed, position, token) * 1664525u + 1013904223u;
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v ^= v >> vec3<u32>(16u);
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  return v.z;
}

// Natural logarithm of a positive normal f32. m in [sqrt(1/2), sqrt(2)), s = (m - 1) / (m + 1), log m = 2 atanh(s).
fn accurateLog(value: f32) -> f32 {
  let bits = bitcast<u32>(value);
  let shifted = bits - 0x3f3504f3u;
  let exponent = f32(bitcast<i32>(shifted) >> 23u);
  let m = bitcast<f32>((shifted & 0x007fffffu) + 0x3f3504f3u);
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  let series = 2.0 + z * (0.66666667 + z * (0.4 + z * (0.2857143 + z * (0.22222222 + z * 0.18181819))));
  return exponent * 0.69314718 + s * series;
}

// Standard Gumbel noise in [-2.9, 16.7]. The uniform is (2 k + 1) / 2^24: never 0, never 1, exact in f32.
fn gumbelNoise(seed: u32, position: u32, token: u32) -> f32 {
  let uniform01 = (f32(counterHash(seed, position, token) >> 9u) * 2.0 + 1.0) * 0x1p-24f;
  return -accurateLog(-accurateLog(uniform01));
}
