// Rays through a tree over instances, each of which has the tree of its mesh. The upper tree is two-wide, whatever the lower
// ones are; its nodes begin at scene.tree_quad, its leaves name instances. A ray is moved into the space of the mesh without
// making its direction a unit again, so distances mean the same in all of them.

const INSTANCE_STACK_SIZE = 33u;

struct PlacedRay {
  root: u32,
  origin: vec3f,
  direction: vec3f,
}

fn enter_instance(instance: u32, origin: vec3f, direction: vec3f) -> PlacedRay {
  let inverse = inverse_of(instance);
  let columns = last_column(matrix_of(instance));
  instance_first_id = columns.y;
  let offset = origin - bitcast<vec3f>(last_column(inverse));
  return PlacedRay(columns.x, multiply_rows(inverse, offset), multiply_rows(inverse, direction));
}

fn trace_closest(origin: vec3f, direction: vec3f) -> Hit {
  return trace_nearest_or_first(origin, direction, FAR_AWAY, false);
}

/// As in trace-tree.wgsl.
fn trace_nearest_or_first(origin: vec3f, direction: vec3f, limit: f32, takes_first: bool) -> Hit {
  let inverse = inverse_direction(direction);
  var best = Hit(limit, NO_HIT, 0.0, 0.0, 0u);
  var best_id = select(NO_HIT, 0u, takes_first);
  var waiting_reference: array<u32, INSTANCE_STACK_SIZE>;
  var waiting_entry: array<f32, INSTANCE_STACK_SIZE>;
  waiting_reference[0] = scene.root_reference;
  waiting_entry[0] = 0.0;
  var waiting = 1u;
  while (waiting > 0u) {
    waiting--;
    let reference = waiting_reference[waiting];
    if (waiting_entry[waiting] > best.distance * BOX_SLACK) {
      continue;
    }
    if ((reference & LEAF_BIT) != 0u) {
      let instance = reference & 0x0fffffffu;
      let ray = enter_instance(instance, origin, direction);
      let before = best_id;
      closest_in_tree(ray.root, ray.origin, ray.direction, takes_first, &best, &best_id);
      if (takes_first && best.slot != NO_HIT) {
        break;
      }
      if (best_id != before) {
        best.instance = instance;
      }
      continue;
    }
    let pair = enter_pair(scene.tree_quad + reference * 4u, origin, inverse, best.distance);
    let left_first = pair.left <= pair.right;
    waiting_reference[waiting] = select(pair.left_reference, pair.right_reference, left_first);
    waiting_entry[waiting] = max(pair.left, pair.right);
    waiting += select(0u, 1u, max(pair.left, pair.right) < FAR_AWAY);
    waiting_reference[waiting] = select(pair.right_reference, pair.left_reference, left_first);
    waiting_entry[waiting] = min(pair.left, pair.right);
    waiting += select(0u, 1u, min(pair.left, pair.right) < FAR_AWAY);
  }
  return best;
}

fn trace_any(origin: vec3f, direction: vec3f, limit: f32) -> bool {
  let inverse = inverse_direction(direction);
  var waiting_reference: array<u32, INSTANCE_STACK_SIZE>;
  waiting_reference[0] = scene.root_reference;
  var waiting = 1u;
  while (waiting > 0u) {
    waiting--;
    let reference = waiting_reference[waiting];
    if ((reference & LEAF_BIT) != 0u) {
      let ray = enter_instance(reference & 0x0fffffffu, origin, direction);
      if (any_in_tree(ray.root, ray.origin, ray.direction, limit)) {
        return true;
      }
      continue;
    }
    let pair = enter_pair(scene.tree_quad + reference * 4u, origin, inverse, limit);
    waiting_reference[waiting] = pair.right_reference;
    waiting += select(0u, 1u, pair.right < FAR_AWAY);
    waiting_reference[waiting] = pair.left_reference;
    waiting += select(0u, 1u, pair.left < FAR_AWAY);
  }
  return false;
}
