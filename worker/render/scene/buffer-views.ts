import { assertRange } from '../../byte-source.ts';
import { type CompressedView, compressionOf, decompress } from './compressed-view.ts';
import { type Field, indexOf, integerOf, listMember, member, optionalMember, unsupported } from './field.ts';
import type { GlbContainer } from './glb-container.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

/** A range of bytes that was checked: of the binary chunk, or of what a part of it unfolds to. Nothing is read yet. */
export interface BufferView {
  readonly path: string;
  readonly sizeBytes: number;
  /** Undefined: elements lie close together. */
  readonly strideBytes: number | undefined;
  /** Exactly `lengthBytes` from `offsetBytes` of the view, which the caller has checked. */
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array<ArrayBuffer>>;
}

export interface BufferViewTable {
  /** The buffer view that `reference` is the index of. @throws SceneError. */
  at(reference: Field): BufferView;
}

/** Reads the buffer view and buffer tables of a document. */
export function createBufferViewTable(glb: GlbContainer): BufferViewTable {
  const views = listMember(glb.document, 'bufferViews', sceneLimits.bufferViews);
  const buffers = listMember(glb.document, 'buffers', 64);
  for (const buffer of buffers) {
    const uri = optionalMember(buffer, 'uri');
    if (uri !== undefined) throw unsupported(uri, 'a URI (a scene must be one self-contained GLB)');
  }

  /** Where bytes that `view` names begin in the source. */
  function rangeOf(view: Field): { readonly offsetBytes: number; readonly lengthBytes: number } {
    const buffer = buffers[indexOf(member(view, 'buffer'), buffers.length, 'buffers')] as Field;
    if (buffer !== buffers[0])
      throw unsupported(member(view, 'buffer'), 'a second buffer (a GLB has one binary chunk)');
    const bufferBytes = integerOf(member(buffer, 'byteLength'), 1, 2 ** 32);
    if (bufferBytes > glb.binaryBytes) {
      throw new SceneError(
        'truncated',
        `${buffer.path}.byteLength is ${bufferBytes}, but the binary chunk has ${glb.binaryBytes} bytes`,
        { field: `${buffer.path}.byteLength`, value: bufferBytes, limit: glb.binaryBytes },
      );
    }
    const offsetField = optionalMember(view, 'byteOffset');
    const offsetBytes = offsetField === undefined ? 0 : integerOf(offsetField, 0, 2 ** 32);
    const lengthBytes = integerOf(member(view, 'byteLength'), 1, 2 ** 32);
    if (offsetBytes + lengthBytes > bufferBytes) {
      throw new SceneError(
        'out-of-range',
        `${view.path} ends at byte ${offsetBytes + lengthBytes}, but ${buffer.path} has ${bufferBytes} bytes`,
        { field: view.path, value: offsetBytes + lengthBytes, limit: bufferBytes },
      );
    }
    return { offsetBytes: glb.binaryOffsetBytes + offsetBytes, lengthBytes };
  }

  const unfolded = new Map<Field, Promise<Uint8Array<ArrayBuffer>>>();
  let unfoldedBytes = 0;

  /** Once, whoever asks for it. */
  function unfold(view: Field, compression: CompressedView): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = unfolded.get(view);
    if (bytes === undefined) {
      unfoldedBytes += compression.strideBytes * compression.count;
      if (unfoldedBytes > sceneLimits.unfoldedBytes) {
        throw new SceneError(
          'limit-exceeded',
          `${view.path} brings what the scene unfolds to ${unfoldedBytes} bytes; the limit is ${sceneLimits.unfoldedBytes}`,
          { field: view.path, value: unfoldedBytes, limit: sceneLimits.unfoldedBytes },
        );
      }
      const range = rangeOf(compression.field);
      bytes = glb.source.read(range.offsetBytes, range.lengthBytes).then((packed) => decompress(compression, packed));
      unfolded.set(view, bytes);
    }
    return bytes;
  }

  function compressedView(view: Field, compression: CompressedView): BufferView {
    rangeOf(compression.field);
    return {
      path: view.path,
      sizeBytes: compression.strideBytes * compression.count,
      strideBytes: compression.mode === 'ATTRIBUTES' ? compression.strideBytes : undefined,
      read: async (offsetBytes, lengthBytes) =>
        (await unfold(view, compression)).slice(offsetBytes, offsetBytes + lengthBytes),
    };
  }

  return {
    at(reference) {
      const view = views[indexOf(reference, views.length, 'bufferViews')] as Field;
      const compression = compressionOf(view);
      if (compression !== undefined) return compressedView(view, compression);
      const range = rangeOf(view);
      const stride = optionalMember(view, 'byteStride');
      return {
        path: view.path,
        sizeBytes: range.lengthBytes,
        strideBytes: stride === undefined ? undefined : integerOf(stride, 4, 252),
        read: (offsetBytes, lengthBytes) => glb.source.read(range.offsetBytes + offsetBytes, lengthBytes),
      };
    },
  };
}

/** Bytes in memory as a view; for what a decoder gave. */
export function memoryView(path: string, bytes: Uint8Array<ArrayBuffer>): BufferView {
  return {
    path,
    sizeBytes: bytes.length,
    strideBytes: undefined,
    async read(offsetBytes, lengthBytes) {
      assertRange(offsetBytes, lengthBytes, bytes.length);
      return bytes.slice(offsetBytes, offsetBytes + lengthBytes);
    },
  };
}
