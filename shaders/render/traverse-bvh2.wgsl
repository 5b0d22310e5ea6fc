// Walks the two-wide tree. trace_closest: nearest triangle, children entered in order of distance, popped subtrees culled
// by the best hit so far. trace_any: whether anything lies in (0, limit), stopping at the first find.
// Layout of a node: worker/render/bvh/layout-bvh2.ts. Same answers as every other traversal; see intersect.wgsl.

const STACK_SIZE = 32u;

/// Entry distances of the two children, or FAR_AWAY, and their references.
struct Pair {
  left: f32,
  right: f32,
  left_reference: u32,
  right_reference: u32,
}

fn enter_pair(reference: u32, origin: vec3f, inverse: vec3f, limit: f32) -> Pair {
  let first = reference * 4u;
  let left_low = node_quad(first);
  let left_high = node_quad(first + 1u);
  let right_low = node_quad(first + 2u);
  let right_high = node_quad(first + 3u);
  count_node();
  return Pair(
    enter_box(bitcast<vec3f>(left_low.xyz), bitcast<vec3f>(left_high.xyz), origin, inverse, limit),
    enter_box(bitcast<vec3f>(right_low.xyz), bitcast<vec3f>(right_high.xyz), origin, inverse, limit),
    left_low.w,
    right_low.w,
  );
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
      closest_in_leaf(reference, origin, direction, &best, &best_id);
    } else {
      let pair = enter_pair(reference, origin, inverse, best.distance);
      let left_first = pair.left <= pair.right;
      let near = min(pair.left, pair.right);
      let far = max(pair.left, pair.right);
      if (near < FAR_AWAY) {
        reference = select(pair.right_reference, pair.left_reference, left_first);
        descended = true;
        if (far < FAR_AWAY) {
          stack_reference[stack_size] = select(pair.left_reference, pair.right_reference, left_first);
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
      if (any_in_leaf(reference, origin, direction, limit)) {
        return true;
      }
    } else {
      let pair = enter_pair(reference, origin, inverse, limit);
      let left_first = pair.left <= pair.right;
      if (min(pair.left, pair.right) < FAR_AWAY) {
        reference = select(pair.right_reference, pair.left_reference, left_first);
        descended = true;
        if (max(pair.left, pair.right) < FAR_AWAY) {
          stack_reference[stack_size] = select(pair.left_reference, pair.right_reference, left_first);
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
