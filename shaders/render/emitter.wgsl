// Next-event estimation: one light for each vertex, chosen by an alias table in proportion to its power over pi.
// Triangles: power area x luminance, a point uniformly on it; so the density per area is luminance x
// inverse_emitted_power on all of them. Where they are thousands, the table has one entry for all, and a tree chooses one by what
// it can do for the point (light-tree.wgsl). Points, spots and suns (KHR_lights_punctual) are met by this choice only, so
// their weight is 1. The environment is one light among them.

struct LightPoint {
  /// Radiance, or for points, spots and suns the irradiance across the direction.
  emission: vec3f,
  /// Towards the light, unit.
  direction: vec3f,
  /// How far the way must be free.
  distance: f32,
  /// Per solid angle as seen from the shaded point; for a delta light the probability of the choice; 0: no light.
  density: f32,
  /// No other way leads to it.
  is_delta: bool,
}

/// Per solid angle, of what has a density per area and is seen at `distance` under `cosine`.
fn solid_density(per_area: f32, distance: f32, cosine: f32) -> f32 {
  return per_area * distance * distance / max(cosine, 1.0e-12);
}

/// Per area, of the points of a triangle that is chosen from the tree with `chance`.
fn area_density(triangle: Triangle, chance: f32) -> f32 {
  let normal = cross(triangle.edge1, triangle.edge2);
  return chance * 2.0 / max(sqrt(dot(normal, normal)), 1.0e-30);
}

/// Per area, with which sample_light chooses points of an emissive triangle for `from_point`.
fn emitter_density(material: Material, triangle: Triangle, slot: u32, from_point: vec3f) -> f32 {
  if (!HAS_LIGHT_TREE) {
    return material.emission_brightness * scene.inverse_emitted_power;
  }
  let element = corners_at(slot).light;
  if (element == 0u) {
    return 0.0;
  }
  return area_density(triangle, emitter_chance(element, from_point));
}

/// Uniform point of a triangle without a square root (Heitz 2019, "A low-distortion map between triangle and square").
fn triangle_from_square(square: vec2f) -> vec2f {
  if (square.y > square.x) {
    let x = square.x * 0.5;
    return vec2f(x, square.y - x);
  }
  let y = square.y * 0.5;
  return vec2f(square.x - y, y);
}

/// `chance` of the triangle, where it comes from the tree.
fn sample_triangle_light(light: Light, chance: f32, from_point: vec3f, square: vec2f) -> LightPoint {
  let triangle = triangle_at(light.triangle_slot);
  let material = materials[triangle.material];
  let uv = triangle_from_square(square);
  let point = triangle.corner + triangle.edge1 * uv.x + triangle.edge2 * uv.y;
  let normal = unit(cross(triangle.edge1, triangle.edge2));
  let faces_away = dot(normal, from_point - point) < 0.0;
  // Moved off the light towards the shaded point, so that the light does not hide itself.
  let offset = offset_point(point, select(normal, -normal, faces_away)) - from_point;
  let squared = dot(offset, offset);
  var result: LightPoint;
  result.distance = sqrt(squared);
  result.direction = offset * (1.0 / max(result.distance, 1.0e-30));
  result.emission = emission_at(material, light.triangle_slot, uv.x, uv.y);
  if (HAS_ALPHA && (triangle.flags & TRIANGLE_HAS_ALPHA) != 0u) {
    result.emission *= coverage_at(material, light.triangle_slot, uv.x, uv.y);
  }
  let cosine = abs(dot(normal, result.direction));
  let lit = cosine > 0.0 && squared > 0.0 && ((material.flags & MATERIAL_DOUBLE_SIDED) != 0u || !faces_away);
  var per_area = material.emission_brightness * scene.inverse_emitted_power;
  if (HAS_LIGHT_TREE) {
    per_area = area_density(triangle, chance);
  }
  result.density = select(0.0, solid_density(per_area, result.distance, cosine), lit);
  return result;
}

fn sample_punctual_light(light: Light, from_point: vec3f) -> LightPoint {
  var result: LightPoint;
  result.is_delta = true;
  result.density = light.probability;
  if (light.kind == LIGHT_SUN) {
    result.direction = -light.direction;
    result.distance = FAR_AWAY;
    result.emission = light.intensity;
    return result;
  }
  let offset = light.position - from_point;
  let squared = max(dot(offset, offset), 1.0e-20);
  result.distance = sqrt(squared);
  result.direction = offset * (1.0 / result.distance);
  let cone = clamp(-dot(result.direction, light.direction) * light.cone_scale + light.cone_offset, 0.0, 1.0);
  result.emission = light.intensity * (cone * cone / squared);
  return result;
}

/// `choice` picks the light, `square` a point on it; `inner` picks a triangle from the tree, or the point in the environment's texel, which
/// `square` picked.
fn sample_light(from_point: vec3f, choice: vec2f, square: vec2f, inner: vec2f) -> LightPoint {
  let index = min(u32(choice.x * f32(scene.light_count)), scene.light_count - 1u);
  let entry = light_at(index);
  let light = light_at(select(index, entry.alias_index, choice.y >= entry.threshold));
  if (HAS_LIGHT_TREE && light.kind == LIGHT_TREE) {
    let chosen = choose_emitter(light.triangle_slot, from_point, inner);
    return sample_triangle_light(chosen.light, chosen.chance * light.probability, from_point, square);
  }
  if (HAS_EMITTERS && !HAS_LIGHT_TREE && light.kind == LIGHT_TRIANGLE) {
    return sample_triangle_light(light, 0.0, from_point, square);
  }
  if (HAS_ENVIRONMENT && light.kind == LIGHT_ENVIRONMENT) {
    let found = sample_environment(square, inner);
    let density = found.value.density * light.probability;
    return LightPoint(found.value.radiance, found.direction, FAR_AWAY, density, false);
  }
  if (HAS_PUNCTUAL_LIGHTS) {
    return sample_punctual_light(light, from_point);
  }
  return LightPoint(vec3f(0.0), vec3f(0.0), 0.0, 0.0, false);
}
