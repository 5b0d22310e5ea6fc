/** Rows of every table and columns of most; the shader's ALBEDO_SIZE. */
export const albedoTableSize = 32;
const minimumWidth = 1 / 512;

/**
 * A table over (sqrt(cosine), roughness): 32 rows of roughness, `columns` of sqrt(cosine), two float32 each. `albedo` gets
 * the cosine of the view and the GGX width.
 */
export function fillTable(
  albedo: (cosine: number, width: number) => readonly [number, number],
  columns = albedoTableSize,
): Float32Array<ArrayBuffer> {
  const table = new Float32Array(albedoTableSize * columns * 2);
  const last = albedoTableSize - 1;
  for (let row = 0; row <= last; row += 1) {
    const roughness = row / last;
    const width = Math.max(roughness * roughness, minimumWidth);
    for (let column = 0; column < columns; column += 1) {
      // Cosine 0 has no lobe; just above it stands for the limit.
      const root = column / (columns - 1);
      table.set(albedo(Math.max(root * root, 1e-4), width), (row * columns + column) * 2);
    }
  }
  return table;
}

/** cos(pi x) for x in 0..1, by series on an eighth of the circle: error below 1e-15. */
export function cosineOfHalfTurn(x: number): number {
  const quarter = Math.abs(x - 0.5) < 0.25;
  const eighth = quarter ? x - 0.5 : Math.min(x, 1 - x);
  const s = Math.PI * eighth * (Math.PI * eighth);
  let sine = 0;
  let cosine = 0;
  for (let n = 16; n >= 2; n -= 2) {
    sine = (1 - sine) * (s / (n * (n + 1)));
    cosine = (1 - cosine) * (s / (n * (n - 1)));
  }
  if (quarter) return -Math.PI * eighth * (1 - sine);
  return x < 0.5 ? 1 - cosine : cosine - 1;
}
