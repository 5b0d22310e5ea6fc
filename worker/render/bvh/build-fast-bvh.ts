import { buildBvh, paddingFor } from './build-bvh.ts';
import { type BvhTree, leafBit, leafReference, leafSlot, leafTriangles, maximumDepth } from './bvh-tree.ts';
import { mortonKeys, sortByKey } from './morton-order.ts';
import { measureBoxes, triangleBoxes } from './primitive-boxes.ts';

/** As many as a run of neighbours on the curve is compact: with more, rays meet more triangles than nodes are saved. */
const largestLeaf = 3;

/**
 * Builds a BVH in a quarter of `buildBvh`'s time, through which rays cost about a tenth more: triangles sorted along a Morton
 * curve, nodes where the highest bit of their keys changes (Lauterbach et al. 2009). The same bytes on every machine.
 *
 * @param positions 9 float32 per triangle.
 */
export function buildFastBvh(positions: Float32Array, triangleCount: number): BvhTree {
  const { boxes } = triangleBoxes(positions, triangleCount);
  const { keys, order } = sortByKey(mortonKeys(boxes, triangleCount));
  const { references, nodeCount, depth, rootReference } = divideByBits(keys);
  // Only where very many centres are the same is a tree by bits deeper than the tracer's stack.
  if (depth > maximumDepth) return buildBvh(positions, triangleCount);
  const bounds = new Float32Array(Math.max(1, nodeCount) * 12);
  const whole = new Float64Array(6);
  measureBoxes(boxes, 0, triangleCount, whole, 0);
  const padding = paddingFor(whole);
  // Children come after their parents, so from the end every child is there before it is asked for.
  for (let child = nodeCount * 2 - 1; child >= 0; child -= 1) {
    const reference = references[child] as number;
    if ((reference & leafBit) === 0) joinBoxes(bounds, child * 6, reference * 12);
    else leafBox(bounds, child * 6, boxes, order, reference, padding);
  }
  return {
    nodeCount,
    references: references.slice(0, Math.max(1, nodeCount) * 2),
    bounds,
    rootReference,
    triangleOrder: order,
    depth,
  };
}

type Hierarchy = Pick<BvhTree, 'references' | 'nodeCount' | 'depth' | 'rootReference'>;

/** Nodes in depth-first order over the sorted keys. */
function divideByBits(keys: Uint32Array): Hierarchy {
  const references: Uint32Array<ArrayBuffer> = new Uint32Array(Math.max(1, keys.length) * 2);
  // Ranges that wait, on each level the right sibling of one that is divided: first, end, slot of the reference, depth.
  const waiting: number[] = [0, keys.length, -1, 0];
  let nodeCount = 0;
  let deepest = 0;
  let rootReference = 0;
  while (waiting.length > 0) {
    const depth = waiting.pop() as number;
    const slot = waiting.pop() as number;
    const end = waiting.pop() as number;
    const begin = waiting.pop() as number;
    let reference: number;
    if (end - begin <= largestLeaf) {
      reference = leafReference(begin, end - begin);
    } else {
      reference = nodeCount;
      nodeCount += 1;
      if (depth + 1 > deepest) deepest = depth + 1;
      const middle = middleOf(keys, begin, end);
      waiting.push(middle, end, reference * 2 + 1, depth + 1, begin, middle, reference * 2, depth + 1);
    }
    if (slot < 0) rootReference = reference;
    else references[slot] = reference;
  }
  return { references, nodeCount, depth: deepest, rootReference };
}

/** Where the highest bit that is not the same in all keys becomes 1; the half where all are the same. */
function middleOf(keys: Uint32Array, begin: number, end: number): number {
  const difference = (keys[begin] as number) ^ (keys[end - 1] as number);
  if (difference === 0) return begin + ((end - begin) >> 1);
  const bit = 1 << (31 - Math.clz32(difference));
  let low = begin;
  let high = end - 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (((keys[middle] as number) & bit) === 0) low = middle;
    else high = middle;
  }
  return high;
}

/** The box of a node: around those of its two children, which lie side by side. */
function joinBoxes(bounds: Float32Array, target: number, children: number): void {
  for (let axis = 0; axis < 3; axis += 1) {
    const low = bounds[children + axis] as number;
    const otherLow = bounds[children + 6 + axis] as number;
    const high = bounds[children + 3 + axis] as number;
    const otherHigh = bounds[children + 9 + axis] as number;
    bounds[target + axis] = low < otherLow ? low : otherLow;
    bounds[target + 3 + axis] = high > otherHigh ? high : otherHigh;
  }
}

function leafBox(
  bounds: Float32Array,
  target: number,
  boxes: Float32Array,
  order: Uint32Array,
  reference: number,
  padding: number,
): void {
  const first = leafSlot(reference);
  const end = first + leafTriangles(reference);
  for (let axis = 0; axis < 3; axis += 1) {
    let low = Infinity;
    let high = -Infinity;
    for (let slot = first; slot < end; slot += 1) {
      const at = (order[slot] as number) * 6 + axis;
      const minimum = boxes[at] as number;
      const maximum = boxes[at + 3] as number;
      if (minimum < low) low = minimum;
      if (maximum > high) high = maximum;
    }
    bounds[target + axis] = low - padding;
    bounds[target + 3 + axis] = high + padding;
  }
}
