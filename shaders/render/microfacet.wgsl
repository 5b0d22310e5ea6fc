// One lobe of GGX microfacets in the local frame (z = shading normal), `wo` towards the viewer:
//   D(h) G2(wo, wi) / (4 wo.z wi.z),  G2 height-correlated Smith,  width a = roughness^2, or two widths
// along x and y: the second and (KHR_materials_anisotropy) the first stretched towards 1 by the square of the strength.
// Visible normals are sampled by Heitz 2018. Albedos come from tables of ALBEDO_SIZE rows of roughness and columns of
// sqrt(cosine), interpolated bilinearly; which tables there are: worker/render/albedo/tables.ts.

const ALBEDO_SIZE = 32u;
/// Narrowest GGX width: below it, float32 no longer resolves the peak. Roughness 0.044.
const MINIMUM_WIDTH = 0.001953125;

/// Along x and y.
fn widths_of(roughness: f32, strength: f32) -> vec2f {
  let width = max(roughness * roughness, MINIMUM_WIDTH);
  return vec2f(select(width, width + (1.0 - width) * strength * strength, HAS_ANISOTROPY), width);
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

/// Set in the place of a table for one roughness and strength: columns of sqrt(wo.z), ALBEDO_SIZE rows of the turn.
const CONSTANT_STRETCH = 0x80000000u;

/// The same for stretched lobes. Where roughness or strength vary, 16 columns of sqrt(wo.z), 5 of wo.x^2 over its part in the plane, 12 of roughness and 12 of
/// strength, the first running fastest; interpolated in all four.
fn read_anisotropic_albedo(table: u32, wo: vec3f, roughness: f32, strength: f32) -> vec2f {
  let flat_squared = wo.x * wo.x + wo.y * wo.y;
  let turn = select(0.0, wo.x * wo.x / flat_squared, flat_squared > 0.0);
  if ((table & CONSTANT_STRETCH) != 0u) {
    return read_albedo(table & ~CONSTANT_STRETCH, ALBEDO_SIZE, wo.z, turn);
  }
  let last = vec4f(15.0, 4.0, 11.0, 11.0);
  let place = clamp(vec4f(sqrt(wo.z), turn, roughness, strength), vec4f(0.0), vec4f(1.0)) * last;
  let corner = min(vec4u(place), vec4u(14u, 3u, 10u, 10u));
  let part = place - vec4f(corner);
  var sum = vec2f(0.0);
  for (var index = 0u; index < 16u; index++) {
    let step = (vec4u(index) >> vec4u(0u, 1u, 2u, 3u)) & vec4u(1u);
    let weights = select(vec4f(1.0) - part, part, step == vec4u(1u));
    let at = corner + step;
    let entry = table + at.x + 16u * (at.y + 5u * (at.z + 12u * at.w));
    sum += albedo_tables[entry] * (weights.x * weights.y * weights.z * weights.w);
  }
  return sum;
}

/// cos (1 + 2 L) of Smith's shadowing, for the widths along x and y.
fn smith_root(v: vec3f, a: vec2f) -> f32 {
  let a2 = a * a;
  if (HAS_ANISOTROPY) {
    return sqrt(a2.x * v.x * v.x + a2.y * v.y * v.y + v.z * v.z);
  }
  return sqrt(a2.x + (1.0 - a2.x) * v.z * v.z);
}

/// D G2 / (4 wo.z wi.z) for `wi` above the surface, and the density of visible normals as reflected directions, D G1 / (4 wo.z).
fn evaluate_lobe(wo: vec3f, wi: vec3f, h: vec3f, a: vec2f) -> vec2f {
  let a2 = a * a;
  // In this form the peak of a narrow lobe loses no digits, unlike cos^2 (a^2 - 1) + 1.
  var slope = (h.x * h.x + h.y * h.y) / a2.x + h.z * h.z;
  var area = a2.x;
  if (HAS_ANISOTROPY) {
    slope = h.x * h.x / a2.x + h.y * h.y / a2.y + h.z * h.z;
    area = a.x * a.y;
  }
  let distribution = INVERSE_PI / (area * slope * slope);
  let root_o = smith_root(wo, a);
  let visibility = 0.5 / (wi.z * root_o + wo.z * smith_root(wi, a));
  return vec2f(distribution * visibility, distribution * 0.5 / (wo.z + root_o));
}

/// A normal as seen from `wo`, for a point of the unit square.
fn sample_visible_normal(wo: vec3f, a: vec2f, square: vec2f) -> vec3f {
  let stretched = unit(vec3f(a * wo.xy, wo.z));
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
  return unit(vec3f(a * n.xy, max(1.0e-6, n.z)));
}
