// Walks the eight-wide tree (Ylitie, Karras and Laine 2017, "Efficient incoherent ray traversal on GPUs through compressed
// wide BVHs"). Same answers as every other traversal; see intersect.wgsl.
// A node is five vec4u (80 bytes) for up to eight children:
//   0: origin x, y, z; exponents of the step on each axis in bytes 0..2, in byte 3 a bit for each inner child
//   1: index of the first inner child, slot of the first triangle, then a byte for each child: of a leaf its triangle count
//      in the upper three bits and in the lower five where its triangles begin behind the first
//   2..4: bytes of the minima in x, in y, in z, then of the maxima; eight bytes each, child 0 in the lowest
// Bounds are bytes x step from the origin, rounded outwards, as in the four-wide tree. Inner children lie side by side,
// and so do the triangles of all leaves of a node: what a ray enters is two sets of bits, of nodes and of triangles, and the
// stack holds sets, not children. Places are given to children by where they lie in the node: a bit of the place is set
// on the lower side of an axis. The bits of a set are moved by the signs of the ray's direction, so that the highest is the
// nearest, which stands for sorting.

const STACK_SIZE = 32u;
const QUADS_PER_NODE = 5u;
const SET_SHIFT = 24u;
/// A set that holds the root alone: it has no siblings, wherever its bit stands.
const ONLY_ONE = 0x80000000u;

/// What of a node a ray enters.
struct Entered {
  /// Index of the first inner child; in the upper byte those to visit, in the lowest all inner children.
  nodes: vec2u,
  first_slot: u32,
  /// A bit for each triangle from that slot on.
  triangles: u32,
}

fn bytes_of(word: u32) -> vec4u {
  return (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
}

/// Bit a set: the ray runs downwards on axis a.
fn octant_of(inverse: vec3f) -> u32 {
  let bits = select(vec3u(0u), vec3u(1u, 2u, 4u), inverse < vec3f(0.0));
  return bits.x | bits.y | bits.z;
}

/// Moves the bit at place p to p ^ octant.
fn turn_places(places: u32, octant: u32) -> u32 {
  var turned = places;
  turned = select(turned, ((turned & 0x55u) << 1u) | ((turned >> 1u) & 0x55u), (octant & 1u) != 0u);
  turned = select(turned, ((turned & 0x33u) << 2u) | ((turned >> 2u) & 0x33u), (octant & 2u) != 0u);
  return select(turned, ((turned & 0x0fu) << 4u) | (turned >> 4u), (octant & 4u) != 0u);
}

fn enter_node(index: u32, origin: vec3f, inverse: vec3f, octant: u32, limit: f32) -> Entered {
  let first = index * QUADS_PER_NODE;
  let head = node_quad(first);
  let children = node_quad(first + 1u);
  let low = node_quad(first + 2u);
  let middle = node_quad(first + 3u);
  let high = node_quad(first + 4u);
  count_node();
  let step = bitcast<vec3f>(((vec3u(head.w) >> vec3u(0u, 8u, 16u)) & vec3u(255u)) << vec3u(23u));
  let scale = step * inverse;
  let offset = (bitcast<vec3f>(head.xyz) - origin) * inverse;
  let backwards = inverse < vec3f(0.0);
  let near_x = select(low.xy, middle.zw, backwards.x);
  let far_x = select(middle.zw, low.xy, backwards.x);
  let near_y = select(low.zw, high.xy, backwards.y);
  let far_y = select(high.xy, low.zw, backwards.y);
  let near_z = select(middle.xy, high.zw, backwards.z);
  let far_z = select(high.zw, middle.xy, backwards.z);
  var places = 0u;
  var triangles = vec4u(0u);
  for (var half = 0u; half < 2u; half++) {
    let enter_x = vec4f(bytes_of(near_x[half])) * scale.x + vec4f(offset.x);
    let enter_y = vec4f(bytes_of(near_y[half])) * scale.y + vec4f(offset.y);
    let enter_z = vec4f(bytes_of(near_z[half])) * scale.z + vec4f(offset.z);
    let leave_x = vec4f(bytes_of(far_x[half])) * scale.x + vec4f(offset.x);
    let leave_y = vec4f(bytes_of(far_y[half])) * scale.y + vec4f(offset.y);
    let leave_z = vec4f(bytes_of(far_z[half])) * scale.z + vec4f(offset.z);
    let entry = max(max(enter_x, enter_y), max(enter_z, vec4f(0.0)));
    let leave = min(min(leave_x, leave_y), min(leave_z, vec4f(limit))) * BOX_SLACK;
    let inside = entry <= leave;
    let leaves = bytes_of(children[2u + half]);
    triangles |= select(vec4u(0u), ((vec4u(1u) << (leaves >> vec4u(5u))) - vec4u(1u)) << (leaves & vec4u(31u)), inside);
    let bits = select(vec4u(0u), vec4u(1u, 2u, 4u, 8u), inside);
    places |= (bits.x | bits.y | bits.z | bits.w) << (half * 4u);
  }
  let inner = head.w >> 24u;
  return Entered(
    vec2u(children.x, (turn_places(places & inner, octant) << SET_SHIFT) | inner),
    children.y,
    triangles.x | triangles.y | triangles.z | triangles.w,
  );
}

/// Index of the node that the highest bit of a set stands for.
fn nearest_node(nodes: vec2u, octant: u32) -> u32 {
  let place = (firstLeadingBit(nodes.y) - SET_SHIFT) ^ octant;
  return nodes.x + countOneBits(nodes.y & ((1u << place) - 1u));
}

fn without_nearest(nodes: vec2u) -> vec2u {
  return vec2u(nodes.x, nodes.y & ~(1u << firstLeadingBit(nodes.y)));
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
  let octant = octant_of(inverse);
  var stack: array<vec2u, STACK_SIZE>;
  var stack_size = 0u;
  var nodes = vec2u(root, ONLY_ONE);
  loop {
    let index = nearest_node(nodes, octant);
    nodes = without_nearest(nodes);
    if ((nodes.y >> SET_SHIFT) != 0u) {
      stack[stack_size] = nodes;
      stack_size++;
    }
    let entered = enter_node(index, origin, inverse, octant, (*best).distance);
    var triangles = entered.triangles;
    while (triangles != 0u) {
      closest_of(entered.first_slot + firstTrailingBit(triangles), origin, direction, best, best_id);
      triangles &= triangles - 1u;
    }
    if (takes_first && (*best).slot != NO_HIT) {
      break;
    }
    nodes = entered.nodes;
    if ((nodes.y >> SET_SHIFT) == 0u) {
      if (stack_size == 0u) {
        break;
      }
      stack_size--;
      nodes = stack[stack_size];
    }
  }
}

fn any_in_tree(root: u32, origin: vec3f, direction: vec3f, limit: f32) -> bool {
  let inverse = inverse_direction(direction);
  let octant = octant_of(inverse);
  var stack: array<vec2u, STACK_SIZE>;
  var stack_size = 0u;
  var nodes = vec2u(root, ONLY_ONE);
  loop {
    let index = nearest_node(nodes, octant);
    nodes = without_nearest(nodes);
    if ((nodes.y >> SET_SHIFT) != 0u) {
      stack[stack_size] = nodes;
      stack_size++;
    }
    let entered = enter_node(index, origin, inverse, octant, limit);
    var triangles = entered.triangles;
    while (triangles != 0u) {
      if (is_blocked_by(entered.first_slot + firstTrailingBit(triangles), origin, direction, limit)) {
        return true;
      }
      triangles &= triangles - 1u;
    }
    nodes = entered.nodes;
    if ((nodes.y >> SET_SHIFT) == 0u) {
      if (stack_size == 0u) {
        return false;
      }
      stack_size--;
      nodes = stack[stack_size];
    }
  }
}
