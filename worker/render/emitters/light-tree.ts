import { buildTree } from '../bvh/build-tree.ts';
import { type BvhTree, leafBit, leafSlot } from '../bvh/bvh-tree.ts';
import { measureBoxes, triangleBoxes } from '../bvh/primitive-boxes.ts';
import { cross, dot } from '../scene/matrix.ts';
import type { Scene, Vector3 } from '../scene/scene.ts';
import type { Emitter } from './emitter-list.ts';

/** Size of an element of the lights' buffer, which groups share with lights. */
export const lightBytes = 64;
export const lightKinds = {
  triangle: 0,
  point: 1,
  spot: 1,
  directional: 2,
  environment: 3,
  tree: 4,
  group: 5,
} as const;
/** Below it a share could become 0 in float32. */
const smallestShare = 1e-30;

/** Elements of `shaders/render/light-tree.wgsl`: groups of emitters within groups, down to single ones. */
export interface LightTree {
  /** The root's element, then all others; two halves of a group lie side by side. */
  readonly elements: ArrayBuffer;
  /** By place in the list of emitters: the element, counted from the beginning of the buffer, that holds the emitter alone. */
  readonly leafElements: Uint32Array;
}

/**
 * Groups emitters for a choice that depends on the point that is lit, after Conty Estevez and Kulla (2018): each group knows its box,
 * its share of all power, the mean direction of its fronts and how far they lean from it. Divided as the tracer's tree is. All in
 * float64 with + - * / and square roots in a fixed order, so that every machine writes the same bytes.
 *
 * @param emitters one or more.
 * @param firstElement of the buffer where the tree will begin.
 * @param aroundElement the element that stands for the whole tree.
 */
export function buildLightTree(
  scene: Pick<Scene, 'positions' | 'materialIndices' | 'materials'>,
  emitters: readonly Emitter[],
  { firstElement, aroundElement }: { readonly firstElement: number; readonly aroundElement: number },
): LightTree {
  const corners = new Float32Array(emitters.length * 9);
  emitters.forEach(({ triangle }, index) =>
    corners.set(scene.positions.subarray(triangle * 9, triangle * 9 + 9), index * 9),
  );
  const primitives = triangleBoxes(corners, emitters.length);
  const tree = buildTree(primitives, 1);
  const { normals, weights, doubleSided } = inLeafOrder(scene, emitters, corners, tree.triangleOrder);
  const total = emitters.reduce((sum, { weight }) => sum + weight, 0);
  const elements = new ArrayBuffer((emitters.length * 2 - 1) * lightBytes);
  const floats = new Float32Array(elements);
  const words = new Uint32Array(elements);
  const leafElements = new Uint32Array(emitters.length);
  const box = new Float64Array(6);

  /** Writes what is known of the emitters at begin..end in leaf order. */
  function measure(start: number, begin: number, end: number): void {
    const sum: [number, number, number] = [0, 0, 0];
    let [weight, sides] = [0, 0];
    for (let slot = begin; slot < end; slot += 1) {
      const own = weights[slot] as number;
      weight += own;
      sides |= doubleSided[slot] as number;
      sum[0] += (normals[slot * 3] as number) * own;
      sum[1] += (normals[slot * 3 + 1] as number) * own;
      sum[2] += (normals[slot * 3 + 2] as number) * own;
    }
    const mean = unitOr(sum, [0, 0, 1]);
    const [x, y, z] = mean;
    let spreadCosine = 1;
    for (let place = begin * 3; place < end * 3; place += 3) {
      const cosine =
        x * (normals[place] as number) + y * (normals[place + 1] as number) + z * (normals[place + 2] as number);
      if (cosine < spreadCosine) spreadCosine = cosine;
    }
    measureBoxes(primitives.boxes, begin, end, box, 0);
    floats.set(box.subarray(0, 3), start + 4);
    floats.set(box.subarray(3), start + 12);
    floats[start + 7] = Math.max(weight / total, smallestShare);
    floats.set([...mean, spreadCosine], start + 8);
    floats[start + 15] = sides;
  }

  const pending = [{ reference: tree.rootReference, element: firstElement, parent: aroundElement }];
  let nextElement = firstElement + 1;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { reference, element, parent } = next;
    const start = (element - firstElement) * (lightBytes / 4);
    const [begin, end] = slotsBelow(tree, reference);
    measure(start, begin, end);
    if ((reference & leafBit) !== 0) {
      const member = tree.triangleOrder[begin] as number;
      words.set([parent, lightKinds.triangle, (emitters[member] as Emitter).triangle], start + 1);
      leafElements[member] = element;
      continue;
    }
    words.set([nextElement, lightKinds.group, parent], start + 1);
    for (const side of [1, 0]) {
      const child = tree.references[reference * 2 + side] as number;
      pending.push({ reference: child, element: nextElement + side, parent: element });
    }
    nextElement += 2;
  }
  return { elements, leafElements };
}

/** What the groups add up, side by side as they lie: unit normals, powers, and 1 for what shines from both sides. */
function inLeafOrder(
  scene: Pick<Scene, 'materialIndices' | 'materials'>,
  emitters: readonly Emitter[],
  corners: Float32Array,
  order: Uint32Array,
) {
  const normals = new Float64Array(order.length * 3);
  const weights = new Float64Array(order.length);
  const doubleSided = new Uint8Array(order.length);
  order.forEach((member, slot) => {
    const { triangle, weight } = emitters[member] as Emitter;
    normals.set(normalOf(corners, member), slot * 3);
    weights[slot] = weight;
    doubleSided[slot] = scene.materials[scene.materialIndices[triangle] as number]?.doubleSided === true ? 1 : 0;
  });
  return { normals, weights, doubleSided };
}

/** A subtree's places in leaf order lie side by side: from its first leaf to behind its last. */
function slotsBelow({ references }: BvhTree, reference: number): [begin: number, end: number] {
  const leafAt = (side: number): number => {
    let at = reference;
    while ((at & leafBit) === 0) at = references[at * 2 + side] as number;
    return leafSlot(at);
  };
  return [leafAt(0), leafAt(1) + 1];
}

function normalOf(corners: Float32Array, index: number): Vector3 {
  const edge = (corner: number): Vector3 => {
    const along = (axis: number) =>
      (corners[index * 9 + corner * 3 + axis] as number) - (corners[index * 9 + axis] as number);
    return [along(0), along(1), along(2)];
  };
  return unitOr(cross(edge(1), edge(2)), [0, 0, 1]);
}

function unitOr(vector: Vector3, otherwise: Vector3): Vector3 {
  const length = Math.sqrt(dot(vector, vector));
  if (!(length > 0 && Number.isFinite(length))) return otherwise;
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}
