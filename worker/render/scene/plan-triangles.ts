import { type MeshNode, readPlacements } from './instances.ts';
import { sceneLimits } from './limits.ts';
import { type Matrix, inverseOf } from './matrix.ts';
import type { MeshPlan } from './mesh.ts';
import type { Instance, SharedMeshes, TriangleRange } from './scene.ts';
import { SceneError } from './scene-error.ts';
import { isDeformed, shownTimes } from './shared-meshes.ts';

/** Which triangles the list takes, in its order: those that stand alone, then each shared mesh. */
export interface TrianglePlan {
  readonly triangleCount: number;
  /** Where nodes show their mesh by itself. */
  readonly alone: readonly { readonly node: MeshNode; readonly worlds: readonly Matrix[] }[];
  readonly sharedMeshes: readonly number[];
  readonly shared: SharedMeshes | undefined;
}

/**
 * Reads where meshes are shown and counts triangles before memory is taken for them. An instance whose transform has no
 * inverse stands alone.
 *
 * @throws SceneError when they are too many, or none.
 */
export async function planTriangles(
  nodes: readonly MeshNode[],
  meshes: readonly MeshPlan[],
  sharedSet: ReadonlySet<number>,
): Promise<TrianglePlan> {
  const sharedMeshes = [...sharedSet];
  const placeOf = new Map(sharedMeshes.map((mesh, place) => [mesh, place]));
  const trianglesOf = (mesh: number) => (meshes[mesh] as MeshPlan).triangleCount;
  const isShared = (node: MeshNode) => sharedSet.has(node.meshIndex) && !isDeformed(node);
  const sharedTriangles = sharedMeshes.reduce((sum, mesh) => sum + trianglesOf(mesh), 0);
  const shownTriangles = nodes.reduce((sum, node) => sum + trianglesOf(node.meshIndex) * shownTimes(node), 0);
  const listed = nodes.filter((node) => !isShared(node));
  assertTriangles(
    listed.reduce((sum, node) => sum + trianglesOf(node.meshIndex) * shownTimes(node), sharedTriangles),
    sceneLimits.triangles,
  );
  assertTriangles(shownTriangles, sceneLimits.shownTriangles);
  if (shownTriangles === 0) {
    throw new SceneError('empty-scene', 'the scene shows no triangles: none of its nodes has a mesh', {
      field: 'scenes',
    });
  }

  const alone: { node: MeshNode; worlds: Matrix[] }[] = [];
  /** Where runs of triangles that stand alone begin in the document. */
  const runs: { firstId: number; count: number }[] = [];
  const instances: Instance[] = [];
  let nextId = 0;
  let aloneTriangles = 0;
  for (const node of nodes) {
    const worlds: Matrix[] = [];
    const count = trianglesOf(node.meshIndex);
    for (const world of await readPlacements(node)) {
      const inverse = isShared(node) ? inverseOf(world) : undefined;
      if (inverse === undefined) {
        worlds.push(world);
        runs.push({ firstId: nextId, count });
        aloneTriangles += count;
      } else {
        instances.push({ mesh: placeOf.get(node.meshIndex) as number, firstId: nextId, world, inverse });
      }
      nextId += count;
    }
    alone.push({ node, worlds });
  }
  const triangleCount = aloneTriangles + sharedTriangles;
  assertTriangles(triangleCount, sceneLimits.triangles);
  if (sharedMeshes.length === 0) return { triangleCount, alone, sharedMeshes, shared: undefined };

  const ids = new Uint32Array(triangleCount);
  let next = 0;
  for (const { firstId, count } of runs) for (let index = 0; index < count; index += 1) ids[next++] = firstId + index;
  const ranges = sharedMeshes.map((mesh): TriangleRange => {
    const range = { firstTriangle: next, triangleCount: trianglesOf(mesh) };
    for (let index = 0; index < range.triangleCount; index += 1) ids[next++] = index;
    return range;
  });
  const shared = {
    alone: { firstTriangle: 0, triangleCount: aloneTriangles },
    meshes: ranges,
    instances,
    ids,
    shownTriangles,
  };
  return { triangleCount, alone, sharedMeshes, shared };
}

function assertTriangles(value: number, limit: number): void {
  if (value <= limit) return;
  throw new SceneError('limit-exceeded', `the scene has ${value} triangles; the limit is ${limit}`, {
    field: 'meshes',
    value,
    limit,
  });
}
