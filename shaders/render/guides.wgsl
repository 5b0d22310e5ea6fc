// What each sample of a tile meets first: albedo, normal and depth, for compositing and as guides of the denoiser. One thread
// per pixel. Same rays and same coins of coverage as the path tracer's, so the edges are those of the picture.
// Output: two vec4f per pixel, row-major in the tile, sums over the samples that hit something: albedo (base colour) and
// depth along the view axis; world normal that faces the viewer, and the number of hits. Each value is rounded to a multiple
// of 2^-14, the depth to one of a power of two that resolves the scene alike, so that sums of up to 1024 samples are exact
// and do not depend on how they were split.

override WORKGROUP_WIDTH: u32 = 8u;
override WORKGROUP_HEIGHT: u32 = 8u;

const GUIDE_STEPS = 16384.0;

/// Least difference of depths.
@group(1) @binding(2) var<uniform> depth_step: f32;

struct Guide {
  albedo_depth: vec4f,
  normal_hits: vec4f,
}

fn first_hit(pixel: vec2u, key: SampleKey) -> Guide {
  let path = begin_path(pixel, key);
  begin_ray(key, 0u, false);
  let hit = trace_closest(path.origin, path.direction);
  if (hit.slot == NO_HIT) {
    return Guide(vec4f(0.0), vec4f(0.0));
  }
  let triangle = placed_triangle(hit.slot, hit.instance);
  let textured = material_at(triangle.material, hit.slot, hit.u, hit.v);
  let material = textured.material;
  let normal = vertex_normals(textured, triangle, hit, path.direction).shading;
  let axis = unit(scene.camera_forward);
  let depth = dot(path.origin + path.direction * hit.distance - scene.camera_origin, axis);
  return Guide(
    vec4f(floor(material.base_color * GUIDE_STEPS + vec3f(0.5)) * (1.0 / GUIDE_STEPS), floor(depth / depth_step + 0.5) * depth_step),
    vec4f(floor(normal * GUIDE_STEPS + vec3f(0.5)) * (1.0 / GUIDE_STEPS), 1.0),
  );
}

@compute @workgroup_size(WORKGROUP_WIDTH, WORKGROUP_HEIGHT)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = slice.first_row + id.y;
  if (id.x >= slice.tile_width || row >= slice.end_row) {
    return;
  }
  let pixel = vec2u(slice.tile_x + id.x, slice.tile_y + row);
  let film_index = (row * slice.tile_width + id.x) * 2u;
  var sums = Guide(vec4f(0.0), vec4f(0.0));
  if (slice.continues != 0u) {
    sums = Guide(film[film_index], film[film_index + 1u]);
  }
  for (var offset = 0u; offset < slice.sample_count; offset++) {
    let found = first_hit(pixel, pixel_key(pixel, slice.first_sample + offset));
    sums.albedo_depth += found.albedo_depth;
    sums.normal_hits += found.normal_hits;
  }
  film[film_index] = sums.albedo_depth;
  film[film_index + 1u] = sums.normal_hits;
}
