/**
 * Cosine and sine of `turns` x 2 pi for turns in 0..1, by series on an eighth of the circle, with + - * / only: every
 * engine computes the same bits, unlike Math.cos. Error below 1e-15.
 */
export function cosineSineOfTurn(turns: number): [number, number] {
  const octant = Math.floor(turns * 8 + 0.5);
  const x = (turns - octant / 8) * 2 * Math.PI;
  const s = x * x;
  let sine = 0;
  let cosine = 0;
  for (let n = 16; n >= 2; n -= 2) {
    sine = (1 - sine) * (s / (n * (n + 1)));
    cosine = (1 - cosine) * (s / (n * (n - 1)));
  }
  let [c, i] = [1 - cosine, x * (1 - sine)];
  if ((octant & 1) === 1) [c, i] = [(c - i) * Math.SQRT1_2, (c + i) * Math.SQRT1_2];
  for (let quarter = (octant >> 1) & 3; quarter > 0; quarter -= 1) [c, i] = [-i, c];
  return [c, i];
}
