// Walks the two-wide tree. trace_closest: nearest triangle, children entered in order of distance, popped subtrees culled
// by the best hit so far. trace_any: whether anything lies in (0, limit), stopping at the first find.
// Layout of a node: worker/render/bvh/layout-bvh2.ts. Same answers as every other traversal; see intersect.wgsl.

const STACK_SIZE = 32u;

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
      let node = node_at(reference);
      count_node();
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
      if (any_in_leaf(reference, origin, direction, limit)) {
        return true;
      }
    } else {
      let node = node_at(reference);
      count_node();
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
