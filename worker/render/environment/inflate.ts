// Every host has it, but the library of this room (es2024) does not list it.
interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array }>;
  cancel(): Promise<void>;
}
declare const Blob: new (parts: readonly Uint8Array<ArrayBuffer>[]) => {
  stream(): { pipeThrough(transform: object): { getReader(): ByteReader } };
};
declare const DecompressionStream: new (format: 'deflate') => object;

/**
 * Inflates a zlib stream into exactly `sizeBytes` bytes. Stops reading as soon as there are more, so that a small file
 * cannot fill the memory. Undefined when the stream is broken or has another length.
 */
export async function inflateExactly(
  bytes: Uint8Array<ArrayBuffer>,
  sizeBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const result = new Uint8Array(sizeBytes);
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const piece = part.value ?? new Uint8Array(0);
      if (length + piece.length > sizeBytes) {
        await reader.cancel();
        return undefined;
      }
      result.set(piece, length);
      length += piece.length;
    }
  } catch {
    // A broken stream: the caller names the place.
    return undefined;
  }
  return length === sizeBytes ? result : undefined;
}

/** How many bytes a zlib stream inflates to, without keeping them; undefined when it is broken or has more than `limitBytes`. */
export async function inflatedSize(bytes: Uint8Array<ArrayBuffer>, limitBytes: number): Promise<number | undefined> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value?.length ?? 0;
      if (length <= limitBytes) continue;
      await reader.cancel();
      return undefined;
    }
  } catch {
    // A broken stream: the caller names the image.
    return undefined;
  }
  return length;
}
