import { buildAliasTable } from './alias-table.ts';
import type { Scene } from '../scene/scene.ts';
import type { Emitter } from './emitter-list.ts';
import type { LightEntry } from './light-list.ts';
import { buildLightTree, lightBytes, lightKinds } from './light-tree.ts';

/** How one of the emissive triangles is chosen: by power alone, or by power, distance and direction as the lit point sees them. */
export type EmitterChoice = 'table' | 'tree';

/** From some seventy emitters in a large hall on a tree brings more than it takes (bench/results/render-light-tree-lavapipe.json); small rooms need none. */
const fewestForTree = 256;
/** Grouping takes some ten microseconds for each. */
const mostForTree = 262_144;

/** A choice of lights as `shaders/render/emitter.wgsl` and `light-tree.wgsl` read it. */
export interface LightBuffer {
  readonly lights: ArrayBuffer;
  /** Entries of the alias table; groups and emitters of a tree lie behind them. */
  readonly tableLength: number;
  readonly hasTree: boolean;
  /** By triangle: its element in a tree. */
  readonly elementOf: ReadonlyMap<number, number>;
}

/**
 * A table of all lights, or one in which a tree stands for all emissive triangles.
 *
 * @param slotOf the slot of each triangle in leaf order of the tracer's tree.
 */
export function packLights(
  scene: Pick<Scene, 'positions' | 'materialIndices' | 'materials'>,
  lights: readonly LightEntry[],
  slotOf: Uint32Array,
  choice?: EmitterChoice,
): LightBuffer {
  const emitters = lights.filter((light) => light.kind === 'triangle');
  const isMany = emitters.length >= fewestForTree && emitters.length <= mostForTree;
  if (emitters.length === 0 || (choice === undefined ? !isMany : choice === 'table')) {
    return { lights: packTable(lights, slotOf), tableLength: lights.length, hasTree: false, elementOf: new Map() };
  }
  return packTree(
    scene,
    emitters,
    lights.filter((light) => light.kind !== 'triangle'),
    slotOf,
  );
}

function packTree(
  scene: Pick<Scene, 'positions' | 'materialIndices' | 'materials'>,
  emitters: readonly Emitter[],
  others: readonly LightEntry[],
  slotOf: Uint32Array,
): LightBuffer {
  const weight = emitters.reduce((sum, emitter) => sum + emitter.weight, 0);
  const table = packTable([{ kind: 'tree', weight }, ...others], slotOf);
  const tableLength = others.length + 1;
  const { elements, leafElements } = buildLightTree(scene, emitters, { firstElement: tableLength, aroundElement: 0 });
  const words = new Uint32Array(elements);
  for (const element of leafElements) {
    const place = (element - tableLength) * (lightBytes / 4) + 3;
    words[place] = slotOf[words[place] as number] as number;
  }
  new Uint32Array(table)[3] = tableLength;
  const lights = new Uint8Array(table.byteLength + elements.byteLength);
  lights.set(new Uint8Array(table));
  lights.set(new Uint8Array(elements), table.byteLength);
  const elementOf = new Map(emitters.map(({ triangle }, index) => [triangle, leafElements[index] as number]));
  return { lights: lights.buffer, tableLength, hasTree: true, elementOf };
}

type TableEntry = LightEntry | { readonly kind: 'tree'; readonly weight: number };

function packTable(entries: readonly TableEntry[], slotOf: Uint32Array): ArrayBuffer {
  const bytes = new ArrayBuffer(Math.max(1, entries.length) * lightBytes);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  const table = buildAliasTable(entries.map((entry) => entry.weight));
  entries.forEach((entry, index) => {
    const start = index * (lightBytes / 4);
    floats[start] = table.thresholds[index] as number;
    words[start + 1] = table.aliases[index] as number;
    words[start + 2] = lightKinds[entry.kind === 'punctual' ? entry.light.kind : entry.kind];
    floats[start + 7] = entry.weight / table.total;
    if (entry.kind === 'triangle') words[start + 3] = slotOf[entry.triangle] as number;
    if (entry.kind !== 'punctual') return;
    const { position, direction, intensity, cone } = entry.light;
    // KHR_lights_punctual: the falloff between the cones is the square of a line through their cosines.
    const scale = cone === undefined ? 0 : 1 / Math.max(0.001, cone.innerCosine - cone.outerCosine);
    floats.set(position, start + 4);
    floats.set([...direction, scale], start + 8);
    floats.set([...intensity, cone === undefined ? 1 : -cone.outerCosine * scale], start + 12);
  });
  return bytes;
}
