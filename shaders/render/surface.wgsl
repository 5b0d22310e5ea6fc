// glTF metallic-roughness surface at one point, for one outgoing direction `wo`. In the local frame, z = shading normal:
//   f = diffuse / pi + D(h) G2(wo, wi) / (4 wo.z wi.z) (K0 + K1 (1 - wo.h)^5)
// D is isotropic GGX with width roughness^2, G2 height-correlated Smith, Fresnel is Schlick's with F90 = 1.
// Energy: single scattering loses light on rough surfaces. Each lobe is scaled by 1 + F0 (1 - E) / E (Turquin 2019), and
// what the dielectric coat reflects is taken from the diffuse base, so that a white surface returns all light.
// Thin transmission takes its part of the base: the reflection's lobe mirrored below the surface, divided by E, in the base
// colour. A clear coat (F0 = 0.04, its own width) lies over all of it and takes from it what it reflects itself.
// E = albedo of the lobe with F = 1 and W = its part weighted by (1 - wo.h)^5, read from a table over
// (sqrt(wo.z), roughness) of ALBEDO_SIZE x ALBEDO_SIZE entries, bilinear.
// Sampling: visible normals (Heitz 2018) of coat, base or its mirror image, or cosine, chosen by albedo; the density is that of the mixture.

const ALBEDO_SIZE = 32u;
const COAT_F0 = 0.04;
/// Narrowest GGX width: below it, float32 no longer resolves the peak. Roughness 0.044.
const MINIMUM_WIDTH = 0.001953125;

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
}

fn read_specular_albedo(cosine: f32, roughness: f32) -> vec2f {
  let last = f32(ALBEDO_SIZE - 1u);
  let x = clamp(sqrt(cosine), 0.0, 1.0) * last;
  let y = clamp(roughness, 0.0, 1.0) * last;
  let column = min(u32(x), ALBEDO_SIZE - 2u);
  let row = min(u32(y), ALBEDO_SIZE - 2u);
  let fx = x - f32(column);
  let fy = y - f32(row);
  let index = row * ALBEDO_SIZE + column;
  let low = specular_albedo[index] * (1.0 - fx) + specular_albedo[index + 1u] * fx;
  let high = specular_albedo[index + ALBEDO_SIZE] * (1.0 - fx) + specular_albedo[index + ALBEDO_SIZE + 1u] * fx;
  return low * (1.0 - fy) + high * fy;
}

/// `wo` points away from the surface, in world space; normals face it.
fn make_surface(material: Material, shading_normal: vec3f, geometric_normal: vec3f, wo: vec3f) -> Surface {
  var surface: Surface;
  surface.frame = frame_around(shading_normal);
  surface.geometric_normal = geometric_normal;
  surface.wo = to_local(surface.frame, wo);
  surface.width = max(material.roughness * material.roughness, MINIMUM_WIDTH);
  let table = read_specular_albedo(surface.wo.z, material.roughness);
  let loss = (1.0 - table.x) / table.x;
  let metal = material.metallic;
  let dielectric_scale = vec3f(1.0) + material.dielectric * loss;
  let metal_scale = vec3f(1.0) + material.base_color * loss;
  let rise = vec3f(material.grazing) - material.dielectric;
  surface.k0 = material.dielectric * dielectric_scale * (1.0 - metal) + material.base_color * metal_scale * metal;
  surface.k1 = rise * dielectric_scale * (1.0 - metal) + (vec3f(1.0) - material.base_color) * metal_scale * metal;
  let reflected = largest(dielectric_scale * (material.dielectric * table.x + rise * table.y));
  let base = material.base_color * ((1.0 - metal) * max(0.0, 1.0 - reflected));
  surface.diffuse = base * (1.0 - material.transmission);
  surface.transmitted = base * material.transmission * (1.0 / table.x);
  var coat_albedo = 0.0;
  if (HAS_LAYERS && material.clearcoat > 0.0) {
    let coat = read_specular_albedo(surface.wo.z, material.clearcoat_roughness);
    let scale = material.clearcoat * (1.0 + COAT_F0 * (1.0 - coat.x) / coat.x);
    surface.coat_width = max(material.clearcoat_roughness * material.clearcoat_roughness, MINIMUM_WIDTH);
    surface.coat_k0 = COAT_F0 * scale;
    surface.coat_k1 = (1.0 - COAT_F0) * scale;
    coat_albedo = surface.coat_k0 * coat.x + surface.coat_k1 * coat.y;
    let rest = 1.0 - coat_albedo;
    surface.k0 *= rest;
    surface.k1 *= rest;
    surface.diffuse *= rest;
    surface.transmitted *= rest;
  }
  let specular = luminance(surface.k0 * table.x + surface.k1 * table.y);
  let transmission = select(0.0, luminance(surface.transmitted) * table.x, HAS_LAYERS);
  let all = specular + luminance(surface.diffuse) + transmission + coat_albedo;
  let inverse = 1.0 / max(all, 1.0e-20);
  surface.specular_probability = specular * inverse;
  surface.transmission_probability = transmission * inverse;
  surface.coat_probability = coat_albedo * inverse;
  return surface;
}

struct SurfaceValue {
  /// f x cosine of wi.
  value: vec3f,
  /// Density of sample_surface, per solid angle.
  density: f32,
}

/// D and G2 / (4 wo.z wi.z) of the lobe with a width, and the density of its visible normals as directions.
fn evaluate_lobe(wo: vec3f, wi: vec3f, h: vec3f, a: f32) -> vec2f {
  let a2 = a * a;
  // In this form the peak of a narrow lobe loses no digits, unlike cos^2 (a^2 - 1) + 1.
  let slope = (h.x * h.x + h.y * h.y) / a2 + h.z * h.z;
  let distribution = INVERSE_PI / (a2 * slope * slope);
  let root_o = sqrt(a2 + (1.0 - a2) * wo.z * wo.z);
  let root_i = sqrt(a2 + (1.0 - a2) * wi.z * wi.z);
  let visibility = 0.5 / (wi.z * root_o + wo.z * root_i);
  return vec2f(distribution * visibility, distribution * 0.5 / (wo.z + root_o));
}

/// Evaluates for `wi` in the local frame; below the horizon there is only what passes through.
fn evaluate_surface(surface: Surface, wi: vec3f) -> SurfaceValue {
  let wo = surface.wo;
  let passes = wi.z < 0.0;
  if (wi.z == 0.0 || wo.z <= 0.0 || (passes && (!HAS_LAYERS || surface.transmission_probability <= 0.0))) {
    return SurfaceValue(vec3f(0.0), 0.0);
  }
  let above = vec3f(wi.xy, abs(wi.z));
  let h = unit(wo + above);
  let lobe = evaluate_lobe(wo, above, h, surface.width);
  if (HAS_LAYERS && passes) {
    return SurfaceValue(surface.transmitted * (lobe.x * above.z), surface.transmission_probability * lobe.y);
  }
  let m = clamp(1.0 - dot(wo, h), 0.0, 1.0);
  let m2 = m * m;
  let m5 = m2 * m2 * m;
  let diffuse_probability = max(
    0.0,
    1.0 - surface.specular_probability - surface.transmission_probability - surface.coat_probability,
  );
  var result = SurfaceValue(
    (surface.diffuse * INVERSE_PI + (surface.k0 + surface.k1 * m5) * lobe.x) * wi.z,
    surface.specular_probability * lobe.y + diffuse_probability * wi.z * INVERSE_PI,
  );
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
  if (lobe >= transmission_end) {
    return cosine_hemisphere(square);
  }
  let a = select(surface.width, surface.coat_width, HAS_LAYERS && lobe < surface.coat_probability);
  let wo = surface.wo;
  let stretched = unit(vec3f(a * wo.x, a * wo.y, wo.z));
  let flat_length = stretched.x * stretched.x + stretched.y * stretched.y;
  var t1 = vec3f(1.0, 0.0, 0.0);
  if (flat_length > 0.0) {
    t1 = vec3f(-stretched.y, stretched.x, 0.0) * (1.0 / sqrt(flat_length));
  }
  let t2 = cross(stretched, t1);
  let disk = disk_from_square(square);
  let s = 0.5 * (1.0 + stretched.z);
  let p2 = (1.0 - s) * sqrt(max(0.0, 1.0 - disk.x * disk.x)) + s * disk.y;
  let p3 = sqrt(max(0.0, 1.0 - disk.x * disk.x - p2 * p2));
  let n = t1 * disk.x + t2 * p2 + stretched * p3;
  let h = unit(vec3f(a * n.x, a * n.y, max(1.0e-6, n.z)));
  let reflected = h * (2.0 * dot(wo, h)) - wo;
  // A reflection that ends below the horizon is lost. It must not pass for light of the mirrored lobe, nor that for a reflection.
  let height = max(reflected.z, 0.0);
  return vec3f(reflected.xy, select(height, -height, HAS_LAYERS && lobe >= specular_end));
}
