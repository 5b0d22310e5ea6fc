// glTF metallic-roughness surface at one point, for one outgoing direction `wo`. In the local frame, z = shading normal:
//   f = diffuse / pi + D(h) G2(wo, wi) / (4 wo.z wi.z) (K0 + K1 (1 - wo.h)^5)
// Lobes: microfacet.wgsl; Fresnel is Schlick's with F90 = 1.
// Energy: single scattering loses light on rough surfaces. Each lobe is scaled by 1 + F0 (1 - E) / E (Turquin 2019), and
// what the dielectric coat reflects is taken from the diffuse base, so that a white surface returns all light.
// Thin transmission takes its part of the base: the reflection's lobe mirrored below the surface, divided by E, in the base
// colour. A solid body's transmission takes its part of the whole dielectric: glass.wgsl. A clear coat (F0 = 0.04, its own
// width) lies over all of it and takes from it what it reflects itself.
// E = albedo of the lobe with F = 1 and W = its part weighted by (1 - wo.h)^5, from the first of the tables.
// Sampling: visible normals of coat, base, its mirror image or glass, or cosine, chosen by albedo; the density is that of
// the mixture.

const COAT_F0 = 0.04;

struct Surface {
  frame: Frame,
  /// Facing the viewer, true geometry.
  geometric_normal: vec3f,
  wo: vec3f,
  width: f32,
  diffuse: vec3f,
  k0: vec3f,
  k1: vec3f,
  specular_probability: f32,
  /// Of the mirrored lobe below the surface; 0 on what lets no light through.
  transmitted: vec3f,
  transmission_probability: f32,
  coat_width: f32,
  coat_k0: f32,
  coat_k1: f32,
  coat_probability: f32,
  glass: Glass,
  glass_probability: f32,
}

/// `wo` points away from the surface, in world space; normals face it. `is_front`: seen from the outside of a solid body.
fn make_surface(
  material: Material,
  shading_normal: vec3f,
  geometric_normal: vec3f,
  wo: vec3f,
  is_front: bool,
) -> Surface {
  var surface: Surface;
  surface.frame = frame_around(shading_normal);
  surface.geometric_normal = geometric_normal;
  surface.wo = to_local(surface.frame, wo);
  surface.width = width_of(material.roughness);
  let table = read_albedo(0u, ALBEDO_SIZE, surface.wo.z, material.roughness);
  let loss = (1.0 - table.x) / table.x;
  let metal = material.metallic;
  let dielectric_scale = vec3f(1.0) + material.dielectric * loss;
  let metal_scale = vec3f(1.0) + material.base_color * loss;
  let rise = vec3f(material.grazing) - material.dielectric;
  let is_solid = HAS_VOLUME && material.glass_table != 0u;
  let plastic = (1.0 - metal) * select(1.0, 1.0 - material.transmission, is_solid);
  surface.k0 = material.dielectric * dielectric_scale * plastic + material.base_color * metal_scale * metal;
  surface.k1 = rise * dielectric_scale * plastic + (vec3f(1.0) - material.base_color) * metal_scale * metal;
  let reflected = largest(dielectric_scale * (material.dielectric * table.x + rise * table.y));
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
  var coat_albedo = 0.0;
  if (HAS_LAYERS && material.clearcoat > 0.0) {
    let coat = read_albedo(0u, ALBEDO_SIZE, surface.wo.z, material.clearcoat_roughness);
    let scale = material.clearcoat * (1.0 + COAT_F0 * (1.0 - coat.x) / coat.x);
    surface.coat_width = width_of(material.clearcoat_roughness);
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
  }
  let specular = luminance(surface.k0 * table.x + surface.k1 * table.y);
  let transmission = select(0.0, luminance(surface.transmitted) * table.x, HAS_LAYERS);
  let all = specular + luminance(surface.diffuse) + transmission + coat_albedo + glass_albedo;
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
    let glass = evaluate_glass(surface.glass, wo, wi, surface.width);
    result.value = glass.value;
    result.density = glass.density * surface.glass_probability;
  }
  let passes = wi.z < 0.0;
  if (passes && (!HAS_LAYERS || surface.transmission_probability <= 0.0)) {
    return result;
  }
  let above = vec3f(wi.xy, abs(wi.z));
  let h = unit(wo + above);
  let lobe = evaluate_lobe(wo, above, h, surface.width);
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
  if (HAS_LAYERS && surface.coat_probability > 0.0) {
    let coat = evaluate_lobe(wo, wi, h, surface.coat_width);
    result.value += vec3f((surface.coat_k0 + surface.coat_k1 * m5) * coat.x * wi.z);
    result.density += surface.coat_probability * coat.y;
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
    return sample_glass(surface.glass, surface.wo, surface.width, choice, square);
  }
  let a = select(surface.width, surface.coat_width, HAS_LAYERS && lobe < surface.coat_probability);
  let h = sample_visible_normal(surface.wo, a, square);
  let reflected = h * (2.0 * dot(surface.wo, h)) - surface.wo;
  // A reflection that ends below the horizon is lost. It must not pass for light of the mirrored lobe, nor that for a reflection.
  let height = max(reflected.z, 0.0);
  return vec3f(reflected.xy, select(height, -height, HAS_LAYERS && lobe >= specular_end));
}
