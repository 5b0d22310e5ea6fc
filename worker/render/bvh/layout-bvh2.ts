import { traverseBvh2 } from '../library/traverse-bvh2.ts';
import { type BvhTree, movedReference } from './bvh-tree.ts';
import { type BvhLayout, type PackedTree, type TreePlace, atStart } from './layout.ts';
import { halfArea } from './node-box.ts';

const bytesPerNode = 64;

/**
 * Two-wide nodes of 64 bytes that hold both children's boxes (after Aila and Laine 2009), so one fetch decides about two
 * subtrees. Per child: minimum x y z float32, reference u32, maximum x y z float32, 4 bytes unused.
 */
export const bvh2Layout: BvhLayout = { name: 'bvh2', bytesPerNode, pack, ...traverseBvh2 };

function pack(tree: BvhTree, place: TreePlace = atStart): PackedTree {
  const nodes = new ArrayBuffer(Math.max(1, tree.nodeCount) * bytesPerNode);
  const floats = new Float32Array(nodes);
  const words = new Uint32Array(nodes);
  for (let node = 0; node < tree.nodeCount; node += 1) {
    // The smaller child first: of two boxes that begin at the same distance it is the likelier one to end the ray early.
    const [left, right] = [node * 2, node * 2 + 1];
    const isSwapped = halfArea(tree.bounds, right * 6) < halfArea(tree.bounds, left * 6);
    (isSwapped ? [right, left] : [left, right]).forEach((child, side) => {
      const at = (node * 2 + side) * 8;
      floats.set(tree.bounds.subarray(child * 6, child * 6 + 3), at);
      words[at + 3] = movedReference(tree.references[child] as number, place);
      floats.set(tree.bounds.subarray(child * 6 + 3, child * 6 + 6), at + 4);
    });
  }
  return { nodes, rootReference: movedReference(tree.rootReference, place), triangleOrder: tree.triangleOrder };
}
