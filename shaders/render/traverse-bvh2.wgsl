// Walks the two-wide tree. closest_in_tree: nearest triangle, children entered in order of distance, popped subtrees culled
// by the best hit so far; with `takes_first` any triangle nearer than `best`, stopping at the first find. any_in_tree: whether
// anything lies in (0, limit), as that tells too, in the fewest steps.
// Same answers as every other traversal; see intersect.wgsl.

const STACK_SIZE = 32u;

fn closest_in_tree(
  root: u32,
  origin: vec3f,
  direction: vec3f,
  takes_first: bool,
  best: ptr<function, Hit>,
  best_id: ptr<function, u32>,
) {
  let inverse = inverse_direction(direction);
  var stack_reference: array<u32, STACK_SIZE>;
  var stack_entry: array<f32, STACK_SIZE>;
  var stack_size = 0u;
  var reference = root;
  loop {
    var descended = false;
    if ((reference & LEAF_BIT) != 0u) {
      closest_in_leaf(reference, origin, direction, best, best_id);
      if (takes_first && (*best).slot != NO_HIT) {
        break;
      }
    } else {
      let pair = enter_pair(reference * 4u, origin, inverse, (*best).distance);
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
      let limit = (*best).distance * BOX_SLACK;
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
}

fn any_in_tree(root: u32, origin: vec3f, direction: vec3f, limit: f32) -> bool {
  let inverse = inverse_direction(direction);
  // The lowest entry ends the walk: it is reached when nothing waits any more.
  var stack_reference: array<u32, STACK_SIZE + 1u>;
  stack_reference[0] = NO_HIT;
  var stack_size = 1u;
  var reference = root;
  while (reference != NO_HIT) {
    if ((reference & LEAF_BIT) != 0u) {
      if (any_in_leaf(reference, origin, direction, limit)) {
        return true;
      }
      stack_size--;
      reference = stack_reference[stack_size];
      continue;
    }
    let pair = enter_pair(reference * 4u, origin, inverse, limit);
    let left_first = pair.left <= pair.right;
    // Of two the farther waits, of none the one on top is next; all are written and read, which is cheaper than to branch.
    stack_reference[stack_size] = select(pair.left_reference, pair.right_reference, left_first);
    stack_size += select(0u, 1u, max(pair.left, pair.right) < FAR_AWAY);
    let enters = min(pair.left, pair.right) < FAR_AWAY;
    stack_size -= select(1u, 0u, enters);
    reference = select(stack_reference[stack_size], select(pair.right_reference, pair.left_reference, left_first), enters);
  }
  return false;
}
