import type { GlbContainer } from './glb-container.ts';
import { type Field, indexOf, integerOf, listMember, member, optionalMember, stringOf, unsupported } from './field.ts';
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
  readonly componentsPerElement: 1 | 3;
  readonly strideBytes: number;
  /** From the start of the source. */
  readonly offsetBytes: number;
}

export interface AccessorTable {
  /** @throws SceneError unless it is VEC3 of float32. */
  vectors(reference: Field): Accessor;
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

  function resolve(reference: Field, type: 'SCALAR' | 'VEC3', allowed: readonly number[]): Accessor {
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
    const componentsPerElement = type === 'VEC3' ? 3 : 1;
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
    return { path: field.path, count, componentType, componentsPerElement, strideBytes, offsetBytes };
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
    vectors: (reference) => resolve(reference, 'VEC3', [float32]),
    indices: (reference) => resolve(reference, 'SCALAR', indexTypes),
  };
}

/** Three float32 per element. @throws SceneError naming the first component that is not finite, as `label[i]`. */
export async function readVectors(glb: GlbContainer, accessor: Accessor, label: string): Promise<Float32Array> {
  const view = await readSpan(glb, accessor);
  const result = new Float32Array(accessor.count * 3);
  for (let element = 0; element < accessor.count; element += 1) {
    for (let axis = 0; axis < 3; axis += 1) {
      const value = view.getFloat32(element * accessor.strideBytes + axis * 4, true);
      // The comparison is false for NaN as well.
      if (!(Math.abs(value) <= sceneLimits.coordinate)) {
        throw new SceneError(
          Number.isFinite(value) ? 'out-of-range' : 'invalid-field',
          `${label}[${element}] has the component ${value}; it must be finite and at most ${sceneLimits.coordinate}`,
          { field: `${label}[${element}]`, value: String(value), limit: sceneLimits.coordinate },
        );
      }
      result[element * 3 + axis] = value;
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
