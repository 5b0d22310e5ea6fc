// The boundary of a solid body that lets light through (KHR_materials_transmission with KHR_materials_volume): a rough
// dielectric interface after Walter 2007. With eta = index beyond / index on the viewer's side, h = the microfacet normal:
//   reflected:   F D G2 / (4 wo.z wi.z)
//   transmitted: (1 - F) tint D G2 (wo.h) |wi.h| eta^2 / (wo.z |wi.z| (wo.h + eta wi.h)^2),  G2 = 1 / (1 + L(wo) + L(wi))
// F is Fresnel's for a dielectric, stretched between the F0 and F90 that KHR_materials_specular asks for; total reflection
// stays total. Radiance is counted per squared index, so crossing does not scale it and a white body returns all light.
// What single scattering loses is made up by dividing by the albedo of both together, a table for each index and side.
// Sampling: a visible normal, then reflection with the probability F, else refraction.

const GLASS_COLUMNS = 64u;

struct Glass {
  eta: f32,
  /// Reflectance at normal view, of the indices alone.
  f0: f32,
  /// Reflectances that the material asks for, at normal and at grazing view.
  k0: vec3f,
  grazing: f32,
  /// Share of the surface, divided by the albedo.
  weight: f32,
  tint: vec3f,
  /// Reflectance of a thin film, in place of all that by its share.
  film: vec3f,
  film_share: f32,
}

struct GlassValue {
  value: vec3f,
  density: f32,
}

/// Fresnel's reflectance of unpolarised light that arrives under the cosine `c`; 1 in total reflection.
fn dielectric_reflectance(c: f32, eta: f32) -> f32 {
  let squared = 1.0 - (1.0 - c * c) / (eta * eta);
  if (squared <= 0.0) {
    return 1.0;
  }
  let t = sqrt(squared);
  let across = (c - eta * t) / (c + eta * t);
  let along = (eta * c - t) / (eta * c + t);
  return 0.5 * (across * across + along * along);
}

fn glass_reflectance(glass: Glass, c: f32) -> vec3f {
  let exact = dielectric_reflectance(c, glass.eta);
  if (exact >= 1.0) {
    return vec3f(1.0);
  }
  let rise = clamp((exact - glass.f0) / (1.0 - glass.f0), 0.0, 1.0);
  var reflectance = min(glass.k0 + (vec3f(glass.grazing) - glass.k0) * rise, vec3f(1.0));
  if (HAS_IRIDESCENCE) {
    reflectance += (glass.film - reflectance) * glass.film_share;
  }
  return reflectance;
}

/// f x |wi.z| and density for `wi` on either side.
fn evaluate_glass(glass: Glass, wo: vec3f, wi: vec3f, widths: vec2f) -> GlassValue {
  let passes = wi.z < 0.0;
  var h = unit(wo + wi * select(1.0, glass.eta, passes));
  h = select(h, -h, h.z < 0.0);
  let along_o = dot(wo, h);
  let along_i = dot(wi, h);
  if (along_o <= 0.0 || (along_i < 0.0) != passes) {
    return GlassValue(vec3f(0.0), 0.0);
  }
  let lobe = evaluate_lobe(wo, vec3f(wi.xy, abs(wi.z)), h, widths);
  let reflectance = glass_reflectance(glass, along_o);
  let chance = luminance(reflectance);
  if (!passes) {
    return GlassValue(reflectance * (glass.weight * lobe.x * wi.z), chance * lobe.y);
  }
  let sum = along_o + glass.eta * along_i;
  // Turns the density of reflected directions into that of refracted ones.
  let turned = 4.0 * along_o * -along_i * glass.eta * glass.eta / (sum * sum);
  let passed = (vec3f(1.0) - reflectance) * glass.tint;
  return GlassValue(passed * (glass.weight * lobe.x * turned * -wi.z), (1.0 - chance) * lobe.y * turned);
}

/// A direction on either side; on the horizon when it is lost. `choice` is uniform in [0, 1).
fn sample_glass(glass: Glass, wo: vec3f, widths: vec2f, choice: f32, square: vec2f) -> vec3f {
  let h = sample_visible_normal(wo, widths, square);
  let c = dot(wo, h);
  if (choice < luminance(glass_reflectance(glass, c))) {
    let reflected = h * (2.0 * c) - wo;
    return vec3f(reflected.xy, max(reflected.z, 0.0));
  }
  let inverse = 1.0 / glass.eta;
  let t = sqrt(max(0.0, 1.0 - (1.0 - c * c) * inverse * inverse));
  let refracted = h * (c * inverse - t) - wo * inverse;
  return vec3f(refracted.xy, min(refracted.z, 0.0));
}
