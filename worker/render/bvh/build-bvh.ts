import { buildTree, paddingFor, writePadded } from './build-tree.ts';
import { type BvhTree, leafReference, maximumDepth } from './bvh-tree.ts';
import { type Hierarchy, clusterNeighbours } from './cluster-neighbours.ts';
import { mortonKeys, sortByKey } from './morton-order.ts';
import { halfArea } from './node-box.ts';
import { triangleBoxes } from './primitive-boxes.ts';
import { traversalCost, triangleCost } from './surface-area-cost.ts';

const maximumLeaf = 4;

/**
 * Builds a BVH over triangles: sorted along a Morton curve and joined with their neighbours, from the bottom to the top. The same
 * bytes on every machine. About 0.4 microseconds per triangle. Where that would make the tree deeper than the tracer's
 * stack, or would take long, it is divided from the top instead (`buildTree`).
 *
 * @param positions 9 float32 per triangle.
 */
export function buildBvh(positions: Float32Array, triangleCount: number): BvhTree {
  const primitives = triangleBoxes(positions, triangleCount);
  if (triangleCount > 1) {
    const { order } = sortByKey(mortonKeys(primitives.boxes, triangleCount));
    const hierarchy = clusterNeighbours(inOrder(primitives.boxes, order));
    const tree = hierarchy && layOut(hierarchy, order);
    if (tree !== undefined && tree.depth <= maximumDepth) return tree;
  }
  return buildTree(primitives, maximumLeaf);
}

function inOrder(boxes: Float32Array, order: Uint32Array): Float32Array<ArrayBuffer> {
  const sorted = new Float32Array(boxes.length);
  for (let place = 0; place < order.length; place += 1) {
    const from = (order[place] as number) * 6;
    const to = place * 6;
    for (let index = 0; index < 6; index += 1) sorted[to + index] = boxes[from + index] as number;
  }
  return sorted;
}

/**
 * How many triangles the leaf holds that each node becomes, by the surface area heuristic; 0 for one that stays an inner node.
 * Children come before their parents, so one pass is enough.
 */
function chooseLeaves({ boxes, children }: Hierarchy): Uint8Array {
  const nodeCount = boxes.length / 6;
  const first = (nodeCount + 1) / 2;
  const costs = new Float64Array(nodeCount);
  const leaves = new Uint8Array(nodeCount).fill(1, 0, first);
  for (let node = 0; node < nodeCount; node += 1) {
    const area = halfArea(boxes, node * 6);
    if (node < first) {
      costs[node] = triangleCost * area;
      continue;
    }
    const left = children[(node - first) * 2] as number;
    const right = children[(node - first) * 2 + 1] as number;
    const divided = traversalCost * area + (costs[left] as number) + (costs[right] as number);
    const [a, b] = [leaves[left] as number, leaves[right] as number];
    const whole = triangleCost * area * (a + b);
    const isLeaf = a !== 0 && b !== 0 && a + b <= maximumLeaf && whole <= divided;
    leaves[node] = isLeaf ? a + b : 0;
    costs[node] = isLeaf ? whole : divided;
  }
  return leaves;
}

/** Nodes in depth-first order, each with its children's boxes, and triangles as the leaves hold them. */
function layOut(hierarchy: Hierarchy, order: Uint32Array): BvhTree {
  const { boxes, children } = hierarchy;
  const leaves = chooseLeaves(hierarchy);
  const first = order.length;
  const innerCount = leaves.reduce((sum, leaf) => sum + (leaf === 0 ? 1 : 0), 0);
  const references = new Uint32Array(Math.max(1, innerCount) * 2);
  const bounds = new Float32Array(Math.max(1, innerCount) * 12);
  const triangleOrder = new Uint32Array(first);
  const root = boxes.length / 6 - 1;
  const padding = paddingFor(boxes, root * 6);
  // Nodes that wait, on each level the right sibling of one that is laid out: node, where its reference belongs, depth.
  const waiting: number[] = [root, -1, 0];
  const inLeaf: number[] = [];
  let [nodeCount, slotCount, deepest, rootReference] = [0, 0, 0, 0];

  function fillLeaf(node: number): number {
    const begin = slotCount;
    inLeaf.push(node);
    for (let next = inLeaf.pop(); next !== undefined; next = inLeaf.pop()) {
      if (next < first) {
        triangleOrder[slotCount] = order[next] as number;
        slotCount += 1;
      } else {
        const at = (next - first) * 2;
        inLeaf.push(children[at + 1] as number, children[at] as number);
      }
    }
    return leafReference(begin, slotCount - begin);
  }

  while (waiting.length > 0) {
    const depth = waiting.pop() as number;
    const slot = waiting.pop() as number;
    const node = waiting.pop() as number;
    let reference = nodeCount;
    if (leaves[node] !== 0) {
      reference = fillLeaf(node);
    } else {
      nodeCount += 1;
      if (depth + 1 > deepest) deepest = depth + 1;
      const left = children[(node - first) * 2] as number;
      const right = children[(node - first) * 2 + 1] as number;
      writePadded(bounds, reference * 12, boxes, left * 6, padding);
      writePadded(bounds, reference * 12 + 6, boxes, right * 6, padding);
      waiting.push(right, reference * 2 + 1, depth + 1, left, reference * 2, depth + 1);
    }
    if (slot < 0) rootReference = reference;
    else references[slot] = reference;
  }
  return { nodeCount, references, bounds, rootReference, triangleOrder, depth: deepest };
}
