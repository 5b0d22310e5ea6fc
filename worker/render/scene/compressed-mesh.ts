import { type DecodedMesh, decodeDraco } from '../codecs/draco-decoder.ts';
import { readDracoHeader } from '../codecs/draco-header.ts';
import { type Accessor, componentTypes } from './accessor.ts';
import { type BufferView, type BufferViewTable, memoryView } from './buffer-views.ts';
import { type Field, integerOf, member, optionalMember } from './field.ts';
import { sceneLimits } from './limits.ts';
import type { PrimitivePlan } from './mesh.ts';
import { SceneError } from './scene-error.ts';

const extensionName = 'KHR_draco_mesh_compression';

/** A primitive's Draco file, and under which id each attribute lies in it; nothing is read yet. */
export interface CompressedMesh {
  readonly path: string;
  readonly view: BufferView;
  readonly attributes: ReadonlyMap<string, number>;
}

/** Undefined for a primitive that is not compressed. @throws SceneError. */
export function compressedMeshOf(
  primitive: Field,
  names: readonly string[],
  views: BufferViewTable,
): CompressedMesh | undefined {
  const extensions = optionalMember(primitive, 'extensions');
  const field = extensions === undefined ? undefined : optionalMember(extensions, extensionName);
  if (field === undefined) return undefined;
  const table = member(field, 'attributes');
  const attributes = new Map<string, number>();
  for (const name of names) {
    const id = optionalMember(table, name);
    if (id !== undefined) attributes.set(name, integerOf(id, 0, 2 ** 31));
  }
  member(table, 'POSITION');
  member(primitive, 'indices');
  return { path: field.path, view: views.at(member(field, 'bufferView')), attributes };
}

/** The plan with accessors of decoded bytes, for whatever the Draco file holds. @throws SceneError. */
export async function unfoldMesh(plan: PrimitivePlan): Promise<PrimitivePlan> {
  const { compressed } = plan;
  if (compressed === undefined) return plan;
  const { path, view, attributes } = compressed;
  const named = accessorsOf(plan).filter(([name]) => attributes.has(name));
  const requests = named.map(([name, { componentType, componentsPerElement }]) => ({
    uniqueId: attributes.get(name) as number,
    componentType,
    componentsPerElement,
  }));
  const expected = { triangleCount: plan.triangleCount, pointCount: plan.positions.count };
  const file = await view.read(0, view.sizeBytes);
  let decoded: DecodedMesh;
  try {
    checkHeader(file, expected.triangleCount);
    decoded = await decodeDraco(file, expected, requests);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new SceneError(
      'invalid-field',
      `${path} cannot be decoded: ${words.slice(0, 160)}`,
      { field: path },
      { cause },
    );
  }
  const found = new Map(
    named.map(([name, accessor], index) => [
      name,
      tightAccessor(accessor, decoded.attributes[index] as Uint8Array<ArrayBuffer>),
    ]),
  );
  return withAccessors(plan, found, decoded.indices);
}

/** Before the decoder allocates for what the header says. */
function checkHeader(file: Uint8Array, triangleCount: number): void {
  const header = readDracoHeader(file);
  if (header.triangleCount !== triangleCount) {
    throw new Error(`its header tells of ${header.triangleCount} triangles, the primitive of ${triangleCount}`);
  }
  if (header.vertexCount > sceneLimits.vertices) {
    throw new Error(`its header tells of ${header.vertexCount} vertices; the limit is ${sceneLimits.vertices}`);
  }
}

function accessorsOf(plan: PrimitivePlan): [string, Accessor][] {
  const { positions, normals, textureCoordinates, influences } = plan;
  const pairs: [string, Accessor | undefined][] = [
    ['POSITION', positions],
    ['NORMAL', normals],
    ['TEXCOORD_0', textureCoordinates],
    ...influences.flatMap(({ joints, weights }, set): [string, Accessor][] => [
      [`JOINTS_${set}`, joints],
      [`WEIGHTS_${set}`, weights],
    ]),
  ];
  return pairs.flatMap(([name, accessor]): [string, Accessor][] => (accessor === undefined ? [] : [[name, accessor]]));
}

function tightAccessor(accessor: Accessor, bytes: Uint8Array<ArrayBuffer>): Accessor {
  const strideBytes = bytes.length / accessor.count;
  return { ...accessor, strideBytes, offsetBytes: 0, view: memoryView(accessor.path, bytes), sparse: undefined };
}

function withAccessors(
  plan: PrimitivePlan,
  found: ReadonlyMap<string, Accessor>,
  indexBytes: Uint8Array<ArrayBuffer>,
): PrimitivePlan {
  const { indices } = plan;
  return {
    ...plan,
    positions: found.get('POSITION') ?? plan.positions,
    normals: found.get('NORMAL') ?? plan.normals,
    textureCoordinates: found.get('TEXCOORD_0') ?? plan.textureCoordinates,
    influences: plan.influences.map(({ joints, weights }, set) => ({
      joints: found.get(`JOINTS_${set}`) ?? joints,
      weights: found.get(`WEIGHTS_${set}`) ?? weights,
    })),
    indices:
      indices === undefined
        ? undefined
        : tightAccessor({ ...indices, componentType: componentTypes.uint32 }, indexBytes),
  };
}
