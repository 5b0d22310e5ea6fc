import { cosineOfHalfTurn, fillTable } from './table-grid.ts';

/** A cell of the half disk: its middle, [across, along], and its share of the area. */
type Cell = readonly [number, number, number];

/** Cells become narrower towards the rim, where the normals lean most. */
export function halfDisk(ringSteps: number, turnSteps: number): Cell[] {
  return Array.from({ length: ringSteps * turnSteps }, (_, cell): Cell => {
    const rest = 1 - (Math.floor(cell / turnSteps) + 0.5) / ringSteps;
    const radius = Math.sqrt(1 - rest * rest);
    const along = cosineOfHalfTurn(((cell % turnSteps) + 0.5) / turnSteps);
    return [radius * Math.sqrt(1 - along * along), radius * along, (2 * rest) / (ringSteps * turnSteps)];
  });
}

const disks = new Map<number, Cell[]>();

/** Smooth surfaces lose little, and from outside nothing is reflected totally, so that fewer cells do. */
function diskFor(width: number, eta: number): Cell[] {
  const fineness = eta > 1 ? 8 : 8 + Math.round(36 * Math.sqrt(width));
  let disk = disks.get(fineness);
  if (disk === undefined) {
    disk = halfDisk(fineness + 4, Math.max(8, fineness >> 1));
    disks.set(fineness, disk);
  }
  return disk;
}

/** The shader's GLASS_COLUMNS: near the angle of total reflection the albedo bends sharply. */
const columns = 64;

const tables = new Map<number, Float32Array<ArrayBuffer>>();

/**
 * What a rough boundary of glass returns of the light, reflected and transmitted together: seen from outside, and from
 * inside. Quadrature in float64 with + - * / sqrt only, over the map that samples visible normals; error below 4e-3.
 */
export function glassAlbedoTable(ior: number): Float32Array<ArrayBuffer> {
  let table = tables.get(ior);
  if (table === undefined) {
    table = fillTable(
      (cosine, width) => [glassAlbedo(cosine, width, ior), glassAlbedo(cosine, width, 1 / ior)],
      columns,
    );
    tables.set(ior, table);
  }
  return table;
}

/** `eta` is the index beyond the boundary over that on the viewer's side. */
export function glassAlbedo(
  cosine: number,
  width: number,
  eta: number,
  cells: readonly Cell[] = diskFor(width, eta),
): number {
  const sine = Math.sqrt(1 - cosine * cosine);
  const length = Math.sqrt(width * width * sine * sine + cosine * cosine);
  const [viewX, viewZ] = [(width * sine) / length, cosine / length];
  const lambdaO = lambda(cosine, width);
  let sum = 0;
  for (const [across, along, area] of cells) {
    const lifted = ((1 - viewZ) * Math.sqrt(1 - across * across)) / 2 + ((1 + viewZ) * along) / 2;
    const rest = Math.sqrt(Math.max(0, 1 - across * across - lifted * lifted));
    const [x, y, z] = [
      width * (viewX * rest - viewZ * lifted),
      width * across,
      Math.max(1e-6, viewZ * rest + viewX * lifted),
    ];
    const scale = 1 / Math.sqrt(x * x + y * y + z * z);
    const c = (sine * x + cosine * z) * scale;
    const squared = 1 - (1 - c * c) / (eta * eta);
    const t = Math.sqrt(Math.max(0, squared));
    const reflectance = squared <= 0 ? 1 : fresnel(c, t, eta);
    const up = 2 * c * z * scale - cosine;
    const down = z * scale * (c / eta - t) - cosine / eta;
    if (up > 0) sum += (area * reflectance * (1 + lambdaO)) / (1 + lambdaO + lambda(up, width));
    if (down < 0) sum += (area * (1 - reflectance) * (1 + lambdaO)) / (1 + lambdaO + lambda(-down, width));
  }
  return sum;
}

function fresnel(c: number, t: number, eta: number): number {
  const across = (c - eta * t) / (c + eta * t);
  const along = (eta * c - t) / (eta * c + t);
  return (across * across + along * along) / 2;
}

function lambda(cosine: number, width: number): number {
  const squared = width * width;
  return (Math.sqrt(squared + (1 - squared) * cosine * cosine) / cosine - 1) / 2;
}
