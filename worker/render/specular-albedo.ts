/** Entries on each side of the table; the shader's ALBEDO_SIZE. */
export const albedoTableSize = 32;
const samplesPerSide = 32;
const minimumWidth = 1 / 512;

let cached: Float32Array<ArrayBuffer> | undefined;

/**
 * Directional albedo of the GGX lobe with height-correlated Smith shadowing, over (sqrt(cosine), roughness): 32 rows of
 * roughness, 32 columns of sqrt(cosine), 2 float32 each: E with Fresnel = 1, and W weighted by (1 - wo.h)^5.
 * Stratified sampling of visible normals in float64 with + - * / sqrt only, so every machine computes the same bytes.
 */
export function specularAlbedoTable(): Float32Array<ArrayBuffer> {
  if (cached !== undefined) return cached;
  const table = new Float32Array(albedoTableSize * albedoTableSize * 2);
  const disk = stratifiedDisk();
  const last = albedoTableSize - 1;
  for (let row = 0; row <= last; row += 1) {
    const roughness = row / last;
    const width = Math.max(roughness * roughness, minimumWidth);
    for (let column = 0; column <= last; column += 1) {
      // Cosine 0 has no lobe; just above it stands for the limit.
      const cosine = Math.max((column / last) ** 2, 1e-4);
      table.set(albedo(cosine, width, disk), (row * albedoTableSize + column) * 2);
    }
  }
  cached = table;
  return table;
}

function albedo(cosine: number, width: number, disk: Float64Array): [number, number] {
  const squaredWidth = width * width;
  const wx = Math.sqrt(1 - cosine * cosine);
  const stretchedLength = Math.sqrt(squaredWidth * wx * wx + cosine * cosine);
  const vx = (width * wx) / stretchedLength;
  const vz = cosine / stretchedLength;
  const s = 0.5 * (1 + vz);
  const rootO = Math.sqrt(squaredWidth + (1 - squaredWidth) * cosine * cosine);
  let full = 0;
  let weighted = 0;
  for (let index = 0; index < disk.length; index += 2) {
    const p1 = disk[index] as number;
    const p2 = (1 - s) * Math.sqrt(Math.max(0, 1 - p1 * p1)) + s * (disk[index + 1] as number);
    const p3 = Math.sqrt(Math.max(0, 1 - p1 * p1 - p2 * p2));
    // Tangents of the stretched view (vx, 0, vz): (0, 1, 0) and its cross product.
    const nx = width * (p3 * vx - p2 * vz);
    const ny = width * p1;
    const nz = Math.max(0, p3 * vz + p2 * vx);
    const length = Math.sqrt(nx * nx + ny * ny + nz * nz);
    const cosineH = (wx * nx + cosine * nz) / length;
    const wiz = (2 * cosineH * nz) / length - cosine;
    if (wiz <= 0) continue;
    const rootI = Math.sqrt(squaredWidth + (1 - squaredWidth) * wiz * wiz);
    // G2 / G1 of the height-correlated Smith model.
    const weight = (wiz * (cosine + rootO)) / (wiz * rootO + cosine * rootI);
    const m = 1 - cosineH;
    full += weight;
    weighted += weight * m * m * m * m * m;
  }
  const count = disk.length / 2;
  return [full / count, weighted / count];
}

/** Midpoints of a square grid mapped to the unit disk: radius sqrt, and an angle by the rational circle map. */
function stratifiedDisk(): Float64Array {
  const points = new Float64Array(samplesPerSide * samplesPerSide * 2);
  for (let row = 0; row < samplesPerSide; row += 1) {
    for (let column = 0; column < samplesPerSide; column += 1) {
      const x = ((column + 0.5) / samplesPerSide) * 2 - 1;
      const y = ((row + 0.5) / samplesPerSide) * 2 - 1;
      points.set(diskFromSquare(x, y), (row * samplesPerSide + column) * 2);
    }
  }
  return points;
}

function diskFromSquare(x: number, y: number): [number, number] {
  if (Math.abs(x) > Math.abs(y)) {
    const [sine, cosine] = sineCosine(0.7853981633974483 * (y / x));
    return [x * cosine, x * sine];
  }
  const [sine, cosine] = sineCosine(0.7853981633974483 * (x / y));
  return [y * sine, y * cosine];
}

/** Series to x^15 on [-pi/4, pi/4]: error below 1e-15. */
function sineCosine(x: number): [number, number] {
  const s = x * x;
  let sine = 0;
  let cosine = 0;
  for (let n = 14; n >= 2; n -= 2) {
    sine = (1 - sine) * (s / (n * (n + 1)));
    cosine = (1 - cosine) * (s / (n * (n - 1)));
  }
  return [x * (1 - sine), 1 - cosine];
}
