// The buffers of a scene that grow with it, each behind a function, as a scene has them that fits the adapter's bindings: one
// buffer each. For larger scenes worker/render/library/scene-storage.ts writes these functions over several buffers.

@group(0) @binding(1) var<storage, read> nodes: array<vec4u>;
@group(0) @binding(2) var<storage, read> triangles: array<Triangle>;
@group(0) @binding(3) var<storage, read> corners: array<Corners>;
@group(0) @binding(5) var<storage, read> lights: array<Light>;
/// A table of sRGB (256 float32), texture slots, then the texels, four bytes each.
@group(0) @binding(9) var<storage, read> texels: array<u32>;

fn node_quad(index: u32) -> vec4u {
  return nodes[index];
}

fn triangle_at(index: u32) -> Triangle {
  return triangles[index];
}

fn corners_at(index: u32) -> Corners {
  return corners[index];
}

fn light_at(index: u32) -> Light {
  return lights[index];
}

fn texel_word(index: u32) -> u32 {
  return texels[index];
}
