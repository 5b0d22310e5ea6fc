import { type BvhTree, leafReference, maximumDepth } from './bvh-tree.ts';

const binCount = 16;
const maximumLeaf = 4;
const traversalCost = 1;

/**
 * Builds a BVH over triangles by binned surface area heuristic (Wald 2007): 16 bins on each axis of the centroids' box.
 * Pure float64 arithmetic on float32 corners in a fixed order, so every machine builds the same bytes. Splits by count
 * where a further split by cost could make the tree deeper than the tracer's stack.
 *
 * @param positions 9 float32 per triangle.
 */
export function buildBvh(positions: Float32Array, triangleCount: number): BvhTree {
  const boxes = triangleBoxes(positions, triangleCount);
  const order = Uint32Array.from({ length: triangleCount }, (_, index) => index);
  const scratch = new Uint32Array(triangleCount);
  const references = new Uint32Array(Math.max(1, triangleCount) * 2);
  const bounds = new Float32Array(Math.max(1, triangleCount) * 12);
  let nodeCount = 0;
  let deepest = 0;
  const finder = createSplitFinder(boxes, order);
  const padding = boxPadding(positions, triangleCount);

  interface Range {
    readonly begin: number;
    readonly end: number;
    readonly depth: number;
    /** Where the reference to this range goes: slot of `references`, or -1 for the root. */
    readonly slot: number;
  }
  let rootReference = 0;
  const pending: Range[] = [{ begin: 0, end: triangleCount, depth: 0, slot: -1 }];
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    const { begin, end, depth, slot } = range;
    const count = end - begin;
    const middle = count === 1 ? begin : divide(range);
    let reference: number;
    if (middle === begin) {
      reference = leafReference(begin, count);
    } else {
      const node = nodeCount;
      nodeCount += 1;
      reference = node;
      deepest = Math.max(deepest, depth + 1);
      unite(boxes, order, begin, middle, bounds, node * 12);
      unite(boxes, order, middle, end, bounds, node * 12 + 6);
      padBox(bounds, node * 12, padding);
      padBox(bounds, node * 12 + 6, padding);
      // The left side is popped first, so that nodes lie in depth-first order.
      pending.push({ begin: middle, end, depth: depth + 1, slot: node * 2 + 1 });
      pending.push({ begin, end: middle, depth: depth + 1, slot: node * 2 });
    }
    if (slot < 0) rootReference = reference;
    else references[slot] = reference;
  }

  /** Reorders the range and returns where its right side begins, or `begin` for a leaf. */
  function divide({ begin, end, depth }: { begin: number; end: number; depth: number }): number {
    const count = end - begin;
    const levelsNeeded = Math.ceil(Math.log2(count)) + 1;
    if (depth + levelsNeeded >= maximumDepth) return count <= maximumLeaf ? begin : begin + (count >> 1);
    const split = finder.find(begin, end);
    if (split === undefined) return count <= maximumLeaf ? begin : begin + (count >> 1);
    if (count <= maximumLeaf && split.cost >= count) return begin;
    return partition(order, scratch, begin, end, (triangle) => finder.binOf(split.axis, triangle) < split.bin);
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

/** 6 float64 per triangle: minimum x y z, maximum x y z. */
function triangleBoxes(positions: Float32Array, triangleCount: number): Float64Array {
  const boxes = new Float64Array(triangleCount * 6);
  for (let triangle = 0; triangle < triangleCount; triangle += 1) {
    for (let axis = 0; axis < 3; axis += 1) {
      const a = positions[triangle * 9 + axis] as number;
      const b = positions[triangle * 9 + 3 + axis] as number;
      const c = positions[triangle * 9 + 6 + axis] as number;
      boxes[triangle * 6 + axis] = Math.min(a, b, c);
      boxes[triangle * 6 + 3 + axis] = Math.max(a, b, c);
    }
  }
  return boxes;
}

/** Writes the box around the triangles order[begin..end) to target[offset..offset + 6). */
function unite(
  boxes: Float64Array,
  order: Uint32Array,
  begin: number,
  end: number,
  target: Float32Array | Float64Array,
  offset: number,
): void {
  target.fill(Infinity, offset, offset + 3);
  target.fill(-Infinity, offset + 3, offset + 6);
  for (let index = begin; index < end; index += 1) growBox(target, offset, boxes, (order[index] as number) * 6);
}

/**
 * A ray that runs exactly in the face of a box must not miss it, whichever way its last bit falls: boxes are wider than
 * their triangles by two units in the last place of the scene's largest coordinate.
 */
function boxPadding(positions: Float32Array, triangleCount: number): number {
  let largest = 0;
  for (let index = 0; index < triangleCount * 9; index += 1) {
    largest = Math.max(largest, Math.abs(positions[index] as number));
  }
  return Math.max(largest * 2 ** -22, 1e-18);
}

function padBox(bounds: Float32Array, offset: number, padding: number): void {
  for (let axis = 0; axis < 3; axis += 1) {
    bounds[offset + axis] = (bounds[offset + axis] as number) - padding;
    bounds[offset + 3 + axis] = (bounds[offset + 3 + axis] as number) + padding;
  }
}

function growBox(
  target: Float32Array | Float64Array,
  offset: number,
  source: Float64Array,
  sourceOffset: number,
): void {
  for (let axis = 0; axis < 3; axis += 1) {
    const low = source[sourceOffset + axis] as number;
    const high = source[sourceOffset + 3 + axis] as number;
    if (low < (target[offset + axis] as number)) target[offset + axis] = low;
    if (high > (target[offset + 3 + axis] as number)) target[offset + 3 + axis] = high;
  }
}

/** Half the surface of a box. */
function halfArea(box: Float64Array, offset: number): number {
  const x = (box[offset + 3] as number) - (box[offset] as number);
  const y = (box[offset + 4] as number) - (box[offset + 1] as number);
  const z = (box[offset + 5] as number) - (box[offset + 2] as number);
  return x * y + y * z + z * x;
}

interface Split {
  readonly axis: number;
  /** Triangles in bins below this one go left. */
  readonly bin: number;
  /** Expected cost in triangle tests. */
  readonly cost: number;
}

function createSplitFinder(boxes: Float64Array, order: Uint32Array) {
  const binBoxes = new Float64Array(binCount * 6);
  const binTriangles = new Uint32Array(binCount);
  const rightCosts = new Float64Array(binCount);
  const sweep = new Float64Array(6);
  const centroidLow = new Float64Array(3);
  const centroidScale = new Float64Array(3);

  function binOf(axis: number, triangle: number): number {
    const twiceCentroid = (boxes[triangle * 6 + axis] as number) + (boxes[triangle * 6 + 3 + axis] as number);
    const bin = Math.floor((twiceCentroid - (centroidLow[axis] as number)) * (centroidScale[axis] as number));
    return Math.min(binCount - 1, Math.max(0, bin));
  }

  function measureCentroids(begin: number, end: number): void {
    for (let axis = 0; axis < 3; axis += 1) {
      let low = Infinity;
      let high = -Infinity;
      for (let index = begin; index < end; index += 1) {
        const triangle = order[index] as number;
        const twiceCentroid = (boxes[triangle * 6 + axis] as number) + (boxes[triangle * 6 + 3 + axis] as number);
        low = Math.min(low, twiceCentroid);
        high = Math.max(high, twiceCentroid);
      }
      centroidLow[axis] = low;
      const scale = binCount / (high - low);
      centroidScale[axis] = high > low && Number.isFinite(scale) ? scale : 0;
    }
  }

  function fillBins(axis: number, begin: number, end: number): void {
    binTriangles.fill(0);
    for (let bin = 0; bin < binCount; bin += 1) resetBox(binBoxes, bin * 6);
    for (let index = begin; index < end; index += 1) {
      const triangle = order[index] as number;
      const bin = binOf(axis, triangle);
      binTriangles[bin] = (binTriangles[bin] as number) + 1;
      growBox(binBoxes, bin * 6, boxes, triangle * 6);
    }
  }

  /** The cheapest split of order[begin..end), or undefined when all centroids coincide. */
  function find(begin: number, end: number): Split | undefined {
    measureCentroids(begin, end);
    resetBox(sweep, 0);
    for (let index = begin; index < end; index += 1) growBox(sweep, 0, boxes, (order[index] as number) * 6);
    const wholeArea = halfArea(sweep, 0);
    let best: Split | undefined;
    for (let axis = 0; axis < 3; axis += 1) {
      if (centroidScale[axis] === 0) continue;
      fillBins(axis, begin, end);
      sweepRight();
      resetBox(sweep, 0);
      let count = 0;
      for (let bin = 1; bin < binCount; bin += 1) {
        if (binTriangles[bin - 1] !== 0) growBox(sweep, 0, binBoxes, (bin - 1) * 6);
        count += binTriangles[bin - 1] as number;
        if (count === 0 || count === end - begin) continue;
        const sides = halfArea(sweep, 0) * count + (rightCosts[bin] as number);
        // A range without extent costs the same wherever it is split.
        const cost = traversalCost + (wholeArea > 0 ? sides / wholeArea : count);
        if (best === undefined || cost < best.cost) best = { axis, bin, cost };
      }
    }
    return best;
  }

  function sweepRight(): void {
    resetBox(sweep, 0);
    let count = 0;
    for (let bin = binCount - 1; bin > 0; bin -= 1) {
      if (binTriangles[bin] !== 0) growBox(sweep, 0, binBoxes, bin * 6);
      count += binTriangles[bin] as number;
      rightCosts[bin] = count === 0 ? 0 : halfArea(sweep, 0) * count;
    }
  }

  return { find, binOf };
}

function resetBox(box: Float64Array, offset: number): void {
  box.fill(Infinity, offset, offset + 3);
  box.fill(-Infinity, offset + 3, offset + 6);
}

/** Stable partition of order[begin..end); returns where the right side begins. */
function partition(
  order: Uint32Array,
  scratch: Uint32Array,
  begin: number,
  end: number,
  goesLeft: (triangle: number) => boolean,
): number {
  let left = begin;
  let right = 0;
  for (let index = begin; index < end; index += 1) {
    const triangle = order[index] as number;
    if (goesLeft(triangle)) {
      order[left] = triangle;
      left += 1;
    } else {
      scratch[right] = triangle;
      right += 1;
    }
  }
  order.set(scratch.subarray(0, right), left);
  return left;
}
