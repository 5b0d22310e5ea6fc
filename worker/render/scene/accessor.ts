import type { BufferView, BufferViewTable } from './buffer-views.ts';
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

/** glTF 2.0, section 3.6.2.2. */
export const componentTypes = {
  int8: 5120,
  uint8: 5121,
  int16: 5122,
  uint16: 5123,
  uint32: 5125,
  float32: 5126,
} as const;
export const componentBytes: Readonly<Record<number, number>> = {
  5120: 1,
  5121: 1,
  5122: 2,
  5123: 2,
  5125: 4,
  5126: 4,
};
const { int8, uint8, int16, uint16, uint32, float32 } = componentTypes;

const componentCounts = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 } as const;
export type ElementType = keyof typeof componentCounts;

/** An accessor whose every bound was checked against its buffer view; nothing is read yet. */
export interface Accessor {
  readonly path: string;
  readonly count: number;
  readonly componentType: number;
  readonly componentsPerElement: number;
  /** Integers stand for 0..1 or -1..1. */
  readonly isNormalized: boolean;
  readonly strideBytes: number;
  /** From the start of the view. */
  readonly offsetBytes: number;
  /** Undefined: every component is 0. */
  readonly view: BufferView | undefined;
  /** Elements that take the place of some of the view's. */
  readonly sparse: { readonly indices: Accessor; readonly values: Accessor } | undefined;
}

/** What an attribute may be; see `AccessorTable`. */
export interface ElementRule {
  readonly type: ElementType;
  readonly components: readonly number[];
  /** Also an accessor whose bytes are not all in a view: sparse, or all zeros. */
  readonly isPartial?: boolean;
}

export interface AccessorTable {
  /** @throws SceneError unless it is what the rule says. */
  find(reference: Field, rule: ElementRule): Accessor;
  /** VEC3 of float32, or of what KHR_mesh_quantization allows when the document uses that. @throws SceneError. */
  vectors(reference: Field): Accessor;
  /** VEC2 of float32 or of normalized integers. @throws SceneError. */
  pairs(reference: Field): Accessor;
  /** SCALAR of an unsigned integer type; `isPartial` as in a rule. @throws SceneError. */
  indices(reference: Field, isPartial: boolean): Accessor;
}

/** Reads the accessor table of a document. */
export function createAccessorTable(document: Field, views: BufferViewTable): AccessorTable {
  const accessors = listMember(document, 'accessors', sceneLimits.accessors);
  const isQuantized = listMember(document, 'extensionsUsed', 1_000).some(
    ({ value }) => value === 'KHR_mesh_quantization',
  );
  const vectorTypes = isQuantized ? [int8, uint8, int16, uint16, float32] : [float32];
  const pairTypes = isQuantized ? vectorTypes : [uint8, uint16, float32];

  function find(reference: Field, rule: ElementRule): Accessor {
    const field = accessors[indexOf(reference, accessors.length, 'accessors')] as Field;
    const typeField = member(field, 'type');
    const type = stringOf(typeField);
    if (type !== rule.type) {
      throw new SceneError(
        'invalid-field',
        `${typeField.path} is ${type.slice(0, 60)}; ${reference.path} needs ${rule.type}`,
        { field: typeField.path, value: type.slice(0, 60), limit: rule.type },
      );
    }
    const componentField = member(field, 'componentType');
    const componentType = componentTypeOf(componentField, rule.components);
    const count = integerOf(member(field, 'count'), 1, 2 ** 31);
    const normalized = optionalMember(field, 'normalized');
    const shape = { count, componentType, componentsPerElement: componentCounts[rule.type] };
    const viewReference = optionalMember(field, 'bufferView');
    const sparse = optionalMember(field, 'sparse');
    if (rule.isPartial !== true) {
      if (sparse !== undefined) throw unsupported(sparse, 'a sparse accessor here');
      member(field, 'bufferView');
    }
    return {
      path: field.path,
      ...shape,
      isNormalized: normalized !== undefined && booleanOf(normalized),
      ...placeOf(field, viewReference, shape),
      sparse: sparse === undefined ? undefined : sparseOf(sparse, shape),
    };
  }

  /** Where the elements lie. @throws SceneError when they leave the buffer view. */
  function placeOf(field: Field, viewReference: Field | undefined, shape: Shape): Place {
    const elementBytes = shape.componentsPerElement * (componentBytes[shape.componentType] as number);
    if (viewReference === undefined) return { strideBytes: elementBytes, offsetBytes: 0, view: undefined };
    const view = views.at(viewReference);
    const strideBytes = view.strideBytes ?? elementBytes;
    if (strideBytes < elementBytes) {
      throw new SceneError(
        'out-of-range',
        `${view.path}.byteStride is ${strideBytes}; one element has ${elementBytes} bytes`,
        { field: `${view.path}.byteStride`, value: strideBytes, limit: elementBytes },
      );
    }
    const offsetField = optionalMember(field, 'byteOffset');
    const offsetBytes = offsetField === undefined ? 0 : integerOf(offsetField, 0, 2 ** 32);
    const endBytes = offsetBytes + strideBytes * (shape.count - 1) + elementBytes;
    if (endBytes > view.sizeBytes) {
      throw new SceneError(
        'out-of-range',
        `${field.path} ends at byte ${endBytes} of ${view.path}, which has ${view.sizeBytes} bytes`,
        { field: field.path, value: endBytes, limit: view.sizeBytes },
      );
    }
    return { strideBytes, offsetBytes, view };
  }

  function sparseOf(field: Field, shape: Shape): Accessor['sparse'] {
    const count = integerOf(member(field, 'count'), 1, shape.count);
    const indices = member(field, 'indices');
    const values = member(field, 'values');
    const indexShape = {
      count,
      componentType: componentTypeOf(member(indices, 'componentType'), [uint8, uint16, uint32]),
      componentsPerElement: 1,
    };
    const part = (place: Field, own: Shape): Accessor => ({
      path: place.path,
      ...own,
      isNormalized: false,
      ...placeOf(place, member(place, 'bufferView'), own),
      sparse: undefined,
    });
    return { indices: part(indices, indexShape), values: part(values, { ...shape, count }) };
  }

  return {
    find,
    vectors: (reference) => find(reference, { type: 'VEC3', components: vectorTypes, isPartial: true }),
    pairs: (reference) => find(reference, { type: 'VEC2', components: pairTypes, isPartial: true }),
    indices: (reference, isPartial) =>
      find(reference, { type: 'SCALAR', components: [uint8, uint16, uint32], isPartial }),
  };
}

type Shape = Pick<Accessor, 'count' | 'componentType' | 'componentsPerElement'>;
type Place = Pick<Accessor, 'strideBytes' | 'offsetBytes' | 'view'>;

function componentTypeOf(field: Field, allowed: readonly number[]): number {
  const componentType = integerOf(field, int8, float32);
  if (allowed.includes(componentType)) return componentType;
  throw unsupported(field, `component type ${componentType} (allowed here: ${allowed.join(', ')})`);
}
