// What every traversal shares, so that all of them answer alike to the last bit: the test of a triangle, the slab test of a
// box, and which of two hits counts.
// Boxes are tested with 2 ulp of slack (Ize 2013) and triangles with 2^-21 beyond their edges in barycentric
// coordinates, so that a ray cannot slip between two triangles that share an edge. Equal distances go to the smaller
// triangle id, so the answer does not depend on the tree. Hits that coverage.wgsl rejects are none.

const NO_HIT = 0xffffffffu;
/// A reference with this bit is a leaf: count - 1 in bits 28..30, first triangle slot in bits 0..27.
const LEAF_BIT = 0x80000000u;
const EDGE_SLACK = 4.76837158203125e-7;
const BOX_SLACK = 1.0000004;
const FAR_AWAY = 1.0e30;

struct Hit {
  distance: f32,
  /// Slot in leaf order, or NO_HIT.
  slot: u32,
  u: f32,
  v: f32,
  /// Which of the mesh's instances; see placed-instances.wgsl.
  instance: u32,
}

/// 1 / direction without infinities: a component too small to matter counts as 1e-20.
fn inverse_direction(direction: vec3f) -> vec3f {
  let tiny = abs(direction) < vec3f(1.0e-20);
  let replacement = select(vec3f(1.0e-20), vec3f(-1.0e-20), direction < vec3f(0.0));
  return vec3f(1.0) / select(direction, replacement, tiny);
}

/// Distance at which the ray enters the box, or FAR_AWAY when it misses it within `limit`.
fn enter_box(minimum: vec3f, maximum: vec3f, origin: vec3f, inverse: vec3f, limit: f32) -> f32 {
  let t0 = (minimum - origin) * inverse;
  let t1 = (maximum - origin) * inverse;
  let low = min(t0, t1);
  let high = max(t0, t1);
  let entry = max(max(low.x, low.y), max(low.z, 0.0));
  let leave = min(min(high.x, high.y), min(high.z, limit)) * BOX_SLACK;
  return select(FAR_AWAY, entry, entry <= leave);
}

/// Entry distances of the two children of a two-wide node, or FAR_AWAY, and their references.
struct Pair {
  left: f32,
  right: f32,
  left_reference: u32,
  right_reference: u32,
}

/// A two-wide node from `quad` on; its layout: worker/render/bvh/layout-bvh2.ts.
fn enter_pair(quad: u32, origin: vec3f, inverse: vec3f, limit: f32) -> Pair {
  let left_low = node_quad(quad);
  let left_high = node_quad(quad + 1u);
  let right_low = node_quad(quad + 2u);
  let right_high = node_quad(quad + 3u);
  count_node();
  return Pair(
    enter_box(bitcast<vec3f>(left_low.xyz), bitcast<vec3f>(left_high.xyz), origin, inverse, limit),
    enter_box(bitcast<vec3f>(right_low.xyz), bitcast<vec3f>(right_high.xyz), origin, inverse, limit),
    left_low.w,
    right_low.w,
  );
}

/// Moeller and Trumbore 1997, both sides. Returns distance, u, v; a distance of -1 is a miss.
fn intersect_triangle(triangle: Triangle, origin: vec3f, direction: vec3f) -> vec3f {
  let p = cross(direction, triangle.edge2);
  let determinant = dot(triangle.edge1, p);
  if (determinant == 0.0) {
    return vec3f(-1.0, 0.0, 0.0);
  }
  let inverse = 1.0 / determinant;
  let s = origin - triangle.corner;
  let u = dot(s, p) * inverse;
  let q = cross(s, triangle.edge1);
  let v = dot(direction, q) * inverse;
  let t = dot(triangle.edge2, q) * inverse;
  let inside = u >= -EDGE_SLACK && v >= -EDGE_SLACK && u + v <= 1.0 + EDGE_SLACK && t > 0.0 && t < FAR_AWAY;
  return select(vec3f(-1.0, 0.0, 0.0), vec3f(t, u, v), inside);
}

/// Tests the triangle in a slot and keeps the nearest; of two at the same distance the one with the smaller id.
fn closest_of(slot: u32, origin: vec3f, direction: vec3f, best: ptr<function, Hit>, best_id: ptr<function, u32>) {
  var triangle = triangle_at(slot);
  triangle.id = shown_id(triangle.id);
  count_triangle();
  let found = intersect_triangle(triangle, origin, direction);
  if (found.x > 0.0) {
    let distance = (*best).distance;
    let is_better = found.x < distance || (found.x == distance && triangle.id < *best_id);
    if (is_better && is_covered(triangle, slot, found.y, found.z)) {
      *best = Hit(found.x, slot, found.y, found.z, (*best).instance);
      *best_id = triangle.id;
    }
  }
}

/// Whether the triangle in a slot lies in (0, limit).
fn is_blocked_by(slot: u32, origin: vec3f, direction: vec3f, limit: f32) -> bool {
  var triangle = triangle_at(slot);
  triangle.id = shown_id(triangle.id);
  count_triangle();
  let found = intersect_triangle(triangle, origin, direction);
  return found.x > 0.0 && found.x < limit && is_covered(triangle, slot, found.y, found.z);
}

fn closest_in_leaf(reference: u32, origin: vec3f, direction: vec3f, best: ptr<function, Hit>, best_id: ptr<function, u32>) {
  let first = reference & 0x0fffffffu;
  let end = first + ((reference >> 28u) & 7u) + 1u;
  for (var slot = first; slot < end; slot++) {
    closest_of(slot, origin, direction, best, best_id);
  }
}

fn any_in_leaf(reference: u32, origin: vec3f, direction: vec3f, limit: f32) -> bool {
  let first = reference & 0x0fffffffu;
  let end = first + ((reference >> 28u) & 7u) + 1u;
  for (var slot = first; slot < end; slot++) {
    if (is_blocked_by(slot, origin, direction, limit)) {
      return true;
    }
  }
  return false;
}
