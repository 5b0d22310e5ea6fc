const axisBits = 10;
const axisSteps = 1 << axisBits;
const digitBits = 10;

/** Ten bits of each axis of a box's twice-centre, interleaved. */
export function mortonKeys(boxes: Float32Array, count: number): Uint32Array<ArrayBuffer> {
  let [lx, ly, lz] = [Infinity, Infinity, Infinity];
  let [hx, hy, hz] = [-Infinity, -Infinity, -Infinity];
  for (let at = 0, end = count * 6; at < end; at += 6) {
    const x = (boxes[at] as number) + (boxes[at + 3] as number);
    const y = (boxes[at + 1] as number) + (boxes[at + 4] as number);
    const z = (boxes[at + 2] as number) + (boxes[at + 5] as number);
    if (x < lx) lx = x;
    if (x > hx) hx = x;
    if (y < ly) ly = y;
    if (y > hy) hy = y;
    if (z < lz) lz = z;
    if (z > hz) hz = z;
  }
  // One scale for all axes: the cells are cubes, as compact as cells can be.
  const size = Math.max(hx - lx, hy - ly, hz - lz);
  const scale = size > 0 ? axisSteps / size : 0;
  const keys = new Uint32Array(count);
  for (let index = 0, at = 0; index < count; index += 1, at += 6) {
    const x = (((boxes[at] as number) + (boxes[at + 3] as number) - lx) * scale) | 0;
    const y = (((boxes[at + 1] as number) + (boxes[at + 4] as number) - ly) * scale) | 0;
    const z = (((boxes[at + 2] as number) + (boxes[at + 5] as number) - lz) * scale) | 0;
    keys[index] =
      (spread(x < axisSteps ? x : axisSteps - 1) << 2) |
      (spread(y < axisSteps ? y : axisSteps - 1) << 1) |
      spread(z < axisSteps ? z : axisSteps - 1);
  }
  return keys;
}

/** Ten bits, two zeros between each. */
function spread(value: number): number {
  let bits = (value | (value << 16)) & 0x030000ff;
  bits = (bits | (bits << 8)) & 0x0300f00f;
  bits = (bits | (bits << 4)) & 0x030c30c3;
  return (bits | (bits << 2)) & 0x09249249;
}

/** Keys in ascending order, and where each of them came from: three stable passes of ten bits. */
export function sortByKey(unsorted: Uint32Array<ArrayBuffer>): {
  keys: Uint32Array<ArrayBuffer>;
  order: Uint32Array<ArrayBuffer>;
} {
  const count = unsorted.length;
  let keys = unsorted;
  let order = Uint32Array.from({ length: count }, (_, index) => index);
  let nextKeys = new Uint32Array(count);
  let nextOrder = new Uint32Array(count);
  const digits = 1 << digitBits;
  const places = new Uint32Array(digits);
  for (let shift = 0; shift < axisBits * 3; shift += digitBits) {
    places.fill(0);
    for (let index = 0; index < count; index += 1) {
      const digit = ((keys[index] as number) >>> shift) & (digits - 1);
      places[digit] = (places[digit] as number) + 1;
    }
    let sum = 0;
    for (let digit = 0; digit < digits; digit += 1) {
      const own = places[digit] as number;
      places[digit] = sum;
      sum += own;
    }
    for (let index = 0; index < count; index += 1) {
      const key = keys[index] as number;
      const digit = (key >>> shift) & (digits - 1);
      const place = places[digit] as number;
      places[digit] = place + 1;
      nextKeys[place] = key;
      nextOrder[place] = order[index] as number;
    }
    [keys, nextKeys] = [nextKeys, keys];
    [order, nextOrder] = [nextOrder, order];
  }
  return { keys, order };
}
