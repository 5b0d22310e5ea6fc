import type { Material } from '../scene/scene.ts';
import { glassAlbedoTable } from './glass.ts';
import { specularAlbedoTable } from './specular.ts';

/** The tables that a scene's materials read, one after another: the reflecting lobe, then glass of each index. */
export interface AlbedoTables {
  /** Two float32 an entry. */
  readonly bytes: ArrayBuffer;
  /** The entry at which a solid body's table begins; 0: it has none. */
  glassOf(material: Material): number;
}

/** Indices of refraction in a scene beyond this many share the tables of the nearest one. */
const mostGlasses = 64;

export function collectAlbedoTables(materials: readonly Material[]): AlbedoTables {
  const indices = [...new Set(materials.filter(isSolid).map(indexOfRefraction))].toSorted((a, b) => a - b);
  const kept = indices.filter((_, place) => place % Math.ceil(indices.length / mostGlasses || 1) === 0);
  const tables = [specularAlbedoTable(), ...kept.map(glassAlbedoTable)];
  const starts = tables.map((_, place) => tables.slice(0, place).reduce((sum, table) => sum + table.length, 0));
  const bytes = new Float32Array(tables.reduce((sum, table) => sum + table.length, 0));
  tables.forEach((table, place) => bytes.set(table, starts[place]));
  return {
    bytes: bytes.buffer,
    glassOf(material) {
      if (!isSolid(material)) return 0;
      return (starts[1 + nearest(kept, indexOfRefraction(material))] as number) / 2;
    },
  };
}

/** Whether light is bent into a body behind the surface, and not just let through a sheet. */
export function isSolid(material: Material): boolean {
  return material.volume !== undefined && (material.transmission ?? 0) > 0;
}

/** Within what refraction in float32 can show: at equal indices the lobe would be endlessly narrow. */
export function indexOfRefraction(material: Material): number {
  return Math.min(Math.max(material.ior ?? 1.5, 1.001), 1000);
}

function nearest(sorted: readonly number[], value: number): number {
  let best = 0;
  sorted.forEach((candidate, place) => {
    if (Math.abs(candidate - value) < Math.abs((sorted[best] as number) - value)) best = place;
  });
  return best;
}
