// Walks the four-wide tree. Same answers as every other traversal; see intersect.wgsl.
// A node's four boxes are 8-bit multiples of a power of two from its origin, rounded outwards (after Ylitie et al. 2017):
//   bound = origin + byte x step, so a slab distance is byte x (step / direction) + (origin - ray origin) / direction.
// A node is four vec4u (64 bytes): in x, y, z the origin, the step, the bytes of the minima and those of the maxima, one word
// per axis, child 0 in the lowest byte; in w the four references. A missing child has the reference NO_CHILD.
// Children that the ray enters are pushed from far to near by a sorting network of five comparisons.

const STACK_SIZE = 64u;
const NO_CHILD = 0x7fffffffu;

/// What a slab test needs of a ray and a node.
struct NodeSlabs {
  scale: vec3f,
  offset: vec3f,
  near_bytes: vec3u,
  far_bytes: vec3u,
}

/// Distance at which the ray enters child `index`, or FAR_AWAY when it misses it within `limit`.
fn enter_child(slabs: NodeSlabs, index: u32, reference: u32, limit: f32) -> f32 {
  let shift = vec3u(index * 8u);
  let near = vec3f((slabs.near_bytes >> shift) & vec3u(255u)) * slabs.scale + slabs.offset;
  let far = vec3f((slabs.far_bytes >> shift) & vec3u(255u)) * slabs.scale + slabs.offset;
  let entry = max(max(near.x, near.y), max(near.z, 0.0));
  let leave = min(min(far.x, far.y), min(far.z, limit)) * BOX_SLACK;
  return select(FAR_AWAY, entry, entry <= leave && reference != NO_CHILD);
}

struct Children {
  entries: vec4f,
  references: vec4u,
}

fn enter_children(reference: u32, origin: vec3f, inverse: vec3f, limit: f32) -> Children {
  let first = reference * 4u;
  let base = node_quad(first);
  let step = node_quad(first + 1u);
  let low = node_quad(first + 2u);
  let high = node_quad(first + 3u);
  count_node();
  let backwards = inverse < vec3f(0.0);
  let slabs = NodeSlabs(
    bitcast<vec3f>(step.xyz) * inverse,
    (bitcast<vec3f>(base.xyz) - origin) * inverse,
    select(low.xyz, high.xyz, backwards),
    select(high.xyz, low.xyz, backwards),
  );
  let references = vec4u(base.w, step.w, low.w, high.w);
  return Children(
    vec4f(
      enter_child(slabs, 0u, references.x, limit),
      enter_child(slabs, 1u, references.y, limit),
      enter_child(slabs, 2u, references.z, limit),
      enter_child(slabs, 3u, references.w, limit),
    ),
    references,
  );
}

/// Swaps so that the entry of the first is not above that of the second.
fn order_pair(entries: vec2f, references: vec2u) -> vec4u {
  let swapped = entries.y < entries.x;
  return select(
    vec4u(bitcast<vec2u>(entries), references),
    vec4u(bitcast<vec2u>(entries.yx), references.yx),
    swapped,
  );
}

/// From near to far.
fn sort_children(children: Children) -> Children {
  let e = children.entries;
  let r = children.references;
  let a = order_pair(e.xy, r.xy);
  let b = order_pair(e.zw, r.zw);
  let low = order_pair(bitcast<vec2f>(vec2u(a.x, b.x)), vec2u(a.z, b.z));
  let high = order_pair(bitcast<vec2f>(vec2u(a.y, b.y)), vec2u(a.w, b.w));
  let middle = order_pair(bitcast<vec2f>(vec2u(low.y, high.x)), vec2u(low.w, high.z));
  return Children(
    bitcast<vec4f>(vec4u(low.x, middle.xy, high.y)),
    vec4u(low.z, middle.zw, high.w),
  );
}

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
  stack_reference[0] = root;
  stack_entry[0] = 0.0;
  var stack_size = 1u;
  while (stack_size > 0u) {
    stack_size--;
    // The slack keeps a subtree that begins exactly where the best hit lies: its triangle may have the smaller id.
    if (stack_entry[stack_size] > (*best).distance * BOX_SLACK) {
      continue;
    }
    let reference = stack_reference[stack_size];
    if ((reference & LEAF_BIT) != 0u) {
      closest_in_leaf(reference, origin, direction, best, best_id);
      if (takes_first && (*best).slot != NO_HIT) {
        break;
      }
      continue;
    }
    let children = sort_children(enter_children(reference, origin, inverse, (*best).distance));
    for (var index = 4u; index > 0u; index--) {
      let entry = children.entries[index - 1u];
      if (entry < FAR_AWAY) {
        stack_reference[stack_size] = children.references[index - 1u];
        stack_entry[stack_size] = entry;
        stack_size++;
      }
    }
  }
}

/// The nearest child is entered next, and the others wait, the nearer ones on top: without a best hit there is nothing to cull by, but
/// what is near is found first. All are written and only those that wait are counted, which is cheaper than to branch.
fn any_in_tree(root: u32, origin: vec3f, direction: vec3f, limit: f32) -> bool {
  let inverse = inverse_direction(direction);
  // The lowest entry ends the walk: it is reached when nothing waits any more.
  var stack_reference: array<u32, STACK_SIZE>;
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
    let children = sort_children(enter_children(reference, origin, inverse, limit));
    let waits = children.entries < vec4f(FAR_AWAY);
    stack_reference[stack_size] = children.references.w;
    stack_size += select(0u, 1u, waits.w);
    stack_reference[stack_size] = children.references.z;
    stack_size += select(0u, 1u, waits.z);
    stack_reference[stack_size] = children.references.y;
    stack_size += select(0u, 1u, waits.y);
    stack_size -= select(1u, 0u, waits.x);
    reference = select(stack_reference[stack_size], children.references.x, waits.x);
  }
  return false;
}
