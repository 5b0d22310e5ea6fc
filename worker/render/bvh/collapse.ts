import { type BvhTree, leafBit } from './bvh-tree.ts';
import { halfArea } from './node-box.ts';

/** A node with up to `width` children, each named by its place in the two-wide tree: node x 2 + side. */
export interface WideNode {
  readonly children: readonly number[];
  /** For each child that is no leaf, the index of its wide node; -1 for leaves. */
  readonly inner: readonly number[];
}

/**
 * Makes wide nodes of a two-wide tree: a node takes the place of its largest child until it has `width` children (Wald et
 * al. 2008). Nodes lie in depth-first order; wide node 0 is the root. Empty for a tree that is one leaf.
 *
 * @param mostWaiting children that may wait on the way to any node, when all but one of each node above it do: a node that
 * would pass it stays narrow. At least twice the depth of the tree.
 */
export function collapse(tree: BvhTree, width: number, mostWaiting = Infinity): WideNode[] {
  const wide: { children: number[]; inner: number[] }[] = [];
  if (tree.nodeCount === 0) return wide;
  const isLeaf = (child: number) => ((tree.references[child] as number) & leafBit) !== 0;
  /** Where the index of a wide node goes once it is known. */
  const pending: { node: number; parent: number; place: number; waiting: number }[] = [
    { node: 0, parent: -1, place: 0, waiting: 0 },
  ];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const children = [entry.node * 2, entry.node * 2 + 1];
    // Below, one more waits on each level that is left, at least.
    const room = mostWaiting - tree.depth - entry.waiting;
    while (children.length < width && children.length <= room) {
      let largest = -1;
      let largestArea = -1;
      children.forEach((child, place) => {
        const area = isLeaf(child) ? -1 : halfArea(tree.bounds, child * 6);
        if (area <= largestArea) return;
        largest = place;
        largestArea = area;
      });
      if (largest < 0) break;
      const opened = tree.references[children[largest] as number] as number;
      children.splice(largest, 1, opened * 2, opened * 2 + 1);
    }
    // The smaller child first: of two boxes that begin at the same distance it is the likelier one to end a ray early.
    children.sort((a, b) => halfArea(tree.bounds, a * 6) - halfArea(tree.bounds, b * 6));
    const index = wide.length;
    wide.push({ children, inner: children.map(() => -1) });
    if (entry.parent >= 0) (wide[entry.parent] as { inner: number[] }).inner[entry.place] = index;
    for (let place = children.length - 1; place >= 0; place -= 1) {
      const child = children[place] as number;
      if (isLeaf(child)) continue;
      const waiting = entry.waiting + children.length - 1;
      pending.push({ node: tree.references[child] as number, parent: index, place, waiting });
    }
  }
  return wide;
}
