// Counter-based sample points: a pure function of (seed, pixel, sample, dimension), so that any tile, batch or order of
// dispatches draws the same. Integers only until the last step, which is exact: 24 bits times 2^-24.
// Dimensions go in pairs (2k, 2k + 1). A pair is the (0, 2)-sequence of Sobol, whose order is shuffled and whose values
// are scrambled in Owen's way for every pixel and pair anew, so pairs are independent of each other, each sequence is
// unbiased, and every power of two of consecutive samples from a multiple of it is stratified in all its elementary
// intervals. Owen scrambling by hashing: Laine and Karras 2011, Burley (JCGT 9/4, 2020), with Vegdahl's 2021 constants.
// The hash of keys is PCG-RXS-M-XS as Jarzynski and Olano (JCGT 2020) use it.

struct SampleKey {
  /// Belongs to the seed and the pixel.
  scramble: u32,
  /// The sample's number with its bits reversed.
  reversed_index: u32,
}

fn hash_u32(value: u32) -> u32 {
  let state = value * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

fn sample_key(seed: u32, pixel: u32, sample_index: u32) -> SampleKey {
  return SampleKey(hash_u32(pixel + hash_u32(seed)), reverseBits(sample_index));
}

/// Owen's scrambling of a number whose bits are reversed: each bit is flipped by a hash of the bits below it.
fn scramble_reversed(reversed: u32, seed: u32) -> u32 {
  var x = reversed ^ (reversed * 0x3d20adeau);
  x += seed;
  x *= (seed >> 16u) | 1u;
  x ^= x * 0x05526c56u;
  x ^= x * 0x53a22864u;
  return x;
}

/// The second matrix of Sobol (Pascal's triangle modulo 2) on an index, leaving the result's bits reversed.
fn sobol_second_reversed(index: u32) -> u32 {
  var x = index;
  x ^= (x >> 16u) & 0x0000ffffu;
  x ^= (x >> 8u) & 0x00ff00ffu;
  x ^= (x >> 4u) & 0x0f0f0f0fu;
  x ^= (x >> 2u) & 0x33333333u;
  x ^= (x >> 1u) & 0x55555555u;
  return x;
}

/// 32 bits each for the dimensions `dimension` (even) and `dimension + 1`.
fn random_pair_bits(key: SampleKey, dimension: u32) -> vec2u {
  let seed = hash_u32(key.scramble + hash_u32(dimension));
  let shuffled = reverseBits(scramble_reversed(key.reversed_index, seed));
  return vec2u(
    reverseBits(scramble_reversed(shuffled, hash_u32(seed + 1u))),
    reverseBits(scramble_reversed(sobol_second_reversed(shuffled), hash_u32(seed + 2u))),
  );
}

/// Uniform in [0, 1)^2, multiples of 2^-24; `dimension` is even.
fn random_pair(key: SampleKey, dimension: u32) -> vec2f {
  return vec2f(random_pair_bits(key, dimension) >> vec2u(8u)) * 5.9604644775390625e-8;
}

/// 32 bits that belong to a sample and a dimension, to be hashed further with whatever else a choice depends on.
fn random_hash(key: SampleKey, dimension: u32) -> u32 {
  return hash_u32(hash_u32(key.scramble + hash_u32(dimension)) + hash_u32(key.reversed_index));
}

/// Uniform in [0, 1): the first of the pair at `dimension`, which is even.
fn random_unit(key: SampleKey, dimension: u32) -> f32 {
  return random_pair(key, dimension).x;
}
