import { halfDisk } from './glass.ts';

/** Entries along sqrt(cosine), the squared cosine of the turn from the stretch, roughness and strength. */
const sizes = [16, 5, 12, 12] as const;
const narrowest = 1 / 512;

let cached: Float32Array<ArrayBuffer> | undefined;

/**
 * The albedo of stretched lobes, as `read_anisotropic_albedo` of `shaders/render/microfacet.wgsl` reads it: E with Fresnel = 1
 * and W weighted by (1 - wo.h)^5, two float32 an entry. Quadrature in float64 with + - * / sqrt only, over the map that
 * samples visible normals.
 */
export function anisotropicAlbedoTable(): Float32Array<ArrayBuffer> {
  if (cached !== undefined) return cached;
  const [cosines, turns, roughnesses, strengths] = sizes;
  cached = new Float32Array(cosines * turns * roughnesses * strengths * 2);
  let place = 0;
  for (let strength = 0; strength < strengths; strength += 1) {
    for (let roughness = 0; roughness < roughnesses; roughness += 1) {
      const [x, y] = widthsOf(roughness / (roughnesses - 1), strength / (strengths - 1));
      for (let turn = 0; turn < turns; turn += 1) {
        for (let column = 0; column < cosines; column += 1) {
          const cosine = Math.max((column / (cosines - 1)) ** 2, 1e-4);
          cached.set(anisotropicAlbedo(cosine, turn / (turns - 1), x, y), place);
          place += 2;
        }
      }
    }
  }
  return cached;
}

/** Side of a table for one roughness and strength, as `read_albedo` reads it. */
const ownSize = 32;

/**
 * The same for one roughness and strength: columns of sqrt(cosine), rows of the turn. Within 0.1 %, where the table for all is
 * within 1; takes a tenth of a second.
 */
export function stretchAlbedoTable(roughness: number, strength: number): Float32Array<ArrayBuffer> {
  const [x, y] = widthsOf(roughness, strength);
  const disk = bothHalves(36, 24);
  const table = new Float32Array(ownSize * ownSize * 2);
  for (let row = 0; row < ownSize; row += 1) {
    for (let column = 0; column < ownSize; column += 1) {
      const cosine = Math.max((column / (ownSize - 1)) ** 2, 1e-4);
      table.set(anisotropicAlbedo(cosine, row / (ownSize - 1), x, y, disk), (row * ownSize + column) * 2);
    }
  }
  return table;
}

/** Along x, stretched, and along y. */
function widthsOf(roughness: number, strength: number): [number, number] {
  const width = Math.max(roughness ** 2, narrowest);
  return [width + (1 - width) * strength ** 2, width];
}

const disks = new Map<number, number[][]>();

function bothHalves(rings: number, turns: number): number[][] {
  return halfDisk(rings, turns).flatMap(([across, along, area]) => [
    [across, along, area / 2],
    [-across, along, area / 2],
  ]);
}

/** Smooth surfaces lose little, so that few cells do. */
function diskFor(widthX: number): number[][] {
  const fineness = Math.round(8 * Math.sqrt(widthX));
  let disk = disks.get(fineness);
  if (disk === undefined) {
    disk = bothHalves(6 + fineness + (fineness >> 1), 4 + fineness);
    disks.set(fineness, disk);
  }
  return disk;
}

/** `towardX`: the squared cosine of the angle between the view's flat part and the x axis, of width `widthX`. */
export function anisotropicAlbedo(
  cosine: number,
  towardX: number,
  widthX: number,
  widthY: number,
  cells: readonly (readonly number[])[] = diskFor(widthX),
): [number, number] {
  const sine = Math.sqrt(1 - cosine * cosine);
  const view = [sine * Math.sqrt(towardX), sine * Math.sqrt(1 - towardX), cosine] as const;
  const [sx, sy, sz] = unit(widthX * view[0], widthY * view[1], cosine);
  const flat = Math.sqrt(sx * sx + sy * sy);
  const [tx, ty] = flat > 0 ? [-sy / flat, sx / flat] : [1, 0];
  const rootO = smithRoot(view[0], view[1], cosine, widthX, widthY);
  let [full, weighted] = [0, 0];
  for (const [across = 0, along = 0, area = 0] of cells) {
    const lifted = ((1 - sz) * Math.sqrt(1 - across * across)) / 2 + ((1 + sz) * along) / 2;
    const rest = Math.sqrt(Math.max(0, 1 - across * across - lifted * lifted));
    // t2 = stretched x t1, with t1 in the plane.
    const nx = tx * across - sz * ty * lifted + sx * rest;
    const ny = ty * across + sz * tx * lifted + sy * rest;
    const nz = (sx * ty - sy * tx) * lifted + sz * rest;
    const [hx, hy, hz] = unit(widthX * nx, widthY * ny, Math.max(1e-6, nz));
    const along2 = 2 * (view[0] * hx + view[1] * hy + cosine * hz);
    const z = along2 * hz - cosine;
    if (z <= 0) continue;
    const rootI = smithRoot(along2 * hx - view[0], along2 * hy - view[1], z, widthX, widthY);
    // G2 / G1.
    const weight = (area * (cosine + rootO) * z) / (z * rootO + cosine * rootI);
    const m = 1 - along2 / 2;
    full += weight;
    weighted += weight * m * m * m * m * m;
  }
  return [full, weighted];
}

function smithRoot(x: number, y: number, z: number, widthX: number, widthY: number): number {
  return Math.sqrt((widthX * x) ** 2 + (widthY * y) ** 2 + z * z);
}

function unit(x: number, y: number, z: number): [number, number, number] {
  const scale = 1 / Math.sqrt(x * x + y * y + z * z);
  return [x * scale, y * scale, z * scale];
}
