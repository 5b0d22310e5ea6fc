import { type Accessor, componentBytes } from './accessor.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

/** Elements `first`..`first + count` of an accessor, all of it when not said. */
export interface ElementRange {
  readonly first: number;
  readonly count: number;
}

/**
 * The components of each element as float32, one element after the other; integers become numbers, normalized or not. A
 * range is for accessors that are not sparse.
 *
 * @throws SceneError naming the first component that is not finite, as `label[i]`.
 */
export async function readNumbers(accessor: Accessor, label: string, range?: ElementRange): Promise<Float32Array> {
  const { first, count } = range ?? { first: 0, count: accessor.count };
  const result = new Float32Array(count * accessor.componentsPerElement);
  await fill(accessor, { first, count }, (element) => element, result, label);
  const { sparse } = accessor;
  if (sparse === undefined) return result;
  const places = await readIndices(sparse.indices, sparse.indices.path, {
    count: accessor.count,
    sentence: `${accessor.path} has ${accessor.count} elements`,
  });
  const values = { ...sparse.values, isNormalized: accessor.isNormalized };
  await fill(values, { first: 0, count: values.count }, (element) => places[element] as number, result, label);
  return result;
}

/** What indices choose from: `count` of something, and the sentence that says so. */
export interface Choice {
  readonly count: number;
  readonly sentence: string;
}

/** @throws SceneError naming the first index that is not below the count, as `label[i]`. */
export async function readIndices(accessor: Accessor, label: string, choice: Choice): Promise<Uint32Array> {
  const view = await readSpan(accessor, { first: 0, count: accessor.count });
  const { strideBytes, componentType, count } = accessor;
  const result = new Uint32Array(count);
  for (let element = 0; element < count; element += 1) {
    result[element] = readIndex(view, element * strideBytes, componentType);
  }
  checkIndices(result, label, choice);
  return result;
}

/** @throws SceneError naming the first index that is not below the count, as `label[i]`. */
export function checkIndices(indices: Uint32Array, label: string, choice: Choice): void {
  for (let element = 0; element < indices.length; element += 1) {
    const value = indices[element] as number;
    if (value < choice.count) continue;
    throw new SceneError('out-of-range', `${label}[${element}] is ${value}, but ${choice.sentence}`, {
      field: `${label}[${element}]`,
      value,
      limit: choice.count,
    });
  }
}

/** @throws SceneError naming the first element with a component that is not finite or too large, as `label[i]`. */
export function checkNumbers(values: Float32Array, componentsPerElement: number, label: string): void {
  for (let place = 0; place < values.length; place += 1) {
    checkNumber(values[place] as number, label, Math.floor(place / componentsPerElement));
  }
}

async function fill(
  accessor: Accessor,
  range: ElementRange,
  placeOf: (element: number) => number,
  target: Float32Array,
  label: string,
): Promise<void> {
  if (accessor.view === undefined) return;
  const { componentsPerElement, strideBytes } = accessor;
  const width = componentBytes[accessor.componentType] as number;
  const read = componentReader(await readSpan(accessor, range), accessor);
  for (let element = 0; element < range.count; element += 1) {
    const place = placeOf(element);
    for (let component = 0; component < componentsPerElement; component += 1) {
      const value = read(element * strideBytes + component * width);
      checkNumber(value, label, place);
      target[place * componentsPerElement + component] = value;
    }
  }
}

function checkNumber(value: number, label: string, element: number): void {
  // The comparison is false for NaN as well.
  if (Math.abs(value) <= sceneLimits.coordinate) return;
  throw new SceneError(
    Number.isFinite(value) ? 'out-of-range' : 'invalid-field',
    `${label}[${element}] has the component ${value}; it must be finite and at most ${sceneLimits.coordinate}`,
    { field: `${label}[${element}]`, value: String(value), limit: sceneLimits.coordinate },
  );
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

async function readSpan(accessor: Accessor, { first, count }: ElementRange): Promise<DataView> {
  const { view, strideBytes, componentsPerElement, componentType } = accessor;
  if (view === undefined) return new DataView(new ArrayBuffer(0));
  const elementBytes = componentsPerElement * (componentBytes[componentType] as number);
  const lengthBytes = strideBytes * (count - 1) + elementBytes;
  const bytes = await view.read(accessor.offsetBytes + first * strideBytes, lengthBytes);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
