import { type Accessor, type AccessorTable, componentTypes } from './accessor.ts';
import { readNumbers } from './accessor-values.ts';
import type { Pose } from './animation.ts';
import { type Field, indexOf, member, optionalMember, unsupported } from './field.ts';
import { sceneLimits } from './limits.ts';
import { type Matrix, compose, multiply } from './matrix.ts';
import { type MeshPlan, weightsOf } from './mesh.ts';
import { type PlacedNode, unitQuaternion } from './node-tree.ts';
import { SceneError } from './scene-error.ts';

const extensionName = 'EXT_mesh_gpu_instancing';
const { int8, int16, float32 } = componentTypes;

/** A node that shows a mesh, once or at many places. */
export interface MeshNode {
  readonly path: string;
  readonly meshIndex: number;
  readonly world: Matrix;
  /** Where the node's mesh is shown instead of once at its own place. */
  readonly placements: Placements | undefined;
  /** Of the mesh's morph targets. */
  readonly weights: readonly number[];
  readonly skinIndex: number | undefined;
}

/** EXT_mesh_gpu_instancing: transforms before that of the node, checked but not read. */
export interface Placements {
  readonly path: string;
  readonly count: number;
  readonly translations: Accessor | undefined;
  readonly rotations: Accessor | undefined;
  readonly scales: Accessor | undefined;
}

/** Every placed node that has a mesh. @throws SceneError. */
export function listMeshNodes(
  placed: readonly PlacedNode[],
  meshes: readonly MeshPlan[],
  skinCount: number,
  accessors: AccessorTable,
  pose: Pose,
): MeshNode[] {
  return placed.flatMap(({ field, index, world }): MeshNode[] => {
    const meshField = optionalMember(field, 'mesh');
    if (meshField === undefined) return [];
    const meshIndex = indexOf(meshField, meshes.length, 'meshes');
    const { targetCount, weights } = meshes[meshIndex] as MeshPlan;
    const skin = optionalMember(field, 'skin');
    const placements = placementsOf(field, accessors);
    if (skin !== undefined && placements !== undefined) throw unsupported(skin, 'a skin on a mesh with many instances');
    return [
      {
        path: field.path,
        meshIndex,
        world,
        placements,
        weights: posedWeights(pose, index, field, targetCount) ?? weightsOf(field, targetCount) ?? weights,
        skinIndex: skin === undefined ? undefined : indexOf(skin, skinCount, 'skins'),
      },
    ];
  });
}

function posedWeights(pose: Pose, node: number, field: Field, targetCount: number): readonly number[] | undefined {
  const weights = pose.get(node)?.weights;
  if (weights === undefined || weights.length === targetCount) return weights;
  throw new SceneError(
    'out-of-range',
    `the animation gives ${field.path} ${weights.length} weights, but its mesh has ${targetCount} morph targets`,
    { field: field.path, value: weights.length, limit: targetCount },
  );
}

function placementsOf(node: Field, accessors: AccessorTable): Placements | undefined {
  const extensions = optionalMember(node, 'extensions');
  const extension = extensions === undefined ? undefined : optionalMember(extensions, extensionName);
  if (extension === undefined) return undefined;
  const attributes = member(extension, 'attributes');
  const find = (key: string, type: 'VEC3' | 'VEC4', components: readonly number[]): Accessor | undefined => {
    const reference = optionalMember(attributes, key);
    return reference === undefined ? undefined : accessors.find(reference, { type, components });
  };
  const translations = find('TRANSLATION', 'VEC3', [float32]);
  const rotations = find('ROTATION', 'VEC4', [int8, int16, float32]);
  const scales = find('SCALE', 'VEC3', [float32]);
  const counts = [translations, rotations, scales].flatMap((accessor) =>
    accessor === undefined ? [] : [accessor.count],
  );
  const count = counts[0];
  if (count === undefined) {
    throw new SceneError('invalid-field', `${attributes.path} has no TRANSLATION, ROTATION or SCALE`, {
      field: attributes.path,
    });
  }
  const other = counts.find((value) => value !== count);
  if (other !== undefined) {
    throw new SceneError('out-of-range', `${attributes.path} has accessors of ${count} and of ${other} elements`, {
      field: attributes.path,
      value: other,
      limit: count,
    });
  }
  return { path: attributes.path, count, translations, rotations, scales };
}

/** @throws SceneError when the nodes show meshes too often. */
export function checkInstanceCount(nodes: readonly MeshNode[]): void {
  const count = nodes.reduce((sum, { placements }) => sum + (placements?.count ?? 1), 0);
  if (count <= sceneLimits.instances) return;
  throw new SceneError('limit-exceeded', `the scene has ${count} instances; the limit is ${sceneLimits.instances}`, {
    field: 'nodes',
    value: count,
    limit: sceneLimits.instances,
  });
}

/** The transforms of a node's instances to the world. @throws SceneError. */
export async function readPlacements({ world, placements }: MeshNode): Promise<Matrix[]> {
  if (placements === undefined) return [world];
  const { path, count, translations, rotations, scales } = placements;
  const read = async (accessor: Accessor | undefined, key: string) =>
    accessor === undefined ? undefined : readNumbers({ ...accessor, isNormalized: true }, `${path}.${key}`);
  const offsets = await read(translations, 'TRANSLATION');
  const turns = await read(rotations, 'ROTATION');
  const sizes = await read(scales, 'SCALE');
  return Array.from({ length: count }, (_, index) =>
    multiply(
      world,
      compose(
        elementOf(offsets, index, 3, [0, 0, 0]),
        unitQuaternion(elementOf(turns, index, 4, [0, 0, 0, 1]), `${path}.ROTATION[${index}]`),
        elementOf(sizes, index, 3, [1, 1, 1]),
      ),
    ),
  );
}

function elementOf(
  values: Float32Array | undefined,
  index: number,
  width: number,
  otherwise: readonly number[],
): readonly number[] {
  return values === undefined ? otherwise : Array.from(values.subarray(index * width, (index + 1) * width));
}
