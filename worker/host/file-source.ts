import { open } from 'node:fs/promises';
import {
  assertRange,
  type ByteSource,
  createMemorySource,
  joinSources,
  type SourceDescriptor,
} from '../byte-source.ts';
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

/** As llama.cpp names the parts of a model: `name-00001-of-00003.gguf`. */
const FIRST_PART = /-00001-of-(\d{5})\.gguf$/;

/** The most files that are opened for one model. */
const MOST_PARTS = 1024;

/** A file; for the first part of a split model, all of its parts, which lie beside it. */
async function openModelFiles(path: string): Promise<ByteSource> {
  const count = Number(FIRST_PART.exec(path)?.[1] ?? 1);
  if (count <= 1) return openFileSource(path);
  if (count > MOST_PARTS) throw unreadable(path, `it is one of ${count} parts, above the limit of ${MOST_PARTS}`);
  const parts: ByteSource[] = [];
  try {
    for (let part = 1; part <= count; part++) {
      const suffix = `-${String(part).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.gguf`;
      parts.push(await openFileSource(path.replace(FIRST_PART, suffix)));
    }
  } catch (error) {
    await joinSources(parts).close();
    throw error;
  }
  return joinSources(parts);
}

/** The forms of a source that Node opens. */
export function openNodeSource(descriptor: SourceDescriptor): Promise<ByteSource> {
  if (descriptor.kind === 'file') return openModelFiles(descriptor.path);
  if (descriptor.kind === 'bytes') return Promise.resolve(createMemorySource(descriptor.bytes));
  return Promise.reject(badRequest('source.kind', descriptor.kind, 'file or bytes in this host'));
}

function unreadable(path: string, reason: string, cause?: unknown): WorkerServiceError {
  return new WorkerServiceError('SOURCE_UNREADABLE', `${path} cannot be read: ${reason}`, { data: { path }, cause });
}
