import { type Accessor, type AccessorTable, componentTypes } from './accessor.ts';
import { readNumbers } from './accessor-values.ts';
import { type Field, elementsOf, indexOf, listMember, member, optionalMember } from './field.ts';
import { sceneLimits } from './limits.ts';
import { type Matrix, multiply } from './matrix.ts';
import type { PlacedNode } from './node-tree.ts';
import { SceneError } from './scene-error.ts';

/** A skin whose accessor is checked, but not read. */
export interface Skin {
  readonly path: string;
  /** Node of each joint. */
  readonly joints: readonly number[];
  /** Undefined: the joints' own spaces are those of the mesh. */
  readonly inverseBind: Accessor | undefined;
}

/** @throws SceneError. */
export function planSkins(document: Field, accessors: AccessorTable): Skin[] {
  const nodeCount = listMember(document, 'nodes', sceneLimits.nodes).length;
  return listMember(document, 'skins', sceneLimits.skins).map((field) => {
    const joints = elementsOf(member(field, 'joints'), sceneLimits.joints).map((joint) =>
      indexOf(joint, nodeCount, 'nodes'),
    );
    const reference = optionalMember(field, 'inverseBindMatrices');
    const inverseBind =
      reference === undefined
        ? undefined
        : accessors.find(reference, { type: 'MAT4', components: [componentTypes.float32] });
    if (reference !== undefined && inverseBind !== undefined && inverseBind.count < joints.length) {
      throw new SceneError(
        'out-of-range',
        `${reference.path} has ${inverseBind.count} matrices for ${joints.length} joints`,
        { field: reference.path, value: inverseBind.count, limit: joints.length },
      );
    }
    return { path: field.path, joints, inverseBind };
  });
}

/** From the space of a mesh to the world, for each joint of its skin. @throws SceneError. */
export async function readJointMatrices(skin: Skin, placed: readonly PlacedNode[]): Promise<Matrix[]> {
  const { path, joints, inverseBind } = skin;
  const worlds = new Map(placed.map(({ index, world }) => [index, world]));
  const label = `${path}.inverseBindMatrices`;
  const values =
    inverseBind === undefined ? undefined : await readNumbers(inverseBind, label, { first: 0, count: joints.length });
  return joints.map((node, joint) => {
    const world = worlds.get(node);
    if (world === undefined) {
      throw new SceneError('invalid-field', `${path}.joints[${joint}] is nodes[${node}], which is not in the scene`, {
        field: `${path}.joints[${joint}]`,
        value: node,
      });
    }
    return values === undefined ? world : multiply(world, Array.from(values.subarray(joint * 16, joint * 16 + 16)));
  });
}
