import { type Accessor, type AccessorTable, readIndices, readVectors } from './accessor.ts';
import {
  type Field,
  elementsOf,
  indexOf,
  integerOf,
  listMember,
  member,
  optionalMember,
  unsupported,
} from './field.ts';
import type { GlbContainer } from './glb-container.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

const triangleList = 4;

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
}

/** A primitive's data in its own space; `indices` lists three vertices per triangle. */
export interface Primitive {
  readonly positions: Float32Array;
  readonly normals: Float32Array | undefined;
  readonly textureCoordinates: Float32Array | undefined;
  readonly indices: Uint32Array;
  readonly materialIndex: number | undefined;
}

/** Reads the mesh table without touching the binary chunk. */
export function planMeshes(document: Field, accessors: AccessorTable, materialCount: number): PrimitivePlan[][] {
  const meshes = listMember(document, 'meshes', sceneLimits.meshes);
  let primitiveCount = 0;
  return meshes.map((mesh) => {
    const primitives = elementsOf(member(mesh, 'primitives'), sceneLimits.primitives - primitiveCount);
    primitiveCount += primitives.length;
    return primitives.map((primitive) => planPrimitive(primitive, accessors, materialCount));
  });
}

function planPrimitive(field: Field, accessors: AccessorTable, materialCount: number): PrimitivePlan {
  const mode = optionalMember(field, 'mode');
  if (mode !== undefined && integerOf(mode, 0, 6) !== triangleList) {
    throw unsupported(mode, `primitive mode ${integerOf(mode, 0, 6)} (only 4, triangles)`);
  }
  const targets = optionalMember(field, 'targets');
  if (targets !== undefined) throw unsupported(targets, 'morph targets');
  const extensions = optionalMember(field, 'extensions');
  for (const name of ['KHR_draco_mesh_compression', 'EXT_meshopt_compression']) {
    const extension = extensions === undefined ? undefined : optionalMember(extensions, name);
    if (extension !== undefined) throw unsupported(extension, name);
  }
  const attributes = member(field, 'attributes');
  const positions = accessors.vectors(member(attributes, 'POSITION'));
  const normalField = optionalMember(attributes, 'NORMAL');
  const normals = normalField === undefined ? undefined : accessors.vectors(normalField);
  const coordinateField = optionalMember(attributes, 'TEXCOORD_0');
  const textureCoordinates = coordinateField === undefined ? undefined : accessors.pairs(coordinateField);
  assertSameCount(`${attributes.path}.NORMAL`, normals, positions);
  assertSameCount(`${attributes.path}.TEXCOORD_0`, textureCoordinates, positions);
  const indexField = optionalMember(field, 'indices');
  const indices = indexField === undefined ? undefined : accessors.indices(indexField);
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
  };
}

function assertSameCount(path: string, accessor: Accessor | undefined, positions: Accessor): void {
  if (accessor === undefined || accessor.count === positions.count) return;
  throw new SceneError('out-of-range', `${path} has ${accessor.count} elements, but POSITION has ${positions.count}`, {
    field: path,
    value: accessor.count,
    limit: positions.count,
  });
}

/** Reads and checks every vertex and index of a primitive. */
export async function readPrimitive(glb: GlbContainer, plan: PrimitivePlan): Promise<Primitive> {
  const positions = await readVectors(glb, plan.positions, `${plan.path}.attributes.POSITION`);
  const normals =
    plan.normals === undefined ? undefined : await readVectors(glb, plan.normals, `${plan.path}.attributes.NORMAL`);
  const textureCoordinates =
    plan.textureCoordinates === undefined
      ? undefined
      : await readVectors(glb, plan.textureCoordinates, `${plan.path}.attributes.TEXCOORD_0`);
  const vertexCount = plan.positions.count;
  const indices =
    plan.indices === undefined
      ? Uint32Array.from({ length: vertexCount }, (_, index) => index)
      : await readIndices(glb, plan.indices, `${plan.path}.indices`, vertexCount);
  return { positions, normals, textureCoordinates, indices, materialIndex: plan.materialIndex };
}
