import { traverseBvh2 } from '../library/traverse-bvh2.ts';
import type { BvhTree } from './bvh-tree.ts';
import type { BvhLayout } from './layout.ts';

const bytesPerNode = 64;

/**
 * Two-wide nodes of 64 bytes that hold both children's boxes (after Aila and Laine 2009), so one fetch decides about two
 * subtrees. Per child: minimum x y z float32, reference u32, maximum x y z float32, 4 bytes unused.
 */
export const bvh2Layout: BvhLayout = { name: 'bvh2', bytesPerNode, pack, ...traverseBvh2 };

function pack(tree: BvhTree): ArrayBuffer {
  const bytes = new ArrayBuffer(Math.max(1, tree.nodeCount) * bytesPerNode);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  for (let child = 0; child < tree.nodeCount * 2; child += 1) {
    floats.set(tree.bounds.subarray(child * 6, child * 6 + 3), child * 8);
    words[child * 8 + 3] = tree.references[child] as number;
    floats.set(tree.bounds.subarray(child * 6 + 3, child * 6 + 6), child * 8 + 4);
  }
  return bytes;
}
