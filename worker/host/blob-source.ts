import { assertRange, type ByteSource, createMemorySource, type SourceDescriptor } from '../byte-source.ts';
import { badRequest } from './parameters.ts';

/** The forms of a source that a browser opens: Blobs and Files are read by slices, never whole. */
export async function openBlobSource(descriptor: SourceDescriptor): Promise<ByteSource> {
  if (descriptor.kind === 'bytes') return createMemorySource(descriptor.bytes);
  if (descriptor.kind !== 'blob' || !(descriptor.blob instanceof Blob)) {
    throw badRequest('source.kind', descriptor.kind, 'blob or bytes in this host');
  }
  const { blob } = descriptor;
  return {
    sizeBytes: blob.size,
    async read(offsetBytes, lengthBytes) {
      assertRange(offsetBytes, lengthBytes, blob.size);
      return new Uint8Array(await blob.slice(offsetBytes, offsetBytes + lengthBytes).arrayBuffer());
    },
    close: () => Promise.resolve(),
  };
}
