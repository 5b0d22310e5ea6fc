import { open } from 'node:fs/promises';
import { assertRange, type ByteSource, createMemorySource, type SourceDescriptor } from '../byte-source.ts';
import { badRequest } from './parameters.ts';
import { WorkerServiceError } from './worker-service-error.ts';
import { errorText } from '../../protocol/errors.ts';

/** A file read by ranges. @throws WorkerServiceError SOURCE_UNREADABLE when it is missing, a folder or not readable. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, errorText(error), error);
  });
  const information = await handle.stat();
  if (!information.isFile()) {
    await handle.close();
    throw unreadable(path, 'it is not a file');
  }
  const sizeBytes = information.size;
  return {
    sizeBytes,
    async read(offsetBytes, lengthBytes) {
      assertRange(offsetBytes, lengthBytes, sizeBytes);
      const bytes = new Uint8Array(lengthBytes);
      let filled = 0;
      while (filled < lengthBytes) {
        const { bytesRead } = await handle.read(bytes, filled, lengthBytes - filled, offsetBytes + filled);
        if (bytesRead === 0) throw unreadable(path, `it ended at byte ${offsetBytes + filled}, before its size said`);
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/** The forms of a source that Node opens. */
export function openNodeSource(descriptor: SourceDescriptor): Promise<ByteSource> {
  if (descriptor.kind === 'file') return openFileSource(descriptor.path);
  if (descriptor.kind === 'bytes') return Promise.resolve(createMemorySource(descriptor.bytes));
  return Promise.reject(badRequest('source.kind', descriptor.kind, 'file or bytes in this host'));
}

function unreadable(path: string, reason: string, cause?: unknown): WorkerServiceError {
  return new WorkerServiceError('SOURCE_UNREADABLE', `${path} cannot be read: ${reason}`, { data: { path }, cause });
}
