import { type Field, integerOf, member, optionalMember, stringOf, unsupported } from './field.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

const names = ['EXT_meshopt_compression', 'KHR_meshopt_compression'] as const;
const modes = ['ATTRIBUTES', 'TRIANGLES', 'INDICES'] as const;
const filters = ['NONE', 'OCTAHEDRAL', 'QUATERNION', 'EXPONENTIAL', 'COLOR'] as const;

/** How a buffer view is compressed by meshoptimizer: every number is checked, nothing is read. */
export interface CompressedView {
  /** The extension's object, which names a range of a buffer as a buffer view does. */
  readonly field: Field;
  readonly strideBytes: number;
  readonly count: number;
  readonly mode: (typeof modes)[number];
  readonly filter: (typeof filters)[number];
}

/** Undefined for a view that is not compressed. @throws SceneError. */
export function compressionOf(view: Field): CompressedView | undefined {
  const extensions = optionalMember(view, 'extensions');
  if (extensions === undefined) return undefined;
  const field = names.map((name) => optionalMember(extensions, name)).find((found) => found !== undefined);
  if (field === undefined) return undefined;
  const mode = wordOf(member(field, 'mode'), modes);
  const filterField = optionalMember(field, 'filter');
  const filter = filterField === undefined ? 'NONE' : wordOf(filterField, filters);
  const strideField = member(field, 'byteStride');
  const strideBytes = integerOf(strideField, 1, 256);
  const count = integerOf(member(field, 'count'), 1, 2 ** 31);
  const isFitting =
    mode === 'ATTRIBUTES' ? fitsFilter(strideBytes, filter) : filter === 'NONE' && [2, 4].includes(strideBytes);
  if (!isFitting) {
    throw new SceneError(
      'invalid-field',
      `${strideField.path} is ${strideBytes}, which ${mode} with ${filter} cannot have`,
      {
        field: strideField.path,
        value: strideBytes,
      },
    );
  }
  if (mode === 'TRIANGLES' && count % 3 !== 0) {
    throw new SceneError('invalid-field', `${field.path}.count is ${count}; triangles need a multiple of 3`, {
      field: `${field.path}.count`,
      value: count,
      limit: 3,
    });
  }
  const viewBytes = integerOf(member(view, 'byteLength'), 1, sceneLimits.binaryBytes);
  if (viewBytes !== strideBytes * count) {
    throw new SceneError(
      'out-of-range',
      `${view.path}.byteLength is ${viewBytes}, but ${count} elements of ${strideBytes} bytes unfold to ${strideBytes * count}`,
      { field: `${view.path}.byteLength`, value: viewBytes, limit: strideBytes * count },
    );
  }
  return { field, strideBytes, count, mode, filter };
}

function fitsFilter(strideBytes: number, filter: CompressedView['filter']): boolean {
  if (filter === 'QUATERNION') return strideBytes === 8;
  if (filter === 'OCTAHEDRAL' || filter === 'COLOR') return strideBytes === 4 || strideBytes === 8;
  return strideBytes % 4 === 0;
}

function wordOf<Word extends string>(field: Field, words: readonly Word[]): Word {
  const text = stringOf(field);
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw unsupported(field, `"${text.slice(0, 60)}" (known: ${words.join(', ')})`);
  return word;
}

/** Unfolds the bytes of a compressed view. @throws SceneError when they are damaged. */
export async function decompress(
  { field, strideBytes, count, mode, filter }: CompressedView,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  // Brought in when needed: the package makes an instance of its decoder when it is loaded.
  const { MeshoptDecoder } = await import('meshoptimizer/decoder');
  await MeshoptDecoder.ready;
  const target = new Uint8Array(strideBytes * count);
  try {
    MeshoptDecoder.decodeGltfBuffer(target, count, strideBytes, bytes, mode, filter);
  } catch (cause) {
    throw new SceneError(
      'invalid-field',
      `${field.path} cannot be decoded: ${String(cause).slice(0, 120)}`,
      { field: field.path },
      { cause },
    );
  }
  return target;
}
