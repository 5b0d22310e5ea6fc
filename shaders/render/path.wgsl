// One path, vertex by vertex, without a word about who traces its rays: both drivers run these functions in this order,
// so their pictures are equal to the last bit.
//   L = sum over vertices of throughput x (w_bsdf Le + w_light f cos Le / p_light),  w by the power heuristic.
// max_bounces counts scatterings: 0 shows emitters only. Russian roulette from the fourth vertex on.
// Each sample's colour is rounded to a multiple of 2^-14, up or down with the right probability, so its mean is kept
// and its noise (at most 3e-5) drowns in that of the sampling. Sums of such numbers are exact in float32 up to 1024:
// the sum over any split of the samples into batches is the same to the last bit.

const RADIANCE_STEPS = 16384.0;
const ROULETTE_DEPTH = 3u;
// Dimensions of the random numbers, in pairs. A bounce uses ten: choice of a light, point on it, direction, the lobe
// with the roulette, emitter of the tree or point in a texel of the environment; and two as names of its rays in coverage.wgsl.
const DIMENSION_PIXEL = 0u;
const DIMENSION_ROUNDING = 2u;
const DIMENSION_LENS = 4u;
const DIMENSION_BOUNCE = 8u;
const DIMENSIONS_PER_BOUNCE = 12u;
const DIMENSION_RAY = 10u;
const DIMENSION_SHADOW = 11u;

struct Path {
  /// The ray to trace next.
  origin: vec3f,
  direction: vec3f,
  /// Of `direction`, per solid angle, among the directions that the last vertex could have drawn.
  density: f32,
  throughput: vec3f,
  radiance: vec3f,
  /// 1 + the material of the solid body that the ray runs through; 0 outside.
  medium: u32,
  is_alive: bool,
}

/// Light that reaches a vertex unless something lies within `limit` along the ray; a limit of 0 asks nothing.
struct ShadowQuery {
  origin: vec3f,
  limit: f32,
  direction: vec3f,
  contribution: vec3f,
}

/// Call before tracing the ray to the vertex after `depth` scatterings, or the shadow ray of that vertex.
fn begin_ray(key: SampleKey, depth: u32, is_shadow: bool) {
  let ray = select(DIMENSION_RAY, DIMENSION_SHADOW, is_shadow);
  begin_coverage(key, DIMENSION_BOUNCE + depth * DIMENSIONS_PER_BOUNCE + ray);
}

fn begin_path(pixel: vec2u, key: SampleKey) -> Path {
  var lens = vec2f(0.0);
  if (HAS_LENS) {
    lens = random_pair(key, DIMENSION_LENS);
  }
  let ray = camera_ray(pixel, random_pair(key, DIMENSION_PIXEL), lens);
  return Path(ray.origin, ray.direction, 0.0, vec3f(1.0), vec3f(0.0), 0u, true);
}

/// What a solid body leaves of the light over a distance. Rays that leave the scene have met no boundary: the body was open.
fn transmittance(medium: u32, distance: f32) -> vec3f {
  if (!HAS_VOLUME || medium == 0u || distance >= FAR_AWAY) {
    return vec3f(1.0);
  }
  return decay(materials[medium - 1u].absorption * distance);
}

/// One chosen light as seen from `surface` at `point` (`beyond_point`: behind the surface), reflected to the viewer and scaled by `throughput`.
fn query_light(
  surface: Surface,
  point: vec3f,
  beyond_point: vec3f,
  throughput: vec3f,
  key: SampleKey,
  dimension: u32,
) -> ShadowQuery {
  var query = ShadowQuery(point, 0.0, vec3f(0.0), vec3f(0.0));
  let light = sample_light(
    point,
    random_pair(key, dimension),
    random_pair(key, dimension + 2u),
    random_pair(key, dimension + 8u),
  );
  if (light.density <= 0.0) {
    return query;
  }
  let local = to_local(surface.frame, light.direction);
  let reflected = evaluate_surface(surface, local);
  let is_above = dot(light.direction, surface.geometric_normal) > 0.0;
  if (reflected.density <= 0.0 || is_above != (local.z > 0.0)) {
    return query;
  }
  if (!is_above) {
    query.origin = beyond_point;
  }
  let weight = select(power_heuristic(light.density, reflected.density), 1.0, light.is_delta);
  query.limit = light.distance;
  query.direction = light.direction;
  query.contribution = throughput * (reflected.value * light.emission * (weight / light.density));
  return query;
}

struct VertexNormals {
  /// Both face the viewer.
  geometric: vec3f,
  shading: vec3f,
  /// Of the clear coat.
  coat: vec3f,
  is_front: bool,
}

fn vertex_normals(point: TexturedMaterial, triangle: Triangle, hit: Hit, direction: vec3f) -> VertexNormals {
  let material = point.material;
  let turn = select(1.0, -1.0, (triangle.flags & TRIANGLE_MIRRORED) != 0u);
  let front_normal = unit(cross(triangle.edge1, triangle.edge2)) * turn;
  let is_front = dot(front_normal, direction) < 0.0;
  let geometric_normal = select(-front_normal, front_normal, is_front);
  let place = material.core_slots[TEXTURE_NORMAL];
  let shading = bent_normal(place, material.normal_scale, point.normal, triangle, hit);
  var normals = VertexNormals(geometric_normal, geometric_normal, geometric_normal, is_front);
  normals.shading = facing_normal(shading, geometric_normal, is_front, direction);
  normals.coat = normals.shading;
  if (HAS_COAT_NORMAL && material.clearcoat > 0.0) {
    let coat_place = material.extension_slots[TEXTURE_CLEARCOAT_NORMAL];
    let coat = bent_normal(coat_place, material.clearcoat_normal_scale, point.coat_normal, triangle, hit);
    normals.coat = facing_normal(coat, geometric_normal, is_front, direction);
  }
  return normals;
}

/// A normal of the front side turned to the viewer.
fn facing_normal(front: vec3f, geometric_normal: vec3f, is_front: bool, direction: vec3f) -> vec3f {
  let normal = select(-front, front, is_front);
  // An interpolated normal that faces away from the viewer says nothing useful; also false for a NaN.
  return select(geometric_normal, normal, dot(normal, direction) < -1.0e-4);
}

/// What the path's ray found: adds what shines from there, asks for light from one emitter, and draws the next ray or ends
/// the path. `depth` counts the scatterings before this vertex.
fn shade_vertex(path: ptr<function, Path>, hit: Hit, depth: u32, key: SampleKey) -> ShadowQuery {
  let direction = (*path).direction;
  var query = ShadowQuery(vec3f(0.0), 0.0, vec3f(0.0), vec3f(0.0));
  (*path).is_alive = false;
  if (hit.slot == NO_HIT) {
    let beyond = environment_value(direction);
    var weight = 1.0;
    if (depth > 0u && beyond.density > 0.0) {
      weight = power_heuristic((*path).density, beyond.density * scene.environment_probability);
    }
    (*path).radiance += (*path).throughput * beyond.radiance * weight;
    return query;
  }
  let triangle = placed_triangle(hit.slot, hit.instance);
  let throughput = (*path).throughput * transmittance((*path).medium, hit.distance);
  let textured = material_at(triangle.material, hit.slot, hit.u, hit.v);
  let material = textured.material;
  if ((material.flags & MATERIAL_UNLIT) != 0u) {
    (*path).radiance += throughput * material.base_color;
    return query;
  }
  let normals = vertex_normals(textured, triangle, hit, direction);
  let is_front = normals.is_front;
  let geometric_normal = normals.geometric;

  if (largest(material.emission) > 0.0 && (is_front || (material.flags & MATERIAL_DOUBLE_SIDED) != 0u)) {
    var weight = 1.0;
    if (depth > 0u) {
      let cosine = -dot(geometric_normal, direction);
      let per_area = emitter_density(material, triangle, hit.slot, (*path).origin);
      weight = power_heuristic((*path).density, solid_density(per_area, hit.distance, cosine));
    }
    (*path).radiance += throughput * material.emission * weight;
  }
  if (depth == scene.max_bounces) {
    return query;
  }

  let position = triangle.corner + triangle.edge1 * hit.u + triangle.edge2 * hit.v;
  let point = offset_point(position, geometric_normal);
  let beyond_point = offset_point(position, -geometric_normal);
  let frame = shading_frame(material, triangle, hit.slot, normals.shading);
  let surface = make_surface(material, frame, normals.coat, geometric_normal, -direction, is_front);
  // Beyond a solid body's boundary lies its inside, or the outside again; bodies within bodies end where they begin.
  let beyond_medium = select((*path).medium, select(0u, triangle.material + 1u, is_front), surface.glass_probability > 0.0);
  let dimension = DIMENSION_BOUNCE + depth * DIMENSIONS_PER_BOUNCE;
  if (scene.light_count > 0u) {
    query = query_light(surface, point, beyond_point, throughput, key, dimension);
    if (HAS_VOLUME && query.limit > 0.0) {
      let medium = select((*path).medium, beyond_medium, dot(query.direction, geometric_normal) <= 0.0);
      query.contribution *= transmittance(medium, query.limit);
    }
  }

  let choices = random_pair(key, dimension + 6u);
  let local = sample_surface(surface, choices.x, random_pair(key, dimension + 4u));
  let reflected = evaluate_surface(surface, local);
  let next = unit(to_world(surface.frame, local));
  let is_above = dot(next, geometric_normal) > 0.0;
  if (reflected.density <= 0.0 || is_above != (local.z > 0.0)) {
    return query;
  }
  var carried = throughput * (reflected.value * (1.0 / reflected.density));
  if (depth + 1u >= ROULETTE_DEPTH) {
    let survival = min(largest(carried), 0.95);
    if (choices.y >= survival) {
      return query;
    }
    carried *= 1.0 / survival;
  }
  (*path).origin = select(beyond_point, point, is_above);
  (*path).direction = next;
  (*path).density = reflected.density;
  (*path).throughput = carried;
  (*path).medium = select(beyond_medium, (*path).medium, is_above);
  (*path).is_alive = true;
  return query;
}

/// What a finished sample adds to its pixel's sums: its colour, rounded, and its squared luminance.
fn film_value(radiance: vec3f, key: SampleKey) -> vec4f {
  var color = radiance;
  if (!is_finite(color)) {
    color = vec3f(0.0);
  }
  color = floor(color * RADIANCE_STEPS + vec3f(random_unit(key, DIMENSION_ROUNDING))) * (1.0 / RADIANCE_STEPS);
  let light = luminance(color);
  return vec4f(color, light * light);
}

fn pixel_key(pixel: vec2u, sample_index: u32) -> SampleKey {
  return sample_key(scene.seed, (pixel.y << 16u) | pixel.x, sample_index);
}
