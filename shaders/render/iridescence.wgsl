// Reflectance of a surface under a thin film (KHR_materials_iridescence): Belcour and Barla 2017 in the form of the glTF
// specification, in linear Rec. 709. Two orders of interference; the spectral sums are Gaussians in the phase. It is taken
// for the angle of the view on the shading normal, and then is the lobe's reflectance from every microfacet.

fn reflectance_of_indices(beyond: vec3f, before: f32) -> vec3f {
  let root = (beyond - vec3f(before)) / (beyond + vec3f(before));
  return root * root;
}

fn schlick(f0: vec3f, cosine: f32) -> vec3f {
  let m = clamp(1.0 - cosine, 0.0, 1.0);
  let m2 = m * m;
  return f0 + (vec3f(1.0) - f0) * (m2 * m2 * m);
}

/// `path_difference` in nanometres, `shift` in turns.
fn film_sensitivity(path_difference: f32, shift: vec3f) -> vec3f {
  let metres = path_difference * 1.0e-9;
  let phase = 6.28318530717959 * metres;
  let squared = phase * phase;
  let fade = decay(vec3f(4.3278e9, 9.3046e9, 6.6121e9) * squared);
  let second_fade = decay(vec3f(4.5282e9 * squared)).x;
  let turns = vec3f(1.6810e6, 1.7953e6, 2.2084e6) * metres + shift;
  let waves = vec3f(cosine_of_turns(turns.x), cosine_of_turns(turns.y), cosine_of_turns(turns.z));
  // Value x sqrt(2 pi variance) / 1.0685e-7 of each Gaussian.
  var xyz = vec3f(0.84659, 1.0002219, 1.0011225) * waves * fade;
  xyz.x += 0.15386831 * cosine_of_turns(2.2399e6 * metres + shift.x) * second_fade;
  return vec3f(
    dot(vec3f(3.2404542, -1.5371385, -0.4985314), xyz),
    dot(vec3f(-0.9692660, 1.8760108, 0.0415560), xyz),
    dot(vec3f(0.0556434, -0.2040259, 1.0572252), xyz),
  );
}

/// `f0`: reflectance of what lies under the film at normal view, against air.
fn film_reflectance(cosine: f32, film_ior: f32, thickness: f32, f0: vec3f) -> vec3f {
  // Without a thickness there is no film.
  let part = clamp(thickness / 0.03, 0.0, 1.0);
  let ior = 1.0 + (film_ior - 1.0) * (part * part * (3.0 - 2.0 * part));
  let squared = 1.0 - (1.0 - cosine * cosine) / (ior * ior);
  if (squared <= 0.0) {
    return vec3f(1.0);
  }
  let inner_cosine = sqrt(squared);
  let outer = schlick(reflectance_of_indices(vec3f(ior), 1.0), cosine).x;
  let passed = 1.0 - outer;
  let root = sqrt(clamp(f0, vec3f(0.0), vec3f(0.9999)));
  let base_ior = (vec3f(1.0) + root) / (vec3f(1.0) - root);
  let inner = schlick(reflectance_of_indices(base_ior, ior), inner_cosine);
  // Half a turn from the film's own boundary, and another where the base is the thinner medium.
  let shift = vec3f(select(0.5, 0.0, ior < 1.0)) + select(vec3f(0.0), vec3f(0.5), base_ior < vec3f(ior));
  let both = clamp(outer * inner, vec3f(1.0e-5), vec3f(0.9999));
  let amplitude = sqrt(both);
  let returned = passed * passed * inner / (vec3f(1.0) - both);
  let path_difference = 2.0 * ior * thickness * inner_cosine;
  let first = (returned - vec3f(passed)) * amplitude;
  let second = first * amplitude;
  let light = vec3f(outer) + returned + first * 2.0 * film_sensitivity(path_difference, shift)
    + second * 2.0 * film_sensitivity(2.0 * path_difference, 2.0 * shift);
  return clamp(light, vec3f(0.0), vec3f(1.0));
}
