import { growBox, halfArea, resetBox } from './node-box.ts';
import { traversalCost, triangleCost } from './surface-area-cost.ts';

/** A plane between two bins of one axis: `(twice centre - low) * scale < bin` is left of it. */
export interface Split {
  axis: number;
  low: number;
  scale: number;
  bin: number;
  /** Expected cost x half area of the node, in units of `surface-area-cost.ts`. */
  cost: number;
  /** The plane was chosen by a sample of the boxes: `sides` are too small. */
  isSampled: boolean;
  /** The boxes of the left and the right side, 6 float64 each. */
  readonly sides: Float64Array;
}

export interface SplitFinder {
  /**
   * The cheapest division of the places begin..end whose box has `nodeHalfArea` and whose twice-centres lie in
   * `centers[0..6)`. The answer is overwritten by the next call; undefined where no plane divides the range.
   */
  find(begin: number, end: number, nodeHalfArea: number, centers: Float64Array): Split | undefined;
}

const mostBins = 16;
const fewBins = 8;
/** Ranges of this many boxes are worth the finer bins. */
const manyBoxes = 64;
/** In larger ranges every n-th box stands for n: the plane moves by less than a bin, and most of the work is saved. */
const sampledBoxes = 2048;

/** Binned surface area heuristic (Wald 2007) on all three axes in one pass over the boxes; float64 in a fixed order. */
export function createSplitFinder(boxes: Float32Array): SplitFinder {
  const binBoxes = new Float64Array(mostBins * 3 * 6);
  const binSizes = new Int32Array(mostBins * 3);
  const rightBoxes = new Float64Array(mostBins * 6);
  const left = new Float64Array(6);
  const scales = new Float64Array(3);
  const split: Split = { axis: 0, low: 0, scale: 0, bin: 0, cost: 0, isSampled: false, sides: new Float64Array(12) };

  function fillBins(begin: number, end: number, stride: number, bins: number, centers: Float64Array): void {
    const sx = scales[0] as number;
    const sy = scales[1] as number;
    const sz = scales[2] as number;
    const cx = centers[0] as number;
    const cy = centers[1] as number;
    const cz = centers[2] as number;
    const last = bins - 1;
    for (let bin = 0; bin < bins * 3; bin += 1) {
      binSizes[bin] = 0;
      resetBox(binBoxes, bin * 6);
    }
    for (let at = begin * 6, stop = end * 6, step = stride * 6; at < stop; at += step) {
      const x0 = boxes[at] as number;
      const y0 = boxes[at + 1] as number;
      const z0 = boxes[at + 2] as number;
      const x1 = boxes[at + 3] as number;
      const y1 = boxes[at + 4] as number;
      const z1 = boxes[at + 5] as number;
      let bx = ((x0 + x1 - cx) * sx) | 0;
      let by = ((y0 + y1 - cy) * sy) | 0;
      let bz = ((z0 + z1 - cz) * sz) | 0;
      if (bx > last) bx = last;
      if (by > last) by = last;
      if (bz > last) bz = last;
      by += bins;
      bz += bins + bins;
      binSizes[bx] = (binSizes[bx] as number) + 1;
      binSizes[by] = (binSizes[by] as number) + 1;
      binSizes[bz] = (binSizes[bz] as number) + 1;
      bx *= 6;
      by *= 6;
      bz *= 6;
      if (x0 < (binBoxes[bx] as number)) binBoxes[bx] = x0;
      if (y0 < (binBoxes[bx + 1] as number)) binBoxes[bx + 1] = y0;
      if (z0 < (binBoxes[bx + 2] as number)) binBoxes[bx + 2] = z0;
      if (x1 > (binBoxes[bx + 3] as number)) binBoxes[bx + 3] = x1;
      if (y1 > (binBoxes[bx + 4] as number)) binBoxes[bx + 4] = y1;
      if (z1 > (binBoxes[bx + 5] as number)) binBoxes[bx + 5] = z1;
      if (x0 < (binBoxes[by] as number)) binBoxes[by] = x0;
      if (y0 < (binBoxes[by + 1] as number)) binBoxes[by + 1] = y0;
      if (z0 < (binBoxes[by + 2] as number)) binBoxes[by + 2] = z0;
      if (x1 > (binBoxes[by + 3] as number)) binBoxes[by + 3] = x1;
      if (y1 > (binBoxes[by + 4] as number)) binBoxes[by + 4] = y1;
      if (z1 > (binBoxes[by + 5] as number)) binBoxes[by + 5] = z1;
      if (x0 < (binBoxes[bz] as number)) binBoxes[bz] = x0;
      if (y0 < (binBoxes[bz + 1] as number)) binBoxes[bz + 1] = y0;
      if (z0 < (binBoxes[bz + 2] as number)) binBoxes[bz + 2] = z0;
      if (x1 > (binBoxes[bz + 3] as number)) binBoxes[bz + 3] = x1;
      if (y1 > (binBoxes[bz + 4] as number)) binBoxes[bz + 4] = y1;
      if (z1 > (binBoxes[bz + 5] as number)) binBoxes[bz + 5] = z1;
    }
  }

  /** Looks at every plane of one axis; `split` keeps the best of all axes. */
  function sweep(axis: number, bins: number, count: number): boolean {
    const first = axis * bins;
    let better = false;
    resetBox(rightBoxes, (bins - 1) * 6);
    growBox(rightBoxes, (bins - 1) * 6, binBoxes, (first + bins - 1) * 6);
    for (let bin = bins - 2; bin > 0; bin -= 1) {
      for (let index = 0; index < 6; index += 1)
        rightBoxes[bin * 6 + index] = rightBoxes[bin * 6 + 6 + index] as number;
      growBox(rightBoxes, bin * 6, binBoxes, (first + bin) * 6);
    }
    resetBox(left, 0);
    let before = 0;
    for (let bin = 1; bin < bins; bin += 1) {
      const added = binSizes[first + bin - 1] as number;
      // An empty bin moves no triangle over the plane.
      if (added === 0) continue;
      before += added;
      if (before === count) break;
      growBox(left, 0, binBoxes, (first + bin - 1) * 6);
      const cost = halfArea(left, 0) * before + halfArea(rightBoxes, bin * 6) * (count - before);
      if (cost >= split.cost) continue;
      better = true;
      split.cost = cost;
      split.axis = axis;
      split.bin = bin;
      split.sides.set(left);
      for (let index = 0; index < 6; index += 1) split.sides[6 + index] = rightBoxes[bin * 6 + index] as number;
    }
    return better;
  }

  return {
    find(begin, end, nodeHalfArea, centers) {
      const count = end - begin;
      const bins = count < manyBoxes ? fewBins : mostBins;
      for (let axis = 0; axis < 3; axis += 1) {
        const scale = bins / ((centers[axis + 3] as number) - (centers[axis] as number));
        scales[axis] = Number.isFinite(scale) ? scale : 0;
      }
      const stride = Math.max(1, Math.floor(count / sampledBoxes));
      fillBins(begin, end, stride, bins, centers);
      split.cost = Infinity;
      let found = false;
      for (let axis = 0; axis < 3; axis += 1)
        if (scales[axis] !== 0 && sweep(axis, bins, Math.ceil(count / stride))) found = true;
      if (!found) return undefined;
      split.isSampled = stride > 1;
      split.low = centers[split.axis] as number;
      split.scale = scales[split.axis] as number;
      split.cost = traversalCost * nodeHalfArea + triangleCost * split.cost;
      return split;
    },
  };
}
