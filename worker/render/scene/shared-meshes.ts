import { sceneLimits } from './limits.ts';
import type { MeshNode } from './instances.ts';
import type { MeshPlan } from './mesh.ts';
import type { Material } from './scene.ts';

/** Triangles that keeping a mesh once has to save: with fewer, rays through one tree are worth more than the memory. */
const leastSaving = 262_144;
/** The same where the scene would not load at all otherwise. */
const leastSavingOfLarge = 1_000;

/**
 * Meshes to keep once, in the space of their own, because they are shown often. Not those that shine: lights are chosen among
 * triangles in the world. Nodes that bend their mesh show another one each.
 *
 * @param saving instead of what the scene's size says.
 */
export function chooseSharedMeshes(
  nodes: readonly MeshNode[],
  meshes: readonly MeshPlan[],
  materials: readonly Material[],
  saving?: number,
): ReadonlySet<number> {
  const shownTriangles = nodes.reduce(
    (sum, node) => sum + (meshes[node.meshIndex] as MeshPlan).triangleCount * shownTimes(node),
    0,
  );
  const least = saving ?? (shownTriangles > sceneLimits.triangles ? leastSavingOfLarge : leastSaving);
  const times = new Map<number, number>();
  for (const node of nodes) {
    if (isDeformed(node)) continue;
    times.set(node.meshIndex, (times.get(node.meshIndex) ?? 0) + shownTimes(node));
  }
  const shines = ({ primitives }: MeshPlan) =>
    primitives.some(({ materialIndex }) =>
      (materialIndex === undefined ? [] : (materials[materialIndex]?.emission ?? [])).some((value) => value > 0),
    );
  const chosen = [...times].filter(([index, count]) => {
    const mesh = meshes[index] as MeshPlan;
    return count > 1 && (count - 1) * mesh.triangleCount >= least && !shines(mesh);
  });
  return new Set(chosen.map(([index]) => index));
}

export function shownTimes({ placements }: MeshNode): number {
  return placements?.count ?? 1;
}

/** Whether the node shows its mesh in another shape than others do. */
export function isDeformed({ weights, skinIndex }: MeshNode): boolean {
  return skinIndex !== undefined || weights.some((weight) => weight !== 0);
}
