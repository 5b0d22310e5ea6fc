import { sha256, toUtf8Bytes } from 'ethers';
import type { Hex } from '../agreement.ts';

export function sha256Hex(bytes: Uint8Array): Hex {
  return sha256(bytes) as Hex;
}

/**
 * Identity of a shader set: sha256 over name and text of every file, sorted by name, each part preceded by its length in
 * bytes as uint32 big-endian, so that no two sets share their bytes. Names are paths below `shaders/`, with slashes.
 */
export function hashShaderSet(files: readonly { readonly name: string; readonly text: string }[]): Hex {
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const parts = sorted.flatMap((file) => [toUtf8Bytes(file.name), toUtf8Bytes(file.text.replaceAll('\r\n', '\n'))]);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of parts) {
    view.setUint32(offset, part.length);
    bytes.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return sha256Hex(bytes);
}
