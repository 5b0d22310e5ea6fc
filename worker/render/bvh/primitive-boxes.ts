/** The boxes that a tree is built over, reordered in place as ranges of them are divided. */
export interface PrimitiveBoxes {
  /** 6 float32 per box: minimum x y z, maximum x y z. */
  readonly boxes: Float32Array<ArrayBuffer>;
  /** The primitive that lies at each place. */
  readonly order: Uint32Array<ArrayBuffer>;
}

/** Boxes of triangles, 9 float32 each. */
export function triangleBoxes(positions: Float32Array, triangleCount: number): PrimitiveBoxes {
  const boxes = new Float32Array(triangleCount * 6);
  const order = new Uint32Array(triangleCount);
  for (let triangle = 0, source = 0, target = 0; triangle < triangleCount; triangle += 1, source += 9, target += 6) {
    order[triangle] = triangle;
    for (let axis = 0; axis < 3; axis += 1) {
      const a = positions[source + axis] as number;
      const b = positions[source + 3 + axis] as number;
      const c = positions[source + 6 + axis] as number;
      const low = a < b ? a : b;
      const high = a < b ? b : a;
      boxes[target + axis] = c < low ? c : low;
      boxes[target + 3 + axis] = c > high ? c : high;
    }
  }
  return { boxes, order };
}

/** Writes the box around the places begin..end; empty for an empty range. */
export function measureBoxes(
  boxes: Float32Array,
  begin: number,
  end: number,
  target: Float64Array,
  offset: number,
): void {
  for (let axis = 0; axis < 3; axis += 1) {
    let low = Infinity;
    let high = -Infinity;
    for (let at = begin * 6 + axis, last = end * 6; at < last; at += 6) {
      const minimum = boxes[at] as number;
      const maximum = boxes[at + 3] as number;
      if (minimum < low) low = minimum;
      if (maximum > high) high = maximum;
    }
    target[offset + axis] = low;
    target[offset + 3 + axis] = high;
  }
}

/** Writes the box around the twice-centres (minimum + maximum) of the places begin..end; empty for an empty range. */
export function measureCenters(
  boxes: Float32Array,
  begin: number,
  end: number,
  target: Float64Array,
  offset: number,
): void {
  for (let axis = 0; axis < 3; axis += 1) {
    let low = Infinity;
    let high = -Infinity;
    for (let at = begin * 6 + axis, last = end * 6; at < last; at += 6) {
      const center = (boxes[at] as number) + (boxes[at + 3] as number);
      if (center < low) low = center;
      if (center > high) high = center;
    }
    target[offset + axis] = low;
    target[offset + 3 + axis] = high;
  }
}

/**
 * Puts the places of begin..end whose twice-centre on `axis` satisfies `(center - low) * scale < bin` first, and the others
 * after them; writes the boxes around the centres of both sides to `centers` at 0 and 6. Returns where the second side begins.
 */
export function divide(
  primitives: PrimitiveBoxes,
  begin: number,
  end: number,
  split: { readonly axis: number; readonly low: number; readonly scale: number; readonly bin: number },
  centers: Float64Array,
): number {
  const { boxes, order } = primitives;
  const { axis, low, scale, bin } = split;
  let lx0 = Infinity;
  let ly0 = Infinity;
  let lz0 = Infinity;
  let lx1 = -Infinity;
  let ly1 = -Infinity;
  let lz1 = -Infinity;
  let rx0 = Infinity;
  let ry0 = Infinity;
  let rz0 = Infinity;
  let rx1 = -Infinity;
  let ry1 = -Infinity;
  let rz1 = -Infinity;
  let left = begin;
  let right = end;
  while (left < right) {
    const at = left * 6;
    const x0 = boxes[at] as number;
    const y0 = boxes[at + 1] as number;
    const z0 = boxes[at + 2] as number;
    const x1 = boxes[at + 3] as number;
    const y1 = boxes[at + 4] as number;
    const z1 = boxes[at + 5] as number;
    const x = x0 + x1;
    const y = y0 + y1;
    const z = z0 + z1;
    const center = axis === 0 ? x : axis === 1 ? y : z;
    if ((center - low) * scale < bin) {
      if (x < lx0) lx0 = x;
      if (x > lx1) lx1 = x;
      if (y < ly0) ly0 = y;
      if (y > ly1) ly1 = y;
      if (z < lz0) lz0 = z;
      if (z > lz1) lz1 = z;
      left += 1;
      continue;
    }
    if (x < rx0) rx0 = x;
    if (x > rx1) rx1 = x;
    if (y < ry0) ry0 = y;
    if (y > ry1) ry1 = y;
    if (z < rz0) rz0 = z;
    if (z > rz1) rz1 = z;
    right -= 1;
    const other = right * 6;
    boxes[at] = boxes[other] as number;
    boxes[at + 1] = boxes[other + 1] as number;
    boxes[at + 2] = boxes[other + 2] as number;
    boxes[at + 3] = boxes[other + 3] as number;
    boxes[at + 4] = boxes[other + 4] as number;
    boxes[at + 5] = boxes[other + 5] as number;
    boxes[other] = x0;
    boxes[other + 1] = y0;
    boxes[other + 2] = z0;
    boxes[other + 3] = x1;
    boxes[other + 4] = y1;
    boxes[other + 5] = z1;
    const moved = order[left] as number;
    order[left] = order[right] as number;
    order[right] = moved;
  }
  centers[0] = lx0;
  centers[1] = ly0;
  centers[2] = lz0;
  centers[3] = lx1;
  centers[4] = ly1;
  centers[5] = lz1;
  centers[6] = rx0;
  centers[7] = ry0;
  centers[8] = rz0;
  centers[9] = rx1;
  centers[10] = ry1;
  centers[11] = rz1;
  return left;
}
