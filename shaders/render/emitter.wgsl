// Next-event estimation over emissive triangles. A triangle is chosen with probability area x luminance / total by an
// alias table, then a point uniformly on it; so the density per area is luminance x inverse_emitted_power on all of them.

struct LightPoint {
  /// Moved off the light towards the shaded point.
  position: vec3f,
  emission: vec3f,
  /// Towards the shaded point, unit.
  direction: vec3f,
  distance: f32,
  /// Per solid angle as seen from the shaded point; 0 when the light shows its dark side.
  density: f32,
}

/// Density per solid angle with which sample_light would have chosen a point seen at `distance` under `cosine`.
fn light_density(emission: vec3f, distance: f32, cosine: f32) -> f32 {
  return luminance(emission) * scene.inverse_emitted_power * distance * distance / max(cosine, 1.0e-12);
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

fn sample_light(from_point: vec3f, choice: vec2f, square: vec2f) -> LightPoint {
  var index = min(u32(choice.x * f32(scene.light_count)), scene.light_count - 1u);
  if (choice.y >= lights[index].threshold) {
    index = lights[index].alias_index;
  }
  let triangle = triangles[lights[index].triangle_slot];
  let material = materials[triangle.material];
  let uv = triangle_from_square(square);
  let point = triangle.corner + triangle.edge1 * uv.x + triangle.edge2 * uv.y;
  let normal = unit(cross(triangle.edge1, triangle.edge2));
  let faces_away = dot(normal, from_point - point) < 0.0;

  var result: LightPoint;
  result.position = offset_point(point, select(normal, -normal, faces_away));
  let offset = result.position - from_point;
  let squared = dot(offset, offset);
  result.distance = sqrt(squared);
  result.direction = offset * (1.0 / max(result.distance, 1.0e-30));
  result.emission = material.emission;
  let cosine = abs(dot(normal, result.direction));
  let lit = cosine > 0.0 && squared > 0.0 && (material.double_sided != 0u || !faces_away);
  result.density = select(0.0, light_density(material.emission, result.distance, cosine), lit);
  return result;
}
