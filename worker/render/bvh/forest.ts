import type { Instance, Scene, TriangleRange } from '../scene/scene.ts';
import { boxOfRange, placedBox } from '../scene/scene-bounds.ts';
import { determinant, identity } from '../scene/matrix.ts';
import { buildBvh } from './build-bvh.ts';
import { buildTree } from './build-tree.ts';
import type { BvhTree } from './bvh-tree.ts';
import { bvh2Layout } from './layout-bvh2.ts';
import type { BvhLayout, PackedTree } from './layout.ts';

const bytesPerInstance = 96;
const quadBytes = 16;
const mirrored = 2;

/** A tree for each range of triangles that is kept, and one over the places where they are shown. */
export interface Forest {
  readonly ranges: readonly TriangleRange[];
  readonly trees: readonly BvhTree[];
  /** `mesh` counts the ranges. */
  readonly instances: readonly Instance[];
  readonly top: BvhTree;
}

export interface PackedForest extends PackedTree {
  /** Where the upper tree and the instances begin among the nodes, in words of 16 bytes; absent: there is one tree. */
  readonly upper?: { readonly treeQuad: number; readonly instanceQuad: number };
}

/** One tree over the scene, or with shared meshes one over each and one over their instances. */
export function growTrees(
  { positions, triangleCount, shared }: Pick<Scene, 'positions' | 'triangleCount' | 'shared'>,
  build = buildBvh,
): BvhTree | Forest {
  if (shared === undefined) return build(positions, triangleCount);
  const isAny = shared.alone.triangleCount > 0;
  const ranges = [...(isAny ? [shared.alone] : []), ...shared.meshes];
  const standing: readonly Instance[] = isAny ? [{ mesh: -1, firstId: 0, world: identity, inverse: identity }] : [];
  const instances = [...standing, ...shared.instances].map((instance) => ({
    ...instance,
    mesh: instance.mesh + (isAny ? 1 : 0),
  }));
  const boxes = ranges.map((range) => boxOfRange(positions, range));
  const primitives = {
    boxes: Float32Array.from(
      instances.flatMap(({ mesh, world }) => {
        const { minimum, maximum } = placedBox(boxes[mesh] as (typeof boxes)[number], world);
        return [...minimum, ...maximum];
      }),
    ),
    order: Uint32Array.from(instances.keys()),
  };
  return {
    ranges,
    trees: ranges.map(({ firstTriangle, triangleCount: count }) =>
      build(positions.subarray(firstTriangle * 9, (firstTriangle + count) * 9), count),
    ),
    instances,
    top: buildTree(primitives, 1),
  };
}

/** Trees one behind the other, then the upper tree, then the instances, as `shaders/render/placed-instances.wgsl` reads them. */
export function packTrees(trees: BvhTree | Forest, layout: BvhLayout): PackedForest {
  if (!('top' in trees)) return layout.pack(trees);
  const { top, ranges, instances } = trees;
  const order = new Uint32Array(ranges.reduce((sum, { triangleCount }) => sum + triangleCount, 0));
  const parts: ArrayBuffer[] = [];
  const roots: number[] = [];
  let [firstNode, firstSlot] = [0, 0];
  trees.trees.forEach((tree, index) => {
    const packed = layout.pack(tree, { firstNode, firstSlot });
    const { firstTriangle } = ranges[index] as TriangleRange;
    packed.triangleOrder.forEach((triangle, slot) => {
      order[firstSlot + slot] = firstTriangle + triangle;
    });
    parts.push(packed.nodes);
    roots.push(packed.rootReference);
    firstNode += packed.nodes.byteLength / layout.bytesPerNode;
    firstSlot += packed.triangleOrder.length;
  });
  const upper = bvh2Layout.pack(top);
  parts.push(upper.nodes, packInstances(instances, upper.triangleOrder, roots));
  const treeQuad = (firstNode * layout.bytesPerNode) / quadBytes;
  return {
    nodes: concatenate(parts),
    rootReference: upper.rootReference,
    triangleOrder: order,
    upper: { treeQuad, instanceQuad: treeQuad + upper.nodes.byteLength / quadBytes },
  };
}

function packInstances(instances: readonly Instance[], order: Uint32Array, roots: readonly number[]): ArrayBuffer {
  const bytes = new ArrayBuffer(instances.length * bytesPerInstance);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  order.forEach((index, place) => {
    const { mesh, firstId, world, inverse } = instances[index] as Instance;
    const at = place * (bytesPerInstance / 4);
    for (let row = 0; row < 3; row += 1) {
      for (let column = 0; column < 3; column += 1) {
        floats[at + row * 4 + column] = inverse[column * 4 + row] as number;
        floats[at + 12 + row * 4 + column] = world[column * 4 + row] as number;
      }
      floats[at + row * 4 + 3] = world[12 + row] as number;
    }
    words[at + 15] = roots[mesh] as number;
    words[at + 19] = firstId;
    words[at + 23] = determinant(world) < 0 ? mirrored : 0;
  });
  return bytes;
}

function concatenate(parts: readonly ArrayBuffer[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let next = 0;
  for (const part of parts) {
    whole.set(new Uint8Array(part), next);
    next += part.byteLength;
  }
  return whole.buffer;
}
