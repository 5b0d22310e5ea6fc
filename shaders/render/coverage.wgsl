// Which hits count on surfaces with an alpha (glTF alphaMode MASK and BLEND), decided inside traversal, so that cut-outs
// are cut out of shadows as well. A masked surface covers where its alpha reaches the cutoff. A blended one covers a hit
// with the probability alpha: the coin is a hash of (seed, pixel, sample, ray, triangle id). It does not depend on the order
// in which triangles are tested, so every tree and both drivers see the same; and as each triangle has its own coin, a ray
// gets past several with the product of their transparencies. Triangle ids must be unique in the scene.

/// Belongs to the ray that is traced.
var<private> coverage_key: u32;

/// Call before tracing a ray; `dimension` tells the rays of a sample apart.
fn begin_coverage(key: SampleKey, dimension: u32) {
  if (HAS_ALPHA) {
    coverage_key = random_hash(key, dimension);
  }
}

fn is_covered(triangle: Triangle, slot: u32, u: f32, v: f32) -> bool {
  if (!HAS_ALPHA || (triangle.flags & TRIANGLE_HAS_ALPHA) == 0u) {
    return true;
  }
  let coin = f32(hash_u32(coverage_key + hash_u32(triangle.id)) >> 8u) * 5.9604644775390625e-8;
  return coin < coverage_at(materials[triangle.material], slot, u, v);
}
