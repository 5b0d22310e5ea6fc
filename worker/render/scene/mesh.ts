import { type Accessor, type AccessorTable, componentTypes } from './accessor.ts';
import type { BufferViewTable } from './buffer-views.ts';
import { type CompressedMesh, compressedMeshOf } from './compressed-mesh.ts';
import {
  type Field,
  elementsOf,
  indexOf,
  integerOf,
  listMember,
  member,
  numberOf,
  optionalMember,
  unsupported,
} from './field.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

const triangleList = 4;
/** Attributes that are read. */
const compressible = [
  'POSITION',
  'NORMAL',
  'TEXCOORD_0',
  ...Array.from({ length: sceneLimits.influenceSets }, (_, set) => [`JOINTS_${set}`, `WEIGHTS_${set}`]).flat(),
];
const { uint8, uint16, float32 } = componentTypes;

/** A primitive whose accessors are checked and counted, but not read. */
export interface PrimitivePlan {
  readonly path: string;
  readonly positions: Accessor;
  readonly normals: Accessor | undefined;
  /** TEXCOORD_0. */
  readonly textureCoordinates: Accessor | undefined;
  readonly indices: Accessor | undefined;
  readonly triangleCount: number;
  /** Undefined: the default material. */
  readonly materialIndex: number | undefined;
  /** Where the accessors' values lie, when they lie in a file of their own. */
  readonly compressed: CompressedMesh | undefined;
  readonly targets: readonly MorphTarget[];
  /** JOINTS_n with WEIGHTS_n: four joints of each vertex and how much it follows them. */
  readonly influences: readonly { readonly joints: Accessor; readonly weights: Accessor }[];
}

/** What a morph target adds to each vertex when its weight is 1. */
export interface MorphTarget {
  readonly path: string;
  readonly positions: Accessor | undefined;
  readonly normals: Accessor | undefined;
}

export interface MeshPlan {
  readonly path: string;
  readonly primitives: readonly PrimitivePlan[];
  readonly triangleCount: number;
  readonly targetCount: number;
  /** Of the morph targets, where neither node nor animation says otherwise. */
  readonly weights: readonly number[];
}

/** What a mesh refers to. */
export interface MeshTables {
  readonly accessors: AccessorTable;
  readonly views: BufferViewTable;
  readonly materialCount: number;
}

/** Reads the mesh table without touching the binary chunk. */
export function planMeshes(document: Field, tables: MeshTables): MeshPlan[] {
  const meshes = listMember(document, 'meshes', sceneLimits.meshes);
  let primitiveCount = 0;
  return meshes.map((mesh) => {
    const fields = elementsOf(member(mesh, 'primitives'), sceneLimits.primitives - primitiveCount);
    primitiveCount += fields.length;
    const primitives = fields.map((primitive) => planPrimitive(primitive, tables));
    const targetCount = primitives[0]?.targets.length ?? 0;
    for (const { path, targets } of primitives) assertCount(`${path}.targets`, targets.length, targetCount, mesh.path);
    return {
      path: mesh.path,
      primitives,
      triangleCount: primitives.reduce((sum, primitive) => sum + primitive.triangleCount, 0),
      targetCount,
      weights: weightsOf(mesh, targetCount) ?? primitives[0]?.targets.map(() => 0) ?? [],
    };
  });
}

/** `weights` of a mesh or a node: one for each morph target. Undefined when it has none. @throws SceneError. */
export function weightsOf(owner: Field, targetCount: number): number[] | undefined {
  const field = optionalMember(owner, 'weights');
  if (field === undefined) return undefined;
  const elements = elementsOf(field, sceneLimits.morphTargets);
  assertCount(field.path, elements.length, targetCount, 'the mesh');
  return elements.map((element) => numberOf(element, -sceneLimits.morphWeight, sceneLimits.morphWeight));
}

function assertCount(path: string, count: number, expected: number, owner: string): void {
  if (count === expected) return;
  throw new SceneError('invalid-field', `${path} has ${count} entries, but ${owner} has ${expected} morph targets`, {
    field: path,
    value: count,
    limit: expected,
  });
}

function planPrimitive(field: Field, { accessors, views, materialCount }: MeshTables): PrimitivePlan {
  const mode = optionalMember(field, 'mode');
  if (mode !== undefined && integerOf(mode, 0, 6) !== triangleList) {
    throw unsupported(mode, `primitive mode ${integerOf(mode, 0, 6)} (only 4, triangles)`);
  }
  const attributes = member(field, 'attributes');
  const compressed = compressedMeshOf(field, compressible, views);
  // What is compressed has an accessor that says what it is, but not where.
  const isPartial = compressed !== undefined;
  const positions = accessors.vectors(member(attributes, 'POSITION'));
  const normalField = optionalMember(attributes, 'NORMAL');
  const normals = normalField === undefined ? undefined : accessors.vectors(normalField);
  const coordinateField = optionalMember(attributes, 'TEXCOORD_0');
  const textureCoordinates = coordinateField === undefined ? undefined : accessors.pairs(coordinateField);
  assertSameCount(`${attributes.path}.NORMAL`, normals, positions);
  assertSameCount(`${attributes.path}.TEXCOORD_0`, textureCoordinates, positions);
  const indexField = optionalMember(field, 'indices');
  const indices = indexField === undefined ? undefined : accessors.indices(indexField, isPartial);
  const cornerCount = indices === undefined ? positions.count : indices.count;
  if (cornerCount % 3 !== 0) {
    const path = indexField === undefined ? `${attributes.path}.POSITION` : indexField.path;
    throw new SceneError('invalid-field', `${path} has ${cornerCount} elements; triangles need a multiple of 3`, {
      field: path,
      value: cornerCount,
      limit: 3,
    });
  }
  const material = optionalMember(field, 'material');
  return {
    path: field.path,
    positions,
    normals,
    textureCoordinates,
    indices,
    triangleCount: cornerCount / 3,
    materialIndex: material === undefined ? undefined : indexOf(material, materialCount, 'materials'),
    targets: listMember(field, 'targets', sceneLimits.morphTargets).map((target) =>
      planTarget(target, accessors, positions),
    ),
    compressed,
    influences: planInfluences(attributes, accessors, positions, isPartial),
  };
}

function planTarget(field: Field, accessors: AccessorTable, positions: Accessor): MorphTarget {
  const coordinates = optionalMember(field, 'TEXCOORD_0');
  if (coordinates !== undefined) throw unsupported(coordinates, 'texture coordinates that morph');
  const delta = (key: string): Accessor | undefined => {
    const reference = optionalMember(field, key);
    const accessor = reference === undefined ? undefined : accessors.vectors(reference);
    assertSameCount(`${field.path}.${key}`, accessor, positions);
    return accessor;
  };
  return { path: field.path, positions: delta('POSITION'), normals: delta('NORMAL') };
}

function planInfluences(
  attributes: Field,
  accessors: AccessorTable,
  positions: Accessor,
  isPartial: boolean,
): PrimitivePlan['influences'] {
  const influences: { joints: Accessor; weights: Accessor }[] = [];
  for (let set = 0; ; set += 1) {
    const jointsField = optionalMember(attributes, `JOINTS_${set}`);
    if (jointsField === undefined) return influences;
    if (set >= sceneLimits.influenceSets) {
      throw unsupported(jointsField, `more than ${sceneLimits.influenceSets * 4} joints for a vertex`);
    }
    const weightsField = member(attributes, `WEIGHTS_${set}`);
    const joints = accessors.find(jointsField, { type: 'VEC4', components: [uint8, uint16], isPartial });
    const weights = accessors.find(weightsField, { type: 'VEC4', components: [uint8, uint16, float32], isPartial });
    assertSameCount(jointsField.path, joints, positions);
    assertSameCount(weightsField.path, weights, positions);
    influences.push({ joints, weights });
  }
}

function assertSameCount(path: string, accessor: Accessor | undefined, positions: Accessor): void {
  if (accessor === undefined || accessor.count === positions.count) return;
  throw new SceneError('out-of-range', `${path} has ${accessor.count} elements, but POSITION has ${positions.count}`, {
    field: path,
    value: accessor.count,
    limit: positions.count,
  });
}
