import { type BvhTree, leafBit, leafTriangles } from './bvh-tree.ts';
import { halfArea } from './node-box.ts';

/** Cost of looking at a node's two children, against a test of one triangle. */
export const traversalCost = 1;
export const triangleCost = 1;

/**
 * Expected cost of a ray that crosses the root box (surface area heuristic): nodes and leaves weighted by their share of
 * the root's surface. The costs are arguments, so that trees of other builders are judged alike.
 */
export function surfaceAreaCost(tree: BvhTree, node = traversalCost, triangle = triangleCost): number {
  if (tree.nodeCount === 0) return triangle * leafTriangles(tree.rootReference);
  const root = new Float64Array(6);
  for (let axis = 0; axis < 3; axis += 1) {
    root[axis] = Math.min(tree.bounds[axis] as number, tree.bounds[6 + axis] as number);
    root[3 + axis] = Math.max(tree.bounds[3 + axis] as number, tree.bounds[9 + axis] as number);
  }
  const whole = halfArea(root, 0);
  let cost = node;
  for (let child = 0; child < tree.nodeCount * 2; child += 1) {
    const reference = tree.references[child] as number;
    const share = halfArea(tree.bounds, child * 6) / whole;
    cost += share * ((reference & leafBit) === 0 ? node : triangle * leafTriangles(reference));
  }
  return cost;
}
