import { traverseBvh8 } from '../library/traverse-bvh8.ts';
import { gridAround, planesOf } from './box-grid.ts';
import { type BvhTree, leafBit, leafSlot, leafTriangles } from './bvh-tree.ts';
import { type WideNode, collapse } from './collapse.ts';
import { type BvhLayout, type PackedTree, type TreePlace, atStart } from './layout.ts';
import { octantPlaces } from './octant-places.ts';

const bytesPerNode = 80;
const width = 8;
/** Eight leaves' triangles have a bit each in a word. */
const largestLeaf = 4;
/** Byte offsets in a node. */
const exponentsAt = 12;
const innerAt = 15;
const childrenAt = 16;
const trianglesAt = 20;
const leavesAt = 24;
const lowAt = 32;
const highAt = 56;

/**
 * Eight-wide nodes of 80 bytes (Ylitie et al. 2017), as `shaders/render/traverse-bvh8.wgsl` reads them: about a sixth of
 * the memory of two-wide nodes. Puts the triangles of a node's leaves side by side. Leaves have four triangles at most.
 */
export const bvh8Layout: BvhLayout = { name: 'bvh8', bytesPerNode, pack, ...traverseBvh8 };

function pack(tree: BvhTree, { firstNode, firstSlot }: TreePlace = atStart): PackedTree {
  const wide = collapse(tree, width);
  const nodes = new ArrayBuffer(Math.max(1, wide.length) * bytesPerNode);
  if (wide.length === 0) {
    packOnlyLeaf(new DataView(nodes), tree.rootReference, firstSlot);
    return { nodes, rootReference: firstNode, triangleOrder: tree.triangleOrder };
  }
  const triangleOrder = new Uint32Array(tree.triangleOrder.length);
  let [nextNode, nextSlot] = [1, 0];
  /** Wide nodes that wait, and where they go. */
  const pending = [{ node: wide[0] as WideNode, index: 0 }];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { node, index } = entry;
    const view = new DataView(nodes, index * bytesPerNode, bytesPerNode);
    const places = octantPlaces(tree.bounds, node.children);
    packBoxes(view, tree.bounds, node.children, places);
    view.setUint32(childrenAt, firstNode + nextNode, true);
    view.setUint32(trianglesAt, firstSlot + nextSlot, true);
    const ownSlot = nextSlot;
    let inner = 0;
    places.forEach((child, place) => {
      if (child < 0) return;
      const reference = tree.references[node.children[child] as number] as number;
      if ((reference & leafBit) === 0) {
        inner |= 1 << place;
        pending.push({ node: wide[node.inner[child] as number] as WideNode, index: nextNode });
        nextNode += 1;
        return;
      }
      const count = leafTriangles(reference);
      view.setUint8(leavesAt + place, leafByte(count, nextSlot - ownSlot));
      const from = leafSlot(reference);
      triangleOrder.set(tree.triangleOrder.subarray(from, from + count), nextSlot);
      nextSlot += count;
    });
    view.setUint8(innerAt, inner);
  }
  return { nodes, rootReference: firstNode, triangleOrder };
}

function leafByte(count: number, offset: number): number {
  if (count > largestLeaf) throw new RangeError(`a leaf has ${count} triangles; the limit is ${largestLeaf}`);
  return (count << 5) | offset;
}

function packBoxes(view: DataView, bounds: Float32Array, children: readonly number[], places: readonly number[]): void {
  for (let axis = 0; axis < 3; axis += 1) {
    const grid = gridAround(bounds, children, axis);
    view.setFloat32(axis * 4, grid.origin, true);
    view.setUint8(exponentsAt + axis, grid.exponent + 127);
    places.forEach((child, place) => {
      if (child < 0) return;
      const { low, high } = planesOf(bounds, children[child] as number, axis, grid);
      view.setUint8(lowAt + axis * width + place, low);
      view.setUint8(highAt + axis * width + place, high);
    });
  }
}

/** A tree without inner nodes has no boxes: its leaf becomes the child of a node around everything (coordinates end at 1e8). */
function packOnlyLeaf(view: DataView, rootReference: number, firstSlot: number): void {
  for (let axis = 0; axis < 3; axis += 1) {
    view.setFloat32(axis * 4, -(2 ** 40), true);
    view.setUint8(exponentsAt + axis, 33 + 127);
    view.setUint8(highAt + axis * width, 255);
  }
  view.setUint32(trianglesAt, firstSlot, true);
  view.setUint8(leavesAt, leafByte(leafTriangles(rootReference), 0));
}
