/**
 * A binary hierarchy over boxes. Nodes 0..count-1 are the boxes as they were given, the others follow their children; the last is
 * the root.
 */
export interface Hierarchy {
  /** 6 float32 per node: minimum x y z, maximum x y z. */
  readonly boxes: Float32Array<ArrayBuffer>;
  /** Two per node that joins others: those of node `count + i` at `2i`. */
  readonly children: Uint32Array<ArrayBuffer>;
}

/** Boxes looked at over all rounds, as multiples of their number: 2 to 3 is what scenes take, more only those that are made to. */
const mostVisits = 16;

/**
 * Parallel locally-ordered clustering (Meister and Bittner 2018), one thread: of boxes in an order along which neighbours lie near
 * each other, those two are joined which both find that joined with each other their surface is least, round by round.
 * Float64 on float32 bounds in a fixed order, so every machine joins the same.
 *
 * @param leaves 6 float32 per box; two boxes or more.
 * @returns undefined where boxes are laid out so that hardly any are joined in a round.
 */
export function clusterNeighbours(leaves: Float32Array<ArrayBuffer>): Hierarchy | undefined {
  const count = leaves.length / 6;
  const boxes = new Float32Array((count * 2 - 1) * 6);
  boxes.set(leaves);
  const children = new Uint32Array((count - 1) * 2);
  /** Nodes that are left to join, along the curve, and the place of the mate that each has found. */
  const nodes = Uint32Array.from({ length: count }, (_, index) => index);
  const mates = new Int32Array(count);
  let [made, size, visits] = [count, count, 0];
  while (size > 1) {
    visits += size;
    if (visits > count * mostVisits) return undefined;
    findMates(boxes, nodes, size, mates);
    let next = 0;
    for (let place = 0; place < size; place += 1) {
      const mate = mates[place] as number;
      let node = nodes[place] as number;
      if (mates[mate] === place) {
        if (mate < place) continue;
        const other = nodes[mate] as number;
        children[(made - count) * 2] = node;
        children[(made - count) * 2 + 1] = other;
        joinBoxes(boxes, node * 6, other * 6, made * 6);
        node = made;
        made += 1;
      }
      nodes[next] = node;
      next += 1;
    }
    size = next;
  }
  return { boxes, children };
}

/**
 * The mate of each node, among two on either side. Of two with the same surface it is the one whose place differs in lower bits: no two
 * pairs of one node are then equal, so some pair is always mutual, and equal boxes are joined two by two.
 * A window of three boxes slides along, so that each is read once.
 */
function findMates(boxes: Float32Array, nodes: Uint32Array, size: number, mates: Int32Array): void {
  let ax0 = 0;
  let ay0 = 0;
  let az0 = 0;
  let ax1 = 0;
  let ay1 = 0;
  let az1 = 0;
  let bx0 = 0;
  let by0 = 0;
  let bz0 = 0;
  let bx1 = 0;
  let by1 = 0;
  let bz1 = 0;
  let leastA = Infinity;
  let mateA = 0;
  let leastB = Infinity;
  let mateB = 0;
  // The window enters with its third box on the first node.
  for (let c = 0; c < size + 2; c += 1) {
    let cx0 = 0;
    let cy0 = 0;
    let cz0 = 0;
    let cx1 = 0;
    let cy1 = 0;
    let cz1 = 0;
    let leastC = Infinity;
    let mateC = 0;
    const a = c - 2;
    const b = c - 1;
    if (c < size) {
      const at = (nodes[c] as number) * 6;
      cx0 = boxes[at] as number;
      cy0 = boxes[at + 1] as number;
      cz0 = boxes[at + 2] as number;
      cx1 = boxes[at + 3] as number;
      cy1 = boxes[at + 4] as number;
      cz1 = boxes[at + 5] as number;
      if (b >= 0) {
        const x = (bx1 > cx1 ? bx1 : cx1) - (bx0 < cx0 ? bx0 : cx0);
        const y = (by1 > cy1 ? by1 : cy1) - (by0 < cy0 ? by0 : cy0);
        const z = (bz1 > cz1 ? bz1 : cz1) - (bz0 < cz0 ? bz0 : cz0);
        leastC = x * y + (x + y) * z;
        mateC = b;
        if (leastC < leastB || (leastC === leastB && (b ^ c) < (b ^ mateB))) {
          leastB = leastC;
          mateB = c;
        }
      }
      if (a >= 0) {
        const x = (ax1 > cx1 ? ax1 : cx1) - (ax0 < cx0 ? ax0 : cx0);
        const y = (ay1 > cy1 ? ay1 : cy1) - (ay0 < cy0 ? ay0 : cy0);
        const z = (az1 > cz1 ? az1 : cz1) - (az0 < cz0 ? az0 : cz0);
        const area = x * y + (x + y) * z;
        if (area < leastA || (area === leastA && (a ^ c) < (a ^ mateA))) mateA = c;
        if (area < leastC || (area === leastC && (a ^ c) < (b ^ c))) {
          leastC = area;
          mateC = a;
        }
      }
    }
    if (a >= 0) mates[a] = mateA;
    ax0 = bx0;
    ay0 = by0;
    az0 = bz0;
    ax1 = bx1;
    ay1 = by1;
    az1 = bz1;
    bx0 = cx0;
    by0 = cy0;
    bz0 = cz0;
    bx1 = cx1;
    by1 = cy1;
    bz1 = cz1;
    leastA = leastB;
    mateA = mateB;
    leastB = leastC;
    mateB = mateC;
  }
}

/** Writes the box around those at `a` and `b`. */
function joinBoxes(boxes: Float32Array, a: number, b: number, target: number): void {
  for (let axis = 0; axis < 3; axis += 1) {
    const low = boxes[a + axis] as number;
    const otherLow = boxes[b + axis] as number;
    const high = boxes[a + 3 + axis] as number;
    const otherHigh = boxes[b + 3 + axis] as number;
    boxes[target + axis] = low < otherLow ? low : otherLow;
    boxes[target + 3 + axis] = high > otherHigh ? high : otherHigh;
  }
}
