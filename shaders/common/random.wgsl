// Counter-based random numbers: a pure function of (seed, pixel, sample, dimension), so that any tile, batch or order of
// dispatches draws the same. Integers only until the last step, which is exact: 24 bits times 2^-24.
// The hash is PCG-RXS-M-XS as Jarzynski and Olano (JCGT 2020) use it. Another sequence can stand behind random_bits
// without a change to its callers: `scramble` belongs to the pixel, `index` counts samples.

struct SampleKey {
  scramble: u32,
  index: u32,
}

fn hash_u32(value: u32) -> u32 {
  let state = value * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

fn sample_key(seed: u32, pixel: u32, sample_index: u32) -> SampleKey {
  return SampleKey(hash_u32(pixel + hash_u32(seed)), sample_index);
}

fn random_bits(key: SampleKey, dimension: u32) -> u32 {
  return hash_u32(key.scramble + hash_u32(key.index + hash_u32(dimension)));
}

/// Uniform in [0, 1), a multiple of 2^-24.
fn random_unit(key: SampleKey, dimension: u32) -> f32 {
  return f32(random_bits(key, dimension) >> 8u) * 5.9604644775390625e-8;
}

fn random_pair(key: SampleKey, dimension: u32) -> vec2f {
  return vec2f(random_unit(key, dimension), random_unit(key, dimension + 1u));
}
