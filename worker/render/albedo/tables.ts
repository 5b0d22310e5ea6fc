import type { Material } from '../scene/scene.ts';
import { anisotropicAlbedoTable, stretchAlbedoTable } from './anisotropic.ts';
import { glassAlbedoTable } from './glass.ts';
import { sheenAlbedoTable } from './sheen.ts';
import { specularAlbedoTable } from './specular.ts';

/** The tables that a scene's materials read, one after another: the reflecting lobe, glass of each index, cloth, stretched lobes. */
export interface AlbedoTables {
  /** Two float32 an entry. */
  readonly bytes: ArrayBuffer;
  /** The entry at which a solid body's table begins; 0: it has none. */
  glassOf(material: Material): number;
  /** The same for cloth; 0 where no material needs it. */
  readonly sheen: number;
  /** The same for a stretched lobe, with the bit CONSTANT_STRETCH of the shader where the table is for this one roughness and strength. */
  stretchOf(material: Material): number;
}

/** Indices of refraction in a scene beyond this many share the tables of the nearest one. */
const mostGlasses = 64;
/** Stretched lobes in a scene beyond this many read the table for all of them. */
const mostStretches = 8;
const constantStretch = 0x8000_0000;
/** Of materials whose roughness or strength a texture varies, and of those beyond the most that have a table of their own. */
const varying = 'varying';

export function collectAlbedoTables(materials: readonly Material[]): AlbedoTables {
  const indices = [...new Set(materials.filter(isSolid).map(indexOfRefraction))].toSorted((a, b) => a - b);
  const kept = indices.filter((_, place) => place % Math.ceil(indices.length / mostGlasses || 1) === 0);
  const tables: Float32Array[] = [];
  let length = 0;
  const place = (table: Float32Array): number => {
    const start = length / 2;
    tables.push(table);
    length += table.length;
    return start;
  };
  place(specularAlbedoTable());
  const glasses = kept.map((ior) => place(glassAlbedoTable(ior)));
  const sheen = materials.some(hasSheen) ? place(sheenAlbedoTable()) : 0;
  const stretches = placeStretches(materials, place);
  const floats = new Float32Array(length);
  tables.reduce((start, table) => {
    floats.set(table, start);
    return start + table.length;
  }, 0);
  return {
    bytes: floats.buffer,
    glassOf: (material) => (isSolid(material) ? (glasses[nearest(kept, indexOfRefraction(material))] as number) : 0),
    sheen,
    stretchOf: (material) => stretches.get(stretchKey(material)) ?? stretches.get(varying) ?? 0,
  };
}

function placeStretches(materials: readonly Material[], place: (table: Float32Array) => number): Map<string, number> {
  const places = new Map<string, number>();
  const stretched = materials.filter(isStretched);
  for (const material of stretched) {
    const key = stretchKey(material);
    if (key === varying || places.has(key) || places.size === mostStretches) continue;
    const table = stretchAlbedoTable(material.roughness, material.anisotropy?.strength ?? 0);
    places.set(key, place(table) + constantStretch);
  }
  const isShared = stretched.some((material) => !places.has(stretchKey(material)));
  if (isShared) places.set(varying, place(anisotropicAlbedoTable()));
  return places;
}

function stretchKey({ roughness, anisotropy, textures }: Material): string {
  const isVaried = textures?.metallicRoughness !== undefined || textures?.extensions?.anisotropy !== undefined;
  return isVaried ? varying : `${roughness} ${anisotropy?.strength}`;
}

export function hasSheen({ sheen }: Material): boolean {
  return sheen !== undefined && Math.max(...sheen.color) > 0;
}

export function isStretched({ anisotropy }: Material): boolean {
  return anisotropy !== undefined && anisotropy.strength > 0;
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
