/**
 * Random access to bytes that stay where they are: a file, a Blob or memory. Loaders read ranges (1-8 MB at a time) and
 * never the whole, so that a model larger than the JS heap loads.
 */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Of a source joined from several files: their sizes, in order. */
  readonly partSizesBytes?: readonly number[];
  /** Reads exactly `lengthBytes` from `offsetBytes`; throws RangeError when the range leaves the source. */
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** What crosses to the worker in place of the bytes; each host opens the forms it can. */
export type SourceDescriptor =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'blob'; readonly blob: unknown }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> };

/** @throws RangeError naming the range and the size, when the range is not inside the source. */
export function assertRange(offsetBytes: number, lengthBytes: number, sizeBytes: number): void {
  const valid =
    Number.isSafeInteger(offsetBytes) && Number.isSafeInteger(lengthBytes) && offsetBytes >= 0 && lengthBytes >= 0;
  if (!valid || offsetBytes + lengthBytes > sizeBytes) {
    throw new RangeError(
      `bytes ${offsetBytes}..${offsetBytes + lengthBytes} are outside the source of ${sizeBytes} bytes`,
    );
  }
}

/** A ByteSource over memory, for scenes that arrived over the network and for tests. */
export function createMemorySource(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    sizeBytes: bytes.byteLength,
    read(offsetBytes, lengthBytes) {
      assertRange(offsetBytes, lengthBytes, bytes.byteLength);
      return Promise.resolve(bytes.slice(offsetBytes, offsetBytes + lengthBytes));
    },
    close: () => Promise.resolve(),
  };
}

/** Several sources end to end as one; closing it closes them all. For models that are split into several files. */
export function joinSources(parts: readonly ByteSource[]): ByteSource {
  const partSizesBytes = parts.map((part) => part.sizeBytes);
  const sizeBytes = partSizesBytes.reduce((sum, size) => sum + size, 0);
  return {
    sizeBytes,
    partSizesBytes,
    async read(offsetBytes, lengthBytes) {
      assertRange(offsetBytes, lengthBytes, sizeBytes);
      const bytes = new Uint8Array(lengthBytes);
      let base = 0;
      for (const part of parts) {
        const start = Math.max(offsetBytes, base);
        const end = Math.min(offsetBytes + lengthBytes, base + part.sizeBytes);
        if (start < end) {
          const piece = await part.read(start - base, end - start);
          if (end - start === lengthBytes) return piece;
          bytes.set(piece, start - offsetBytes);
        }
        base += part.sizeBytes;
      }
      return bytes;
    },
    close: async () => {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}
