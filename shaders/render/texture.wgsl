// Textures by hand: four texels fetched as integers, decoded by multiplication or by a table, and interpolated. Hardware
// filters differ between vendors; this does not. A slot has 12 words: place of its first texel, width, height, modes
// (bits 0-1 wrap of u, 2-3 of v: 0 repeat, 1 clamp, 2 mirror; bit 4 nearest), then two rows that transform (u, v, 1).

fn texel_slot_row(slot: u32, row: u32) -> vec3f {
  let place = slot + 4u + row * 4u;
  return bitcast<vec3f>(vec3u(texel_word(place), texel_word(place + 1u), texel_word(place + 2u)));
}

/// The column or row of the texel at `place`, and of the one behind it.
fn wrap_pair(place: i32, size: i32, mode: u32) -> vec2i {
  if (mode == 1u) {
    return clamp(vec2i(place, place + 1), vec2i(0), vec2i(size - 1));
  }
  let period = select(size, 2 * size, mode == 2u);
  var turn = place % period;
  turn += select(0, period, turn < 0);
  let both = vec2i(turn, select(turn + 1, 0, turn + 1 == period));
  return select(both, vec2i(period - 1) - both, both >= vec2i(size));
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
  let columns = wrap_pair(i32(corner.x), size.x, modes & 3u);
  let rows = wrap_pair(i32(corner.y), size.y, (modes >> 2u) & 3u);
  var sum = vec4f(0.0);
  for (var index = 0u; index < 4u; index++) {
    let step = vec2u(index & 1u, index >> 1u) == vec2u(1u);
    let weights = select(vec2f(1.0) - part, part, step);
    let column = select(columns.x, columns.y, step.x);
    let row = select(rows.x, rows.y, step.y);
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
  if (!HAS_EMISSION_TEXTURES || material.core_slots[TEXTURE_EMISSION] == 0u) {
    return material.emission;
  }
  return material.emission * sample_texture(material.core_slots[TEXTURE_EMISSION], texture_coordinates(slot, u, v), true).xyz;
}

/// How much of the light a point of a triangle with an alpha keeps from passing: 0..1, and 0 or 1 when masked.
fn coverage_at(material: Material, slot: u32, u: f32, v: f32) -> f32 {
  var alpha = material.alpha;
  if (HAS_TEXTURES && material.core_slots[TEXTURE_BASE_COLOR] != 0u) {
    alpha *= sample_texture(material.core_slots[TEXTURE_BASE_COLOR], texture_coordinates(slot, u, v), true).w;
  }
  if ((material.flags & MATERIAL_MASKED) != 0u) {
    return select(0.0, 1.0, alpha >= material.alpha_cutoff);
  }
  return alpha;
}

/// A material at a point of a triangle with its textures multiplied in, and the texels that bend its normals, 0..1.
struct TexturedMaterial {
  material: Material,
  normal: vec3f,
  coat_normal: vec3f,
}

/// Multiplies a texel of a material's extensions in.
fn add_extension_texel(at_point: ptr<function, TexturedMaterial>, texture_use: u32, texel: vec4f) {
  let material = &(*at_point).material;
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
    case TEXTURE_FILM_THICKNESS: {
      let least = (*material).film_minimum;
      (*material).film_thickness = least + ((*material).film_thickness - least) * texel.y;
    }
    default: {
      (*at_point).coat_normal = texel.xyz;
    }
  }
}

/// The material at a point of a triangle. One place reads all its textures: in every place where a texture is read, compilers put all
/// of `sample_texture`, seconds of work on software adapters.
fn material_at(index: u32, slot: u32, u: f32, v: f32) -> TexturedMaterial {
  var result = TexturedMaterial(materials[index], vec3f(0.5, 0.5, 1.0), vec3f(0.5, 0.5, 1.0));
  if (!HAS_TEXTURES) {
    return result;
  }
  let coordinates = texture_coordinates(slot, u, v);
  let end = select(CORE_TEXTURES, CORE_TEXTURES + EXTENSION_TEXTURES, HAS_EXTENSION_TEXTURES);
  for (var texture_use = 0u; texture_use < end; texture_use++) {
    let is_core = !HAS_EXTENSION_TEXTURES || texture_use < CORE_TEXTURES;
    let extension = texture_use - CORE_TEXTURES;
    var place = 0u;
    if (is_core) {
      place = materials[index].core_slots[texture_use];
    } else {
      place = materials[index].extension_slots[extension];
    }
    if (place == 0u) {
      continue;
    }
    let is_core_color = texture_use == TEXTURE_BASE_COLOR || texture_use == TEXTURE_EMISSION;
    let texel = sample_texture(place, coordinates, select(extension <= TEXTURE_SHEEN_COLOR, is_core_color, is_core));
    if (!is_core) {
      add_extension_texel(&result, extension, texel);
      continue;
    }
    switch (texture_use) {
      case TEXTURE_BASE_COLOR: {
        result.material.base_color *= texel.xyz;
      }
      case TEXTURE_METALLIC_ROUGHNESS: {
        result.material.roughness *= texel.y;
        result.material.metallic *= texel.z;
      }
      case TEXTURE_EMISSION: {
        result.material.emission *= texel.xyz;
      }
      default: {
        result.normal = texel.xyz;
      }
    }
  }
  return result;
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

/// Interpolated normal on the front side, bent by `texel` of the normal texture at `place`; 0: not bent.
fn bent_normal(place: u32, scale: f32, texel: vec3f, triangle: Triangle, hit: Hit) -> vec3f {
  let c = placed_corners(hit.slot, hit.instance);
  let normal = unit(c.a * (1.0 - hit.u - hit.v) + c.b * hit.u + c.c * hit.v);
  if (!HAS_TEXTURES || place == 0u) {
    return normal;
  }
  let frame = texture_frame(triangle, hit.slot, normal);
  let direction = texel * 2.0 - vec3f(1.0);
  let bent = vec3f(direction.xy * scale, max(direction.z, 1.0e-3));
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
