/**
 * Linear light at which each 8-bit sRGB code begins: code c covers values from the decoding of c - 0.5. A table of
 * thresholds makes the encoding exact: a value gets its code by comparisons only, on every machine the same.
 */
const thresholds = Float64Array.from({ length: 255 }, (_, index) => decode((index + 0.5) / 255));

/** The 8-bit sRGB code (IEC 61966-2-1) nearest to a linear value; clamps to 0..255. */
export function encodeSrgb8(linear: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (linear >= (thresholds[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The 16-bit sRGB code nearest to a linear value; clamps to 0..65535. */
export function encodeSrgb16(linear: number): number {
  const value = Math.min(1, Math.max(0, linear));
  const code = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(code * 65_535);
}

/** sRGB to linear with + - * / only: Math.pow may differ in its last digit between engines. */
function decode(code: number): number {
  if (code <= 0.04045) return code / 12.92;
  const base = (code + 0.055) / 1.055;
  // base^2.4 = base^2 x (base^2)^(1/5), the root by Newton's method from above.
  const square = base * base;
  let root = 1;
  for (let step = 0; step < 64; step += 1) {
    const fourth = root * root * root * root;
    root -= (fourth * root - square) / (5 * fourth);
  }
  return square * root;
}
