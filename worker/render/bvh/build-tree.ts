import { type BvhTree, leafReference, maximumDepth } from './bvh-tree.ts';
import { type BoxArray, halfArea } from './node-box.ts';
import { type PrimitiveBoxes, divide, measureBoxes, measureCenters } from './primitive-boxes.ts';
import { type Split, createSplitFinder } from './split-finder.ts';
import { triangleCost } from './surface-area-cost.ts';

/**
 * Divides boxes, which it reorders, by the binned surface area heuristic. Pure float64 arithmetic on float32 bounds in a fixed
 * order, so every machine builds the same bytes. Splits by count where a further split by cost could make the tree deeper
 * than the tracer's stack. About 2 microseconds per box.
 *
 * @param leafLimit most boxes of a leaf.
 */
export function buildTree(primitives: PrimitiveBoxes, leafLimit: number): BvhTree {
  const { boxes, order } = primitives;
  const count = order.length;
  const references = new Uint32Array(Math.max(1, count) * 2);
  const bounds = new Float32Array(Math.max(1, count) * 12);
  const finder = createSplitFinder(boxes);
  const sides = new Float64Array(12);
  const childCenters = new Float64Array(12);
  const pending = createRangeStack();
  let nodeCount = 0;
  let deepest = 0;
  let rootReference = 0;

  measureBoxes(boxes, 0, count, sides, 0);
  const padding = paddingFor(sides, 0);
  measureCenters(boxes, 0, count, childCenters, 0);
  pending.push(0, count, 0, -1, halfArea(sides, 0), childCenters, 0);
  while (pending.pop()) {
    const { begin, end, depth, slot, area } = pending.range;
    const middle = chooseMiddle(begin, end, depth, area, pending.centers);
    let reference: number;
    if (middle === begin) {
      reference = leafReference(begin, end - begin);
    } else {
      const node = nodeCount;
      nodeCount += 1;
      reference = node;
      if (depth + 1 > deepest) deepest = depth + 1;
      writePadded(bounds, node * 12, sides, 0, padding);
      writePadded(bounds, node * 12 + 6, sides, 6, padding);
      // The left side is popped first, so that nodes lie in depth-first order.
      pending.push(middle, end, depth + 1, node * 2 + 1, halfArea(sides, 6), childCenters, 6);
      pending.push(begin, middle, depth + 1, node * 2, halfArea(sides, 0), childCenters, 0);
    }
    if (slot < 0) rootReference = reference;
    else references[slot] = reference;
  }

  /** Reorders the range and returns where its right side begins, or `begin` for a leaf. Fills `sides` and `childCenters`. */
  function chooseMiddle(begin: number, end: number, depth: number, area: number, centers: Float64Array): number {
    const size = end - begin;
    if (size === 1) return begin;
    const levelsNeeded = 33 - Math.clz32(size - 1);
    const split = depth + levelsNeeded >= maximumDepth ? undefined : finder.find(begin, end, area, centers);
    if (split === undefined) return size <= leafLimit ? begin : halve(begin, end);
    if (size <= leafLimit && split.cost >= triangleCost * size * area) return begin;
    return divideAt(begin, end, split);
  }

  function divideAt(begin: number, end: number, split: Split): number {
    sides.set(split.sides);
    const middle = divide(primitives, begin, end, split, childCenters);
    if (split.isSampled) {
      measureBoxes(boxes, begin, middle, sides, 0);
      measureBoxes(boxes, middle, end, sides, 6);
    }
    return middle;
  }

  /** Where no plane divides the range, or depth is short: half of it goes left, in the order in which it lies. */
  function halve(begin: number, end: number): number {
    const middle = begin + ((end - begin) >> 1);
    measureBoxes(boxes, begin, middle, sides, 0);
    measureBoxes(boxes, middle, end, sides, 6);
    measureCenters(boxes, begin, middle, childCenters, 0);
    measureCenters(boxes, middle, end, childCenters, 6);
    return middle;
  }

  return {
    nodeCount,
    references: references.slice(0, Math.max(1, nodeCount) * 2),
    bounds: bounds.slice(0, Math.max(1, nodeCount) * 12),
    rootReference,
    triangleOrder: order,
    depth: deepest,
  };
}

/**
 * What every box of a tree is widened by: two units in the last place of the largest coordinate. A ray that runs exactly in a face
 * must not miss it, whichever way its last bit falls.
 */
export function paddingFor(box: BoxArray, offset: number): number {
  let largest = 0;
  for (let index = 0; index < 6; index += 1) largest = Math.max(largest, Math.abs(box[offset + index] as number));
  return Math.max(largest * 2 ** -22, 1e-18);
}

export function writePadded(
  target: Float32Array,
  offset: number,
  box: BoxArray,
  boxOffset: number,
  padding: number,
): void {
  for (let axis = 0; axis < 3; axis += 1) {
    target[offset + axis] = (box[boxOffset + axis] as number) - padding;
    target[offset + 3 + axis] = (box[boxOffset + 3 + axis] as number) + padding;
  }
}

/** Ranges that wait, in flat arrays: an object for each of a million nodes would cost more than the arithmetic. */
function createRangeStack() {
  // Depth first, one sibling waits on each level.
  const capacity = maximumDepth + 2;
  const words = new Int32Array(capacity * 4);
  const areas = new Float64Array(capacity);
  const allCenters = new Float64Array(capacity * 6);
  const centers = new Float64Array(6);
  const range = { begin: 0, end: 0, depth: 0, slot: 0, area: 0 };
  let size = 0;

  function push(
    begin: number,
    end: number,
    depth: number,
    slot: number,
    area: number,
    source: Float64Array,
    sourceOffset: number,
  ): void {
    words[size * 4] = begin;
    words[size * 4 + 1] = end;
    words[size * 4 + 2] = depth;
    words[size * 4 + 3] = slot;
    areas[size] = area;
    for (let index = 0; index < 6; index += 1) allCenters[size * 6 + index] = source[sourceOffset + index] as number;
    size += 1;
  }

  /** Puts the last range into `range` and `centers`; false when none waits. */
  function pop(): boolean {
    if (size === 0) return false;
    size -= 1;
    range.begin = words[size * 4] as number;
    range.end = words[size * 4 + 1] as number;
    range.depth = words[size * 4 + 2] as number;
    range.slot = words[size * 4 + 3] as number;
    range.area = areas[size] as number;
    for (let index = 0; index < 6; index += 1) centers[index] = allCenters[size * 6 + index] as number;
    return true;
  }
  return { push, pop, range, centers };
}
