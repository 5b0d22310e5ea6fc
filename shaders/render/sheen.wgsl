// Cloth (KHR_materials_sheen): f = colour D V with the distribution of Estevez and Kulla 2017 ("Charlie"), a = roughness^2:
//   D = (2 + 1/a) sin(h)^(1/a) / (2 pi),  V = 1 / ((1 + L(wo) + L(wi)) 4 wo.z wi.z) clamped to 0..1,
// L fitted as in the glTF sample renderer. What it reflects, by a table over (sqrt(wo.z), roughness), is taken from all below
// by its strongest colour. Sampled by the cosine.

/// Below it the lobe is a line that float32 and the table cannot show.
const NARROWEST_SHEEN = 0.1;

fn sheen_lambda_logarithm(x: f32, a: f32) -> f32 {
  let smoothness = (1.0 - a) * (1.0 - a);
  let p = vec4f(25.3245, 3.32435, 0.16801, -1.27393) * smoothness
    + vec4f(21.5473, 3.82987, 0.19823, -1.97760) * (1.0 - smoothness);
  let last = -4.85967 * smoothness - 4.32054 * (1.0 - smoothness);
  return p.x / (1.0 + p.y * power_of_two(p.z * logarithm_of_two(x))) + p.w * x + last;
}

fn sheen_lambda(cosine: f32, a: f32) -> f32 {
  if (cosine < 0.5) {
    return power_of_two(1.44269504088896 * sheen_lambda_logarithm(cosine, a));
  }
  let mirrored = 2.0 * sheen_lambda_logarithm(0.5, a) - sheen_lambda_logarithm(1.0 - cosine, a);
  return power_of_two(1.44269504088896 * mirrored);
}

/// D V for two directions above the surface.
fn evaluate_sheen(wo: vec3f, wi: vec3f, roughness: f32) -> f32 {
  let limited = max(roughness, NARROWEST_SHEEN);
  let a = limited * limited;
  let h = unit(wo + wi);
  let squared_sine = max(0.0, h.x * h.x + h.y * h.y);
  let distribution = (2.0 + 1.0 / a) * 0.5 * INVERSE_PI * power_of_two((0.5 / a) * logarithm_of_two(squared_sine));
  let masked = 1.0 + sheen_lambda(wo.z, a) + sheen_lambda(wi.z, a);
  return distribution * clamp(1.0 / (masked * 4.0 * wo.z * wi.z), 0.0, 1.0);
}
