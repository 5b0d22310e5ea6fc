import { traverseBvh4 } from '../library/traverse-bvh4.ts';
import { type BvhTree, leafBit } from './bvh-tree.ts';
import { collapse } from './collapse.ts';
import type { BvhLayout } from './layout.ts';

const bytesPerNode = 64;
const noChild = 0x7fffffff;
/** Word offsets in a node; the references lie where BvhNode has its u32 fields. */
const originAt = 0;
const stepAt = 4;
const lowAt = 8;
const highAt = 12;
const referencesAt = [3, 7, 11, 15] as const;

/**
 * Four-wide nodes of 64 bytes with boxes of 8 bits per plane, as `shaders/render/traverse-bvh4.wgsl` reads them: a quarter
 * of the memory of two-wide nodes. Boxes only grow by the rounding, so the tracer finds the same hits.
 */
export const bvh4Layout: BvhLayout = { name: 'bvh4', bytesPerNode, pack, ...traverseBvh4 };

function pack(tree: BvhTree): ArrayBuffer {
  const wide = collapse(tree, 4);
  const bytes = new ArrayBuffer(Math.max(1, wide.length) * bytesPerNode);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  const octets = new Uint8Array(bytes);
  wide.forEach((node, index) => {
    for (let axis = 0; axis < 3; axis += 1) {
      const { origin, step } = grid(tree.bounds, node.children, axis);
      floats[index * 16 + originAt + axis] = origin;
      floats[index * 16 + stepAt + axis] = step;
      node.children.forEach((child, place) => {
        const low = ((tree.bounds[child * 6 + axis] as number) - origin) / step;
        const high = ((tree.bounds[child * 6 + 3 + axis] as number) - origin) / step;
        octets[index * 64 + (lowAt + axis) * 4 + place] = Math.max(0, Math.floor(low));
        octets[index * 64 + (highAt + axis) * 4 + place] = Math.min(255, Math.ceil(high));
      });
    }
    referencesAt.forEach((at, place) => {
      const child = node.children[place];
      const reference = child === undefined ? noChild : (tree.references[child] as number);
      words[index * 16 + at] =
        child === undefined || (reference & leafBit) !== 0 ? reference : (node.inner[place] as number);
    });
  });
  return bytes;
}

/** The finest grid of 256 planes with a power of two between them that holds the children's boxes on one axis. */
function grid(bounds: Float32Array, children: readonly number[], axis: number): { origin: number; step: number } {
  let origin = Infinity;
  let high = -Infinity;
  for (const child of children) {
    origin = Math.min(origin, bounds[child * 6 + axis] as number);
    high = Math.max(high, bounds[child * 6 + 3 + axis] as number);
  }
  return { origin, step: 2 ** Math.ceil(Math.log2(Math.max((high - origin) / 255, 2 ** -120))) };
}
