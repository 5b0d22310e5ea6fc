// Light from outside the scene: a constant, or an octahedral map, sampled in proportion to luminance x solid angle: a row and
// a column of texels by their cumulative shares, so that well spread numbers give well spread directions, then a point in the
// tent by which lookups interpolate that texel. So the density is interpolated as the radiance is, and no light is drawn from
// the dark beside a small sun.
// Map: v = d / (|d.x| + |d.y| + |d.z|); (v.x, v.z) for d.y >= 0, folded outwards for d.y < 0; a direction takes up
// du dv / |v|^3 of solid angle, so a density q over the square is q |v|^3 per solid angle. No trigonometry.
// Lookups interpolate four texels by hand; beyond an edge the map goes on at the mirrored place of that edge.

struct EnvironmentValue {
  radiance: vec3f,
  /// Per solid angle, with which sample_environment draws this direction; 0 without a map.
  density: f32,
}

struct EnvironmentSample {
  direction: vec3f,
  value: EnvironmentValue,
}

fn fold_octahedron(p: vec2f) -> vec2f {
  return (vec2f(1.0) - abs(p.yx)) * select(vec2f(-1.0), vec2f(1.0), p >= vec2f(0.0));
}

/// Radiance, and density over the square.
fn environment_texel(column: i32, row: i32) -> vec4f {
  let last = i32(scene.environment_size) - 1;
  var place = vec2i(column, row);
  if (place.x < 0 || place.x > last) {
    place = vec2i(clamp(place.x, 0, last), last - place.y);
  }
  if (place.y < 0 || place.y > last) {
    place = vec2i(last - place.x, clamp(place.y, 0, last));
  }
  return textureLoad(environment_texels, place, 0);
}

/// Value at a point of the map's square, -1..1; `length_cubed` is |v|^3 there.
fn environment_on_map(p: vec2f, length_cubed: f32) -> EnvironmentValue {
  let size = f32(scene.environment_size);
  let place = (p + vec2f(1.0)) * (0.5 * size);
  let corner = floor(place - vec2f(0.5));
  let part = place - vec2f(0.5) - corner;
  let c = vec2i(corner);
  let low = environment_texel(c.x, c.y) * (1.0 - part.x) + environment_texel(c.x + 1, c.y) * part.x;
  let high = environment_texel(c.x, c.y + 1) * (1.0 - part.x) + environment_texel(c.x + 1, c.y + 1) * part.x;
  let found = low * (1.0 - part.y) + high * part.y;
  return EnvironmentValue(found.xyz, found.w * length_cubed);
}

fn environment_value(direction: vec3f) -> EnvironmentValue {
  if (!HAS_ENVIRONMENT || scene.environment_size == 0u) {
    return EnvironmentValue(scene.background, 0.0);
  }
  let inverse = 1.0 / (abs(direction.x) + abs(direction.y) + abs(direction.z));
  var p = direction.xz * inverse;
  if (direction.y < 0.0) {
    p = fold_octahedron(p);
  }
  return environment_on_map(p, inverse * inverse * inverse);
}

/// -1..1 with density 1 - |x|, growing with u.
fn tent(u: f32) -> f32 {
  return select(1.0 - sqrt(2.0 - 2.0 * u), sqrt(2.0 * u) - 1.0, u < 0.5);
}

/// How many of the cumulative shares of a row's texels (`is_row`: of the rows) do not exceed `u`.
fn count_shares(u: f32, row: u32, is_row: bool) -> u32 {
  var low = 0u;
  var high = scene.environment_size - 1u;
  while (low < high) {
    let middle = (low + high) >> 1u;
    let shares = textureLoad(environment_shares, vec2i(vec2u(middle, row)), 0);
    if (u < select(shares.x, shares.y, is_row)) {
      high = middle;
    } else {
      low = middle + 1u;
    }
  }
  return low;
}

/// `choice` picks a texel, `square` the point around it; only with a map.
fn sample_environment(choice: vec2f, square: vec2f) -> EnvironmentSample {
  let size = scene.environment_size;
  let row = count_shares(choice.x, 0u, true);
  let column = count_shares(choice.y, row, false);
  let center = vec2f(vec2u(column, row)) + vec2f(0.5);
  var p = (center + vec2f(tent(square.x), tent(square.y))) * (2.0 / f32(size)) - vec2f(1.0);
  if (abs(p.x) > 1.0) {
    p = vec2f(select(-2.0, 2.0, p.x > 0.0) - p.x, -p.y);
  }
  if (abs(p.y) > 1.0) {
    p = vec2f(-p.x, select(-2.0, 2.0, p.y > 0.0) - p.y);
  }
  let y = 1.0 - abs(p.x) - abs(p.y);
  let flat_point = select(fold_octahedron(p), p, y >= 0.0);
  let v = vec3f(flat_point.x, y, flat_point.y);
  let squared = dot(v, v);
  let length = sqrt(squared);
  return EnvironmentSample(v * (1.0 / length), environment_on_map(p, squared * length));
}
