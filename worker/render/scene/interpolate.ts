/** How the value of an animation runs between two keys (glTF 2.0, appendix C). */
export type Interpolation = 'STEP' | 'LINEAR' | 'CUBICSPLINE';

/** A key and the one after it; `before` and `after` are one element each, for CUBICSPLINE in-tangent, value and out-tangent. */
export interface KeyPair {
  readonly before: Float32Array;
  readonly after: Float32Array;
  /** Between them, 0..1. */
  readonly part: number;
  readonly spanSeconds: number;
}

/** The value between two keys. Rotations are unit quaternions x, y, z, w, and take the shorter way. */
export function interpolate(kind: Interpolation, keys: KeyPair, isRotation: boolean): number[] {
  const { before, after, part } = keys;
  if (kind === 'CUBICSPLINE') return isRotation ? unitOf(cubic(keys)) : cubic(keys);
  if (kind === 'STEP' || part === 0) return isRotation ? unitOf([...before]) : [...before];
  if (isRotation) return slerp(unitOf([...before]), unitOf([...after]), part);
  return Array.from(before, (value, index) => value + ((after[index] as number) - value) * part);
}

function cubic({ before, after, part, spanSeconds }: KeyPair): number[] {
  const width = before.length / 3;
  const squared = part * part;
  const cubed = squared * part;
  return Array.from({ length: width }, (_, index) => {
    const start = before[width + index] as number;
    const end = after[width + index] as number;
    const leaving = spanSeconds * (before[2 * width + index] as number);
    const arriving = spanSeconds * (after[index] as number);
    return (
      (2 * cubed - 3 * squared + 1) * start +
      (cubed - 2 * squared + part) * leaving +
      (3 * squared - 2 * cubed) * end +
      (cubed - squared) * arriving
    );
  });
}

/**
 * Along the great circle, by halving: with + - * / and square roots alone every engine computes the same bits, unlike with
 * Math.sin and Math.acos.
 */
function slerp(from: readonly number[], to: readonly number[], part: number): number[] {
  const cosine = from.reduce((sum, value, index) => sum + value * (to[index] as number), 0);
  let low = [...from];
  let high = to.map((value) => (cosine < 0 ? -value : value));
  let rest = part;
  for (let step = 0; step < 48; step += 1) {
    const middle = unitOf(low.map((value, index) => value + (high[index] as number)));
    rest *= 2;
    if (rest >= 1) {
      low = middle;
      rest -= 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** All zeros stay zeros: whoever uses the value refuses them. */
function unitOf(values: number[]): number[] {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? values.map((value) => value / length) : values;
}
