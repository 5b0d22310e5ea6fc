// glTF metallic-roughness surface at one point, for one outgoing direction `wo`. In the local frame, z = shading normal:
//   f = diffuse / pi + D(h) G2(wo, wi) / (4 wo.z wi.z) (K0 + K1 (1 - wo.h)^5)
// Lobes: microfacet.wgsl; Fresnel is Schlick's with F90 = 1.
// Energy: single scattering loses light on rough surfaces. Each lobe is scaled by 1 + F0 (1 - E) / E (Turquin 2019), and
// what the dielectric coat reflects is taken from the diffuse base, so that a white surface returns all light.
// Thin transmission takes its part of the base: the reflection's lobe mirrored below the surface, divided by E, in the base
// colour. A solid body's transmission takes its part of the whole dielectric: glass.wgsl. Over all of it lie cloth (sheen.wgsl)
// and a clear coat (F0 = 0.04, its own width, its own normal); each takes from what is below the share that it reflects itself. A thin film
// (iridescence.wgsl) takes the place of K0 and K1.
// E = albedo of the lobe with F = 1 and W = its part weighted by (1 - wo.h)^5, from the first of the tables.
// Sampling: visible normals of coat, base, its mirror image or glass, or cosine, chosen by albedo; the density is that of
// the mixture.

const COAT_F0 = 0.04;

struct Surface {
  frame: Frame,
  /// Facing the viewer, true geometry.
  geometric_normal: vec3f,
  wo: vec3f,
  widths: vec2f,
  diffuse: vec3f,
  k0: vec3f,
  k1: vec3f,
  specular_probability: f32,
  /// Of the mirrored lobe below the surface; 0 on what lets no light through.
  transmitted: vec3f,
  transmission_probability: f32,
  /// Of the clear coat, inside `frame`.
  coat_frame: Frame,
  /// `wo` in that frame.
  coat_wo: vec3f,
  coat_widths: vec2f,
  coat_k0: f32,
  coat_k1: f32,
  coat_probability: f32,
  glass: Glass,
  glass_probability: f32,
  /// Colour of the cloth and how rough it is; sampled with the diffuse part.
  sheen: vec3f,
  sheen_roughness: f32,
}

/// `wo` points away from the surface, in world space; `frame` (z: the shading normal) and both normals face it. `is_front`: seen from the outside of a solid body.
fn make_surface(
  material: Material,
  frame: Frame,
  coat_normal: vec3f,
  geometric_normal: vec3f,
  wo: vec3f,
  is_front: bool,
) -> Surface {
  var surface: Surface;
  surface.frame = frame;
  surface.geometric_normal = geometric_normal;
  surface.wo = to_local(surface.frame, wo);
  surface.widths = widths_of(material.roughness, material.anisotropy_strength);
  var table = read_albedo(0u, ALBEDO_SIZE, surface.wo.z, material.roughness);
  if (HAS_ANISOTROPY && material.anisotropy_strength > 0.0) {
    let strength = material.anisotropy_strength;
    table = read_anisotropic_albedo(material.anisotropy_table, surface.wo, material.roughness, strength);
  }
  let loss = (1.0 - table.x) / table.x;
  let metal = material.metallic;
  var dielectric = material.dielectric;
  var rise = vec3f(material.grazing) - dielectric;
  var metallic = material.base_color;
  var metallic_rise = vec3f(1.0) - metallic;
  if (HAS_IRIDESCENCE && material.iridescence > 0.0) {
    let share = material.iridescence;
    // Seen from inside a body, the film lies under the angle at which the light leaves.
    let squared = 1.0 - (1.0 - surface.wo.z * surface.wo.z) * material.ior * material.ior;
    let leaving = sqrt(max(0.0, squared));
    let cosine = select(leaving, surface.wo.z, is_front || material.glass_table == 0u);
    let film = film_reflectance(cosine, material.iridescence_ior, material.film_thickness, dielectric);
    surface.glass.film = film;
    surface.glass.film_share = share;
    dielectric += (film - dielectric) * share;
    rise *= 1.0 - share;
    metallic += (film_reflectance(cosine, material.iridescence_ior, material.film_thickness, metallic) - metallic) * share;
    metallic_rise *= 1.0 - share;
  }
  let dielectric_scale = vec3f(1.0) + dielectric * loss;
  let metal_scale = vec3f(1.0) + metallic * loss;
  let is_solid = HAS_VOLUME && material.glass_table != 0u;
  let plastic = (1.0 - metal) * select(1.0, 1.0 - material.transmission, is_solid);
  surface.k0 = dielectric * dielectric_scale * plastic + metallic * metal_scale * metal;
  surface.k1 = rise * dielectric_scale * plastic + metallic_rise * metal_scale * metal;
  let reflected = largest(dielectric_scale * (dielectric * table.x + rise * table.y));
  let base = material.base_color * (plastic * max(0.0, 1.0 - reflected));
  let thin_transmission = select(material.transmission, 0.0, is_solid);
  surface.diffuse = base * (1.0 - thin_transmission);
  surface.transmitted = base * thin_transmission * (1.0 / table.x);
  var glass_albedo = 0.0;
  if (is_solid && material.transmission > 0.0) {
    let sides = read_albedo(material.glass_table, GLASS_COLUMNS, surface.wo.z, material.roughness);
    let root = (material.ior - 1.0) / (material.ior + 1.0);
    let share = (1.0 - metal) * material.transmission;
    surface.glass.eta = select(1.0 / material.ior, material.ior, is_front);
    surface.glass.f0 = root * root;
    surface.glass.k0 = material.dielectric;
    surface.glass.grazing = material.grazing;
    surface.glass.weight = share / select(sides.y, sides.x, is_front);
    surface.glass.tint = material.base_color;
    let reflectance = luminance(glass_reflectance(surface.glass, surface.wo.z));
    glass_albedo = share * (reflectance + (1.0 - reflectance) * luminance(material.base_color));
  }
  var sheen_albedo = 0.0;
  if (HAS_SHEEN) {
    let albedo = read_albedo(material.sheen_table, ALBEDO_SIZE, surface.wo.z, material.sheen_roughness).x;
    surface.sheen = material.sheen_color;
    surface.sheen_roughness = material.sheen_roughness;
    sheen_albedo = luminance(material.sheen_color) * albedo;
    let rest = max(0.0, 1.0 - largest(material.sheen_color) * albedo);
    surface.k0 *= rest;
    surface.k1 *= rest;
    surface.diffuse *= rest;
    surface.transmitted *= rest;
    surface.glass.weight *= rest;
    glass_albedo *= rest;
  }
  var coat_albedo = 0.0;
  if (HAS_LAYERS && material.clearcoat > 0.0) {
    surface.coat_wo = surface.wo;
    if (HAS_COAT_NORMAL) {
      surface.coat_frame = frame_around(to_local(surface.frame, coat_normal));
      surface.coat_wo = to_local(surface.coat_frame, surface.wo);
    }
    let coat = read_albedo(0u, ALBEDO_SIZE, surface.coat_wo.z, material.clearcoat_roughness);
    let scale = material.clearcoat * (1.0 + COAT_F0 * (1.0 - coat.x) / coat.x);
    surface.coat_widths = widths_of(material.clearcoat_roughness, 0.0);
    surface.coat_k0 = COAT_F0 * scale;
    surface.coat_k1 = (1.0 - COAT_F0) * scale;
    coat_albedo = surface.coat_k0 * coat.x + surface.coat_k1 * coat.y;
    let rest = 1.0 - coat_albedo;
    surface.k0 *= rest;
    surface.k1 *= rest;
    surface.diffuse *= rest;
    surface.transmitted *= rest;
    surface.glass.weight *= rest;
    glass_albedo *= rest;
    surface.sheen *= rest;
    sheen_albedo *= rest;
  }
  let specular = luminance(surface.k0 * table.x + surface.k1 * table.y);
  let transmission = select(0.0, luminance(surface.transmitted) * table.x, HAS_LAYERS);
  let all = specular + luminance(surface.diffuse) + transmission + coat_albedo + glass_albedo
    + sheen_albedo;
  let inverse = 1.0 / max(all, 1.0e-20);
  surface.specular_probability = specular * inverse;
  surface.transmission_probability = transmission * inverse;
  surface.coat_probability = coat_albedo * inverse;
  surface.glass_probability = glass_albedo * inverse;
  return surface;
}

struct SurfaceValue {
  /// f x cosine of wi.
  value: vec3f,
  /// Density of sample_surface, per solid angle.
  density: f32,
}

/// Evaluates for `wi` in the local frame; below the horizon there is only what passes through.
fn evaluate_surface(surface: Surface, wi: vec3f) -> SurfaceValue {
  let wo = surface.wo;
  var result = SurfaceValue(vec3f(0.0), 0.0);
  if (wi.z == 0.0 || wo.z <= 0.0) {
    return result;
  }
  if (HAS_VOLUME && surface.glass_probability > 0.0) {
    let glass = evaluate_glass(surface.glass, wo, wi, surface.widths);
    result.value = glass.value;
    result.density = glass.density * surface.glass_probability;
  }
  let passes = wi.z < 0.0;
  if (passes && (!HAS_LAYERS || surface.transmission_probability <= 0.0)) {
    return result;
  }
  let above = vec3f(wi.xy, abs(wi.z));
  let h = unit(wo + above);
  let lobe = evaluate_lobe(wo, above, h, surface.widths);
  if (HAS_LAYERS && passes) {
    result.value += surface.transmitted * (lobe.x * above.z);
    result.density += surface.transmission_probability * lobe.y;
    return result;
  }
  let m = clamp(1.0 - dot(wo, h), 0.0, 1.0);
  let m2 = m * m;
  let m5 = m2 * m2 * m;
  let diffuse_probability = max(
    0.0,
    1.0 - surface.specular_probability - surface.transmission_probability - surface.coat_probability
      - surface.glass_probability,
  );
  result.value += (surface.diffuse * INVERSE_PI + (surface.k0 + surface.k1 * m5) * lobe.x) * wi.z;
  result.density += surface.specular_probability * lobe.y + diffuse_probability * wi.z * INVERSE_PI;
  if (HAS_SHEEN && largest(surface.sheen) > 0.0) {
    result.value += surface.sheen * (evaluate_sheen(wo, wi, surface.sheen_roughness) * wi.z);
  }
  if (HAS_LAYERS && surface.coat_probability > 0.0) {
    var coat_wi = wi;
    var coat_h = h;
    if (HAS_COAT_NORMAL) {
      coat_wi = to_local(surface.coat_frame, wi);
      coat_h = to_local(surface.coat_frame, h);
    }
    if (!HAS_COAT_NORMAL || (coat_wi.z > 0.0 && surface.coat_wo.z > 0.0)) {
      let coat = evaluate_lobe(surface.coat_wo, coat_wi, coat_h, surface.coat_widths);
      result.value += vec3f((surface.coat_k0 + surface.coat_k1 * m5) * coat.x * coat_wi.z);
      result.density += surface.coat_probability * coat.y;
    }
  }
  return result;
}

/// A direction in the local frame: above the horizon, below it for what passes through, or on it for what is lost.
fn sample_surface(surface: Surface, lobe: f32, square: vec2f) -> vec3f {
  let specular_end = surface.coat_probability + surface.specular_probability;
  let transmission_end = specular_end + surface.transmission_probability;
  let glass_end = transmission_end + surface.glass_probability;
  if (lobe >= glass_end) {
    return cosine_hemisphere(square);
  }
  if (HAS_VOLUME && lobe >= transmission_end) {
    let choice = (lobe - transmission_end) / surface.glass_probability;
    return sample_glass(surface.glass, surface.wo, surface.widths, choice, square);
  }
  let is_coat = HAS_LAYERS && lobe < surface.coat_probability;
  let a = select(surface.widths, surface.coat_widths, is_coat);
  let own_wo = select(surface.wo, surface.coat_wo, is_coat);
  var h = sample_visible_normal(own_wo, a, square);
  if (HAS_COAT_NORMAL && is_coat) {
    h = to_world(surface.coat_frame, h);
  }
  let reflected = h * (2.0 * dot(surface.wo, h)) - surface.wo;
  // A reflection that ends below the horizon is lost. It must not pass for light of the mirrored lobe, nor that for a reflection.
  let height = max(reflected.z, 0.0);
  return vec3f(reflected.xy, select(height, -height, HAS_LAYERS && lobe >= specular_end));
}
