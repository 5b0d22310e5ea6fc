import { traverseBvh4 } from '../library/traverse-bvh4.ts';
import { gridAround, planesOf } from './box-grid.ts';
import { type BvhTree, leafBit, movedReference } from './bvh-tree.ts';
import { collapse } from './collapse.ts';
import { type BvhLayout, type PackedTree, type TreePlace, atStart } from './layout.ts';

const bytesPerNode = 64;
const noChild = 0x7fffffff;
/** Of the traversal: those that wait, and what is written before it is counted. */
const stackEntries = 64;
/** Word offsets in a node. */
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

function pack(tree: BvhTree, treePlace: TreePlace = atStart): PackedTree {
  const wide = collapse(tree, 4, stackEntries - 4);
  const nodes = new ArrayBuffer(Math.max(1, wide.length) * bytesPerNode);
  const floats = new Float32Array(nodes);
  const words = new Uint32Array(nodes);
  const octets = new Uint8Array(nodes);
  wide.forEach((node, index) => {
    for (let axis = 0; axis < 3; axis += 1) {
      const grid = gridAround(tree.bounds, node.children, axis);
      floats[index * 16 + originAt + axis] = grid.origin;
      floats[index * 16 + stepAt + axis] = 2 ** grid.exponent;
      node.children.forEach((child, place) => {
        const { low, high } = planesOf(tree.bounds, child, axis, grid);
        octets[index * 64 + (lowAt + axis) * 4 + place] = low;
        octets[index * 64 + (highAt + axis) * 4 + place] = high;
      });
    }
    referencesAt.forEach((at, place) => {
      const child = node.children[place];
      if (child === undefined) {
        words[index * 16 + at] = noChild;
        return;
      }
      const reference = tree.references[child] as number;
      const own = (reference & leafBit) !== 0 ? reference : (node.inner[place] as number);
      words[index * 16 + at] = movedReference(own, treePlace);
    });
  });
  return { nodes, rootReference: movedReference(tree.rootReference, treePlace), triangleOrder: tree.triangleOrder };
}
