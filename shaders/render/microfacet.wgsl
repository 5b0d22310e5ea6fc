// One lobe of isotropic GGX microfacets in the local frame (z = shading normal), `wo` towards the viewer:
//   D(h) G2(wo, wi) / (4 wo.z wi.z),  G2 height-correlated Smith,  width a = roughness^2.
// Visible normals are sampled by Heitz 2018. Albedos come from tables of ALBEDO_SIZE rows of roughness and columns of
// sqrt(cosine), interpolated bilinearly; which tables there are: worker/render/albedo/tables.ts.

const ALBEDO_SIZE = 32u;
/// Narrowest GGX width: below it, float32 no longer resolves the peak. Roughness 0.044.
const MINIMUM_WIDTH = 0.001953125;

fn width_of(roughness: f32) -> f32 {
  return max(roughness * roughness, MINIMUM_WIDTH);
}

/// Reads the table that begins at `table`.
fn read_albedo(table: u32, columns: u32, cosine: f32, roughness: f32) -> vec2f {
  let x = clamp(sqrt(cosine), 0.0, 1.0) * f32(columns - 1u);
  let y = clamp(roughness, 0.0, 1.0) * f32(ALBEDO_SIZE - 1u);
  let column = min(u32(x), columns - 2u);
  let row = min(u32(y), ALBEDO_SIZE - 2u);
  let fx = x - f32(column);
  let fy = y - f32(row);
  let index = table + row * columns + column;
  let low = albedo_tables[index] * (1.0 - fx) + albedo_tables[index + 1u] * fx;
  let high = albedo_tables[index + columns] * (1.0 - fx) + albedo_tables[index + columns + 1u] * fx;
  return low * (1.0 - fy) + high * fy;
}

/// D G2 / (4 wo.z wi.z) for `wi` above the surface, and the density of visible normals as reflected directions, D G1 / (4 wo.z).
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

/// A normal as seen from `wo`, for a point of the unit square.
fn sample_visible_normal(wo: vec3f, a: f32, square: vec2f) -> vec3f {
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
  return unit(vec3f(a * n.x, a * n.y, max(1.0e-6, n.z)));
}
