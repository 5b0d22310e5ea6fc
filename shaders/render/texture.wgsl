// Textures by hand: four texels fetched as integers, decoded by multiplication or by a table, and interpolated. Hardware
// filters differ between vendors; this does not. A slot has 12 words: place of its first texel, width, height, modes
// (bits 0-1 wrap of u, 2-3 of v: 0 repeat, 1 clamp, 2 mirror; bit 4 nearest), then two rows that transform (u, v, 1).

fn texel_slot_row(slot: u32, row: u32) -> vec3f {
  let place = slot + 4u + row * 4u;
  return bitcast<vec3f>(vec3u(texel_word(place), texel_word(place + 1u), texel_word(place + 2u)));
}

fn wrap_texel(place: i32, size: i32, mode: u32) -> i32 {
  if (mode == 1u) {
    return clamp(place, 0, size - 1);
  }
  if (mode == 2u) {
    let turn = ((place % (2 * size)) + 2 * size) % (2 * size);
    return select(turn, 2 * size - 1 - turn, turn >= size);
  }
  return ((place % size) + size) % size;
}

/// A texel's channels in 0..1; R, G and B through the sRGB table when asked.
fn decode_texel(word: u32, is_srgb: bool) -> vec4f {
  let codes = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  let plain = vec4f(codes) * 0.00392156862745098;
  if (!is_srgb) {
    return plain;
  }
  return vec4f(bitcast<vec3f>(vec3u(texel_word(codes.x), texel_word(codes.y), texel_word(codes.z))), plain.w);
}

fn sample_texture(slot: u32, coordinates: vec2f, is_srgb: bool) -> vec4f {
  let first = texel_word(slot);
  let size = vec2i(vec2u(texel_word(slot + 1u), texel_word(slot + 2u)));
  let modes = texel_word(slot + 3u);
  let extended = vec3f(coordinates, 1.0);
  let uv = vec2f(dot(texel_slot_row(slot, 0u), extended), dot(texel_slot_row(slot, 1u), extended));
  let is_nearest = (modes & 16u) != 0u;
  // Bounded, so that the conversion to integers is defined.
  let place = clamp(uv * vec2f(size), vec2f(-1.0e9), vec2f(1.0e9)) - select(vec2f(0.5), vec2f(0.0), is_nearest);
  let corner = floor(place);
  let part = select(place - corner, vec2f(0.0), is_nearest);
  var sum = vec4f(0.0);
  for (var index = 0; index < 4; index++) {
    let step = vec2i(index & 1, index >> 1u);
    let weights = select(vec2f(1.0) - part, part, step == vec2i(1));
    let column = wrap_texel(i32(corner.x) + step.x, size.x, modes & 3u);
    let row = wrap_texel(i32(corner.y) + step.y, size.y, (modes >> 2u) & 3u);
    sum += decode_texel(texel_word(first + u32(row * size.x + column)), is_srgb) * (weights.x * weights.y);
  }
  return sum;
}

fn texture_coordinates(slot: u32, u: f32, v: f32) -> vec2f {
  let c = corners_at(slot);
  return vec2f(
    c.a_u * (1.0 - u - v) + c.b_u * u + c.c_u * v,
    c.v.x * (1.0 - u - v) + c.v.y * u + c.v.z * v,
  );
}

/// Emission at a point of a triangle, with its texture.
fn emission_at(material: Material, slot: u32, u: f32, v: f32) -> vec3f {
  if (!HAS_TEXTURES || material.emission_slot == 0u) {
    return material.emission;
  }
  return material.emission * sample_texture(material.emission_slot, texture_coordinates(slot, u, v), true).xyz;
}

/// How much of the light a point of a triangle with an alpha keeps from passing: 0..1, and 0 or 1 when masked.
fn coverage_at(material: Material, slot: u32, u: f32, v: f32) -> f32 {
  var alpha = material.alpha;
  if (HAS_TEXTURES && material.base_color_slot != 0u) {
    alpha *= sample_texture(material.base_color_slot, texture_coordinates(slot, u, v), true).w;
  }
  if ((material.flags & MATERIAL_MASKED) != 0u) {
    return select(0.0, 1.0, alpha >= material.alpha_cutoff);
  }
  return alpha;
}

/// Multiplies the textures of a material's extensions in.
fn add_extension_textures(material: ptr<function, Material>, index: u32, coordinates: vec2f) {
  for (var texture_use = 0u; texture_use < EXTENSION_TEXTURES; texture_use++) {
    let place = materials[index].extension_slots[texture_use];
    if (place == 0u) {
      continue;
    }
    let texel = sample_texture(place, coordinates, texture_use <= TEXTURE_SHEEN_COLOR);
    switch (texture_use) {
      case TEXTURE_SPECULAR_COLOR: {
        (*material).dielectric *= texel.xyz;
      }
      case TEXTURE_SHEEN_COLOR: {
        (*material).sheen_color *= texel.xyz;
      }
      case TEXTURE_SPECULAR: {
        (*material).dielectric *= texel.w;
        (*material).grazing *= texel.w;
      }
      case TEXTURE_TRANSMISSION: {
        (*material).transmission *= texel.x;
      }
      case TEXTURE_CLEARCOAT: {
        (*material).clearcoat *= texel.x;
      }
      case TEXTURE_CLEARCOAT_ROUGHNESS: {
        (*material).clearcoat_roughness *= texel.y;
      }
      case TEXTURE_SHEEN_ROUGHNESS: {
        (*material).sheen_roughness *= texel.w;
      }
      case TEXTURE_ANISOTROPY: {
        let d = (*material).anisotropy_direction;
        let t = texel.xy * 2.0 - vec2f(1.0);
        let turned = vec2f(d.x * t.x - d.y * t.y, d.y * t.x + d.x * t.y);
        let squared = dot(turned, turned);
        if (squared > 0.0) {
          (*material).anisotropy_direction = turned * (1.0 / sqrt(squared));
        }
        (*material).anisotropy_strength *= texel.z;
      }
      case TEXTURE_IRIDESCENCE: {
        (*material).iridescence *= texel.x;
      }
      default: {
        let least = (*material).film_minimum;
        (*material).film_thickness = least + ((*material).film_thickness - least) * texel.y;
      }
    }
  }
}

/// The material at a point of a triangle, its textures multiplied in.
fn material_at(index: u32, slot: u32, u: f32, v: f32) -> Material {
  var material = materials[index];
  if (HAS_TEXTURES && (material.base_color_slot | material.metallic_roughness_slot) != 0u) {
    let coordinates = texture_coordinates(slot, u, v);
    if (material.base_color_slot != 0u) {
      material.base_color *= sample_texture(material.base_color_slot, coordinates, true).xyz;
    }
    if (material.metallic_roughness_slot != 0u) {
      let texel = sample_texture(material.metallic_roughness_slot, coordinates, false);
      material.roughness *= texel.y;
      material.metallic *= texel.z;
    }
  }
  if (HAS_EXTENSION_TEXTURES) {
    add_extension_textures(&material, index, texture_coordinates(slot, u, v));
  }
  material.emission = emission_at(material, slot, u, v);
  return material;
}

/// Around `normal`, x along growing u on this triangle and y upwards in the texture, whose v grows downwards; not
/// right-handed where the texture is mirrored. Without texture coordinates any frame.
fn texture_frame(triangle: Triangle, slot: u32, normal: vec3f) -> Frame {
  let c = corners_at(slot);
  let d1 = vec2f(c.b_u - c.a_u, c.v.y - c.v.x);
  let d2 = vec2f(c.c_u - c.a_u, c.v.z - c.v.x);
  let turn = select(-1.0, 1.0, d1.x * d2.y - d2.x * d1.y >= 0.0);
  let along_u = (triangle.edge1 * d2.y - triangle.edge2 * d1.y) * turn;
  let along_v = (triangle.edge2 * d1.x - triangle.edge1 * d2.x) * turn;
  let flat_tangent = along_u - normal * dot(normal, along_u);
  let squared = dot(flat_tangent, flat_tangent);
  if (!(squared > 0.0)) {
    return frame_around(normal);
  }
  let tangent = flat_tangent * (1.0 / sqrt(squared));
  let side = cross(normal, tangent);
  return Frame(tangent, select(side, -side, dot(side, along_v) > 0.0), normal);
}

/// Interpolated normal on the front side, bent by the normal texture at `place`; 0: not bent.
fn bent_normal(place: u32, scale: f32, triangle: Triangle, slot: u32, instance: u32, u: f32, v: f32) -> vec3f {
  let c = placed_corners(slot, instance);
  let normal = unit(c.a * (1.0 - u - v) + c.b * u + c.c * v);
  if (!HAS_TEXTURES || place == 0u) {
    return normal;
  }
  let frame = texture_frame(triangle, slot, normal);
  let texel = sample_texture(place, texture_coordinates(slot, u, v), false).xyz * 2.0 - vec3f(1.0);
  let bent = vec3f(texel.xy * scale, max(texel.z, 1.0e-3));
  return unit(to_world(frame, bent));
}

/// Around a shading normal, x along the stretch of an anisotropic material.
fn shading_frame(material: Material, triangle: Triangle, slot: u32, normal: vec3f) -> Frame {
  if (!HAS_ANISOTROPY || material.anisotropy_strength <= 0.0) {
    return frame_around(normal);
  }
  let frame = texture_frame(triangle, slot, normal);
  let x = frame.x * material.anisotropy_direction.x + frame.y * material.anisotropy_direction.y;
  return Frame(x, cross(normal, x), normal);
}
