// Walks the two-wide tree. trace_closest: nearest triangle, children entered in order of distance, popped subtrees culled
// by the best hit so far. trace_any: whether anything lies in (0, limit), stopping at the first find.
// Boxes are tested with 2 ulp of slack (Ize 2013) and triangles with 2^-21 beyond their edges in barycentric
// coordinates, so that a ray cannot slip between two triangles that share an edge. Equal distances go to the smaller
// triangle id, so the answer does not depend on the tree.

const NO_HIT = 0xffffffffu;
const LEAF_BIT = 0x80000000u;
const STACK_SIZE = 32u;
const EDGE_SLACK = 4.76837158203125e-7;
const BOX_SLACK = 1.0000004;
const FAR_AWAY = 1.0e30;

struct Hit {
  distance: f32,
  /// Slot in leaf order, or NO_HIT.
  slot: u32,
  u: f32,
  v: f32,
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

fn trace_closest(origin: vec3f, direction: vec3f) -> Hit {
  let inverse = inverse_direction(direction);
  var best = Hit(FAR_AWAY, NO_HIT, 0.0, 0.0);
  var best_id = NO_HIT;
  var stack_reference: array<u32, STACK_SIZE>;
  var stack_entry: array<f32, STACK_SIZE>;
  var stack_size = 0u;
  var reference = scene.root_reference;
  loop {
    var descended = false;
    if ((reference & LEAF_BIT) != 0u) {
      let first = reference & 0x0fffffffu;
      let end = first + ((reference >> 28u) & 7u) + 1u;
      for (var slot = first; slot < end; slot++) {
        let triangle = triangles[slot];
        let found = intersect_triangle(triangle, origin, direction);
        if (found.x > 0.0 && (found.x < best.distance || (found.x == best.distance && triangle.id < best_id))) {
          best = Hit(found.x, slot, found.y, found.z);
          best_id = triangle.id;
        }
      }
    } else {
      let node = nodes[reference];
      let left = enter_box(node.left_minimum, node.left_maximum, origin, inverse, best.distance);
      let right = enter_box(node.right_minimum, node.right_maximum, origin, inverse, best.distance);
      let left_first = left <= right;
      let near = min(left, right);
      let far = max(left, right);
      if (near < FAR_AWAY) {
        reference = select(node.right_reference, node.left_reference, left_first);
        descended = true;
        if (far < FAR_AWAY) {
          stack_reference[stack_size] = select(node.left_reference, node.right_reference, left_first);
          stack_entry[stack_size] = far;
          stack_size++;
        }
      }
    }
    if (!descended) {
      // The slack keeps a subtree that begins exactly where the best hit lies: its triangle may have the smaller id.
      let limit = best.distance * BOX_SLACK;
      var found_next = false;
      while (stack_size > 0u) {
        stack_size--;
        if (stack_entry[stack_size] <= limit) {
          reference = stack_reference[stack_size];
          found_next = true;
          break;
        }
      }
      if (!found_next) {
        break;
      }
    }
  }
  return best;
}

fn trace_any(origin: vec3f, direction: vec3f, limit: f32) -> bool {
  let inverse = inverse_direction(direction);
  var stack_reference: array<u32, STACK_SIZE>;
  var stack_size = 0u;
  var reference = scene.root_reference;
  loop {
    var descended = false;
    if ((reference & LEAF_BIT) != 0u) {
      let first = reference & 0x0fffffffu;
      let end = first + ((reference >> 28u) & 7u) + 1u;
      for (var slot = first; slot < end; slot++) {
        let found = intersect_triangle(triangles[slot], origin, direction);
        if (found.x > 0.0 && found.x < limit) {
          return true;
        }
      }
    } else {
      let node = nodes[reference];
      let left = enter_box(node.left_minimum, node.left_maximum, origin, inverse, limit);
      let right = enter_box(node.right_minimum, node.right_maximum, origin, inverse, limit);
      let left_first = left <= right;
      if (min(left, right) < FAR_AWAY) {
        reference = select(node.right_reference, node.left_reference, left_first);
        descended = true;
        if (max(left, right) < FAR_AWAY) {
          stack_reference[stack_size] = select(node.left_reference, node.right_reference, left_first);
          stack_size++;
        }
      }
    }
    if (!descended) {
      if (stack_size == 0u) {
        return false;
      }
      stack_size--;
      reference = stack_reference[stack_size];
    }
  }
}
