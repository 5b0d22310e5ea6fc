// Path tracer over one tile, a thread per pixel that follows each of its samples to the end: the driver that needs no
// memory but the film. What happens at a vertex is in path.wgsl; path-trace-wavefront is the driver with queues.
// Output: 4 float32 per pixel, row-major in the tile: sums over samples of R, G, B and of squared luminance.
// Tolerance: two drivers differ by rounding; about one path in thousands takes another turn.
// One variant, float32, for every adapter. A dispatch covers rows and samples of the tile; the host makes it short.

override WORKGROUP_WIDTH: u32 = 8u;
override WORKGROUP_HEIGHT: u32 = 8u;

fn trace_path(pixel: vec2u, key: SampleKey) -> vec3f {
  var path = begin_path(pixel, key);
  for (var depth = 0u; path.is_alive; depth++) {
    var query = ShadowQuery(path.origin, FAR_AWAY, path.direction, vec3f(0.0));
    // A path's ray and then its shadow ray, if there is one: threads take these turns together, and compilers find one place that traces.
    for (var turn = 0u; turn < 2u && query.limit > 0.0; turn++) {
      let is_shadow = turn == 1u;
      begin_ray(key, depth, is_shadow);
      let hit = trace_nearest_or_first(query.origin, query.direction, query.limit, is_shadow);
      if (!is_shadow) {
        query = shade_vertex(&path, hit, depth, key);
      } else if (hit.slot == NO_HIT) {
        path.radiance += query.contribution;
      }
    }
  }
  return path.radiance;
}

@compute @workgroup_size(WORKGROUP_WIDTH, WORKGROUP_HEIGHT)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = slice.first_row + id.y;
  if (id.x >= slice.tile_width || row >= slice.end_row) {
    return;
  }
  let pixel = vec2u(slice.tile_x + id.x, slice.tile_y + row);
  let film_index = row * slice.tile_width + id.x;
  var sums = vec4f(0.0);
  if (slice.continues != 0u) {
    sums = film[film_index];
  }
  for (var offset = 0u; offset < slice.sample_count; offset++) {
    let key = pixel_key(pixel, slice.first_sample + offset);
    sums += film_value(trace_path(pixel, key), key);
  }
  film[film_index] = sums;
}
