import type { GlbContainer } from './glb-container.ts';
import {
  type Field,
  booleanOf,
  indexOf,
  integerOf,
  listMember,
  member,
  optionalMember,
  stringOf,
  unsupported,
} from './field.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

const componentBytes: Readonly<Record<number, number>> = { 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 };
const float32 = 5126;
const indexTypes: readonly number[] = [5121, 5123, 5125];

/** An accessor whose every bound was checked against its buffer view and the binary chunk; nothing is read yet. */
export interface Accessor {
  readonly path: string;
  readonly count: number;
  readonly componentType: number;
  readonly componentsPerElement: 1 | 2 | 3;
  /** Integers stand for 0..1 or -1..1. */
  readonly isNormalized: boolean;
  readonly strideBytes: number;
  /** From the start of the source. */
  readonly offsetBytes: number;
}

export interface AccessorTable {
  /** @throws SceneError unless it is VEC3 of float32, or of what KHR_mesh_quantization allows when the document uses that. */
  vectors(reference: Field): Accessor;
  /** @throws SceneError unless it is VEC2 of float32 or of normalized integers. */
  pairs(reference: Field): Accessor;
  /** Place of a whole buffer view, from the start of the source. @throws SceneError. */
  bytes(reference: Field): { readonly offsetBytes: number; readonly lengthBytes: number };
  /** @throws SceneError unless it is SCALAR of an unsigned integer type. */
  indices(reference: Field): Accessor;
}

/** Reads the accessor, buffer view and buffer tables of a document. */
export function createAccessorTable(glb: GlbContainer): AccessorTable {
  const accessors = listMember(glb.document, 'accessors', sceneLimits.accessors);
  const views = listMember(glb.document, 'bufferViews', sceneLimits.bufferViews);
  const buffers = listMember(glb.document, 'buffers', 64);
  for (const buffer of buffers) {
    const uri = optionalMember(buffer, 'uri');
    if (uri !== undefined) throw unsupported(uri, 'a URI (a scene must be one self-contained GLB)');
  }

  const isQuantized = listMember(glb.document, 'extensionsUsed', 1_000).some(
    ({ value }) => value === 'KHR_mesh_quantization',
  );
  const vectorTypes = isQuantized ? [5120, 5121, 5122, 5123, float32] : [float32];

  function resolve(reference: Field, type: 'SCALAR' | 'VEC2' | 'VEC3', allowed: readonly number[]): Accessor {
    const field = accessors[indexOf(reference, accessors.length, 'accessors')] as Field;
    const sparse = optionalMember(field, 'sparse');
    if (sparse !== undefined) throw unsupported(sparse, 'a sparse accessor');
    const typeField = member(field, 'type');
    if (stringOf(typeField) !== type) {
      throw new SceneError(
        'invalid-field',
        `${typeField.path} is ${stringOf(typeField)}; ${reference.path} needs ${type}`,
        {
          field: typeField.path,
          value: stringOf(typeField),
          limit: type,
        },
      );
    }
    const componentField = member(field, 'componentType');
    const componentType = integerOf(componentField, 5120, 5126);
    if (!allowed.includes(componentType)) {
      throw unsupported(componentField, `component type ${componentType} (allowed here: ${allowed.join(', ')})`);
    }
    const count = integerOf(member(field, 'count'), 1, 2 ** 31);
    const viewReference = member(field, 'bufferView');
    const view = views[indexOf(viewReference, views.length, 'bufferViews')] as Field;
    const componentsPerElement = ({ SCALAR: 1, VEC2: 2, VEC3: 3 } as const)[type];
    const normalized = optionalMember(field, 'normalized');
    const elementBytes = componentsPerElement * (componentBytes[componentType] as number);
    const range = viewRange(view);
    const stride = optionalMember(view, 'byteStride');
    const strideBytes = stride === undefined ? elementBytes : integerOf(stride, 4, 252);
    if (strideBytes < elementBytes) {
      throw new SceneError(
        'out-of-range',
        `${view.path}.byteStride is ${strideBytes}; one element has ${elementBytes} bytes`,
        {
          field: `${view.path}.byteStride`,
          value: strideBytes,
          limit: elementBytes,
        },
      );
    }
    const offsetField = optionalMember(field, 'byteOffset');
    const innerBytes = offsetField === undefined ? 0 : integerOf(offsetField, 0, 2 ** 32);
    const endBytes = innerBytes + strideBytes * (count - 1) + elementBytes;
    if (endBytes > range.lengthBytes) {
      throw new SceneError(
        'out-of-range',
        `${field.path} ends at byte ${endBytes} of ${view.path}, which has ${range.lengthBytes} bytes`,
        { field: field.path, value: endBytes, limit: range.lengthBytes },
      );
    }
    const offsetBytes = glb.binaryOffsetBytes + range.offsetBytes + innerBytes;
    const isNormalized = normalized !== undefined && booleanOf(normalized);
    return { path: field.path, count, componentType, componentsPerElement, isNormalized, strideBytes, offsetBytes };
  }

  function viewRange(view: Field): { offsetBytes: number; lengthBytes: number } {
    const buffer = buffers[indexOf(member(view, 'buffer'), buffers.length, 'buffers')] as Field;
    if (buffer !== buffers[0])
      throw unsupported(member(view, 'buffer'), 'a second buffer (a GLB has one binary chunk)');
    const bufferBytes = integerOf(member(buffer, 'byteLength'), 1, 2 ** 32);
    if (bufferBytes > glb.binaryBytes) {
      throw new SceneError(
        'truncated',
        `${buffer.path}.byteLength is ${bufferBytes}, but the binary chunk has ${glb.binaryBytes} bytes`,
        {
          field: `${buffer.path}.byteLength`,
          value: bufferBytes,
          limit: glb.binaryBytes,
        },
      );
    }
    const offsetField = optionalMember(view, 'byteOffset');
    const offsetBytes = offsetField === undefined ? 0 : integerOf(offsetField, 0, 2 ** 32);
    const lengthBytes = integerOf(member(view, 'byteLength'), 1, 2 ** 32);
    if (offsetBytes + lengthBytes > bufferBytes) {
      throw new SceneError(
        'out-of-range',
        `${view.path} ends at byte ${offsetBytes + lengthBytes}, but ${buffer.path} has ${bufferBytes} bytes`,
        {
          field: view.path,
          value: offsetBytes + lengthBytes,
          limit: bufferBytes,
        },
      );
    }
    return { offsetBytes, lengthBytes };
  }

  return {
    vectors: (reference) => resolve(reference, 'VEC3', vectorTypes),
    pairs: (reference) => resolve(reference, 'VEC2', vectorTypes.length > 1 ? vectorTypes : [5121, 5123, float32]),
    bytes(reference) {
      const view = views[indexOf(reference, views.length, 'bufferViews')] as Field;
      const range = viewRange(view);
      return { offsetBytes: glb.binaryOffsetBytes + range.offsetBytes, lengthBytes: range.lengthBytes };
    },
    indices: (reference) => resolve(reference, 'SCALAR', indexTypes),
  };
}

/** Two or three float32 per element; integers become numbers, normalized or not. @throws SceneError naming the first component that is not finite, as `label[i]`. */
export async function readVectors(glb: GlbContainer, accessor: Accessor, label: string): Promise<Float32Array> {
  const view = await readSpan(glb, accessor);
  const { componentsPerElement: axes, componentType } = accessor;
  const read = componentReader(view, accessor);
  const result = new Float32Array(accessor.count * axes);
  for (let element = 0; element < accessor.count; element += 1) {
    for (let axis = 0; axis < axes; axis += 1) {
      const value = read(element * accessor.strideBytes + axis * (componentBytes[componentType] as number));
      // The comparison is false for NaN as well.
      if (!(Math.abs(value) <= sceneLimits.coordinate)) {
        throw new SceneError(
          Number.isFinite(value) ? 'out-of-range' : 'invalid-field',
          `${label}[${element}] has the component ${value}; it must be finite and at most ${sceneLimits.coordinate}`,
          { field: `${label}[${element}]`, value: String(value), limit: sceneLimits.coordinate },
        );
      }
      result[element * axes + axis] = value;
    }
  }
  return result;
}

/** @throws SceneError naming the first index that is not below `vertexCount`, as `label[i]`. */
export async function readIndices(
  glb: GlbContainer,
  accessor: Accessor,
  label: string,
  vertexCount: number,
): Promise<Uint32Array> {
  const view = await readSpan(glb, accessor);
  const result = new Uint32Array(accessor.count);
  for (let element = 0; element < accessor.count; element += 1) {
    const value = readIndex(view, element * accessor.strideBytes, accessor.componentType);
    if (value >= vertexCount) {
      throw new SceneError(
        'out-of-range',
        `${label}[${element}] is ${value}, but the primitive has ${vertexCount} vertices`,
        {
          field: `${label}[${element}]`,
          value,
          limit: vertexCount,
        },
      );
    }
    result[element] = value;
  }
  return result;
}

/** glTF 2.0, section 3.6.2.2, and KHR_mesh_quantization: how integers stand for numbers. */
function componentReader(view: DataView, { componentType, isNormalized }: Accessor): (offsetBytes: number) => number {
  switch (componentType) {
    case 5120:
      return (offset) => (isNormalized ? Math.max(view.getInt8(offset) / 127, -1) : view.getInt8(offset));
    case 5121:
      return (offset) => view.getUint8(offset) / (isNormalized ? 255 : 1);
    case 5122:
      return (offset) =>
        isNormalized ? Math.max(view.getInt16(offset, true) / 32_767, -1) : view.getInt16(offset, true);
    case 5123:
      return (offset) => view.getUint16(offset, true) / (isNormalized ? 65_535 : 1);
    default:
      return (offset) => view.getFloat32(offset, true);
  }
}

function readIndex(view: DataView, offsetBytes: number, componentType: number): number {
  if (componentType === 5121) return view.getUint8(offsetBytes);
  if (componentType === 5123) return view.getUint16(offsetBytes, true);
  return view.getUint32(offsetBytes, true);
}

async function readSpan(glb: GlbContainer, accessor: Accessor): Promise<DataView> {
  const elementBytes = accessor.componentsPerElement * (componentBytes[accessor.componentType] as number);
  const lengthBytes = accessor.strideBytes * (accessor.count - 1) + elementBytes;
  const bytes = await glb.source.read(accessor.offsetBytes, lengthBytes);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
