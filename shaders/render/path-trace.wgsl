// Path tracer over one tile: for each pixel and sample
//   L = sum over vertices of throughput x (w_bsdf Le + w_light f cos Le / p_light),  w by the power heuristic.
// max_bounces counts scatterings: 0 shows emitters only. Russian roulette from the fourth vertex on.
// Output: 4 float32 per pixel, row-major in the tile: sums over samples of R, G, B and of squared luminance.
// Each sample's colour is rounded to a multiple of 2^-14, up or down with the right probability, so its mean is kept
// and its noise (at most 3e-5) drowns in that of the sampling. Sums of such numbers are exact in float32 up to 1024:
// the sum over any split of the samples into batches is the same to the last bit.
// Tolerance: two drivers differ by rounding; about one path in thousands takes another turn.
// One variant, float32, for every adapter. A dispatch covers rows and samples of the tile; the host makes it short.

struct Slice {
  tile_x: u32,
  tile_y: u32,
  tile_width: u32,
  /// Rows of the tile covered by this dispatch.
  first_row: u32,
  end_row: u32,
  first_sample: u32,
  sample_count: u32,
  /// 1: add to what earlier slices of this tile left in the film; 0: start from zero.
  continues: u32,
}

override WORKGROUP_WIDTH: u32 = 8u;
override WORKGROUP_HEIGHT: u32 = 8u;

const RADIANCE_STEPS = 16384.0;
const ROULETTE_DEPTH = 3u;
// Dimensions of the random numbers, in pairs. A bounce uses ten: choice of a light, point on it, direction, the lobe
// with the roulette, point in a texel of the environment.
const DIMENSION_PIXEL = 0u;
const DIMENSION_ROUNDING = 2u;
const DIMENSION_LENS = 4u;
const DIMENSION_BOUNCE = 8u;
const DIMENSIONS_PER_BOUNCE = 12u;

@group(1) @binding(0) var<uniform> slice: Slice;
@group(1) @binding(1) var<storage, read_write> film: array<vec4f>;

/// Radiance that reaches `surface` at `point` straight from one chosen emitter, reflected to the viewer.
fn direct_light(surface: Surface, point: vec3f, key: SampleKey, dimension: u32) -> vec3f {
  let light = sample_light(
    point,
    random_pair(key, dimension),
    random_pair(key, dimension + 2u),
    random_pair(key, dimension + 8u),
  );
  if (light.density <= 0.0 || dot(light.direction, surface.geometric_normal) <= 0.0) {
    return vec3f(0.0);
  }
  let reflected = evaluate_surface(surface, to_local(surface.frame, light.direction));
  if (reflected.density <= 0.0) {
    return vec3f(0.0);
  }
  if (trace_any(point, light.direction, light.distance)) {
    return vec3f(0.0);
  }
  let weight = select(power_heuristic(light.density, reflected.density), 1.0, light.is_delta);
  return reflected.value * light.emission * (weight / light.density);
}

fn trace_path(pixel: vec2u, sample_index: u32, key: SampleKey) -> vec3f {
  let ray = camera_ray(pixel, random_pair(key, DIMENSION_PIXEL), random_pair(key, DIMENSION_LENS));
  var origin = ray.origin;
  var direction = ray.direction;
  var throughput = vec3f(1.0);
  var radiance = vec3f(0.0);
  var density = 0.0;

  for (var depth = 0u; depth <= scene.max_bounces; depth++) {
    let hit = trace_closest(origin, direction);
    if (hit.slot == NO_HIT) {
      let beyond = environment_value(direction);
      var weight = 1.0;
      if (depth > 0u && beyond.density > 0.0) {
        weight = power_heuristic(density, beyond.density * scene.environment_probability);
      }
      radiance += throughput * beyond.radiance * weight;
      break;
    }
    let triangle = triangles[hit.slot];
    let material = materials[triangle.material];
    let front_normal = unit(cross(triangle.edge1, triangle.edge2));
    let is_front = dot(front_normal, direction) < 0.0;
    let geometric_normal = select(-front_normal, front_normal, is_front);

    if (largest(material.emission) > 0.0 && (is_front || material.double_sided != 0u)) {
      var weight = 1.0;
      if (depth > 0u) {
        let cosine = -dot(geometric_normal, direction);
        weight = power_heuristic(density, light_density(luminance(material.emission), hit.distance, cosine));
      }
      radiance += throughput * material.emission * weight;
    }
    if (depth == scene.max_bounces) {
      break;
    }

    let corners = corner_normals[hit.slot];
    var shading_normal = unit(corners.a * (1.0 - hit.u - hit.v) + corners.b * hit.u + corners.c * hit.v);
    shading_normal = select(-shading_normal, shading_normal, is_front);
    // An interpolated normal that faces away from the viewer says nothing useful; also false for a NaN.
    if (!(dot(shading_normal, direction) < -1.0e-4)) {
      shading_normal = geometric_normal;
    }
    let point = offset_point(
      triangle.corner + triangle.edge1 * hit.u + triangle.edge2 * hit.v,
      geometric_normal,
    );
    let surface = make_surface(material, shading_normal, geometric_normal, -direction);
    let dimension = DIMENSION_BOUNCE + depth * DIMENSIONS_PER_BOUNCE;
    if (scene.light_count > 0u) {
      radiance += throughput * direct_light(surface, point, key, dimension);
    }

    let choices = random_pair(key, dimension + 6u);
    let local = sample_surface(surface, choices.x, random_pair(key, dimension + 4u));
    let reflected = evaluate_surface(surface, local);
    direction = unit(to_world(surface.frame, local));
    if (reflected.density <= 0.0 || dot(direction, geometric_normal) <= 0.0) {
      break;
    }
    throughput *= reflected.value * (1.0 / reflected.density);
    density = reflected.density;
    origin = point;
    if (depth + 1u >= ROULETTE_DEPTH) {
      let survival = min(largest(throughput), 0.95);
      if (choices.y >= survival) {
        break;
      }
      throughput *= 1.0 / survival;
    }
  }
  return radiance;
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
    let sample_index = slice.first_sample + offset;
    let key = sample_key(scene.seed, (pixel.y << 16u) | pixel.x, sample_index);
    var color = trace_path(pixel, sample_index, key);
    if (!is_finite(color)) {
      color = vec3f(0.0);
    }
    color = floor(color * RADIANCE_STEPS + vec3f(random_unit(key, DIMENSION_ROUNDING))) * (1.0 / RADIANCE_STEPS);
    let light = luminance(color);
    sums += vec4f(color, light * light);
  }
  film[film_index] = sums;
}
