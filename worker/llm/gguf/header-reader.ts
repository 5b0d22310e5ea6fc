import type { ByteSource } from '../../byte-source.ts';
import { GgufError } from './gguf-error.ts';
import { GGUF_LIMITS } from './limits.ts';

declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const WINDOW_BYTES = 1024 * 1024;

/**
 * Reads little-endian values from the front of a source through a 1 MiB window. Callers `await need(n)` and then read
 * synchronously; every read past the end of the file or of the header cap is a GgufError.
 */
export class HeaderReader {
  readonly #source: ByteSource;
  readonly #decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  #window = new DataView(new ArrayBuffer(0));
  #windowOffset = 0;
  #cursor = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes from the start of the file. */
  get offsetBytes(): number {
    return this.#windowOffset + this.#cursor;
  }

  get remainingBytes(): number {
    return this.#source.sizeBytes - this.offsetBytes;
  }

  /** Makes `lengthBytes` readable; `undefined` when they already are, which spares an await per token of a vocabulary. */
  need(lengthBytes: number, field: string): Promise<void> | undefined {
    if (this.#cursor + lengthBytes <= this.#window.byteLength) return undefined;
    return this.#fill(lengthBytes, field);
  }

  uint8(): number {
    return this.#window.getUint8(this.#advance(1));
  }
  int8(): number {
    return this.#window.getInt8(this.#advance(1));
  }
  uint16(): number {
    return this.#window.getUint16(this.#advance(2), true);
  }
  int16(): number {
    return this.#window.getInt16(this.#advance(2), true);
  }
  uint32(): number {
    return this.#window.getUint32(this.#advance(4), true);
  }
  int32(): number {
    return this.#window.getInt32(this.#advance(4), true);
  }
  float32(): number {
    return this.#window.getFloat32(this.#advance(4), true);
  }
  float64(): number {
    return this.#window.getFloat64(this.#advance(8), true);
  }
  uint64(): bigint {
    return this.#window.getBigUint64(this.#advance(8), true);
  }
  int64(): bigint {
    return this.#window.getBigInt64(this.#advance(8), true);
  }

  text(lengthBytes: number): string {
    const start = this.#advance(lengthBytes);
    return this.#decoder.decode(new Uint8Array(this.#window.buffer, this.#window.byteOffset + start, lengthBytes));
  }

  #advance(lengthBytes: number): number {
    const start = this.#cursor;
    this.#cursor += lengthBytes;
    return start;
  }

  async #fill(lengthBytes: number, field: string): Promise<void> {
    const offset = this.offsetBytes;
    const { sizeBytes } = this.#source;
    if (offset + lengthBytes > sizeBytes) {
      throw new GgufError(
        'TRUNCATED',
        `${field} needs ${lengthBytes} bytes at offset ${offset}, but the file ends at ${sizeBytes}`,
        { data: { field, offsetBytes: offset, neededBytes: lengthBytes, fileBytes: sizeBytes } },
      );
    }
    if (offset + lengthBytes > GGUF_LIMITS.headerBytes) {
      throw new GgufError(
        'LIMIT_EXCEEDED',
        `${field} ends at offset ${offset + lengthBytes}; a header may take ${GGUF_LIMITS.headerBytes} bytes`,
        { data: { field, value: offset + lengthBytes, limit: GGUF_LIMITS.headerBytes } },
      );
    }
    const length = Math.min(Math.max(lengthBytes, WINDOW_BYTES), sizeBytes - offset);
    const bytes = await this.#source.read(offset, length);
    this.#window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#windowOffset = offset;
    this.#cursor = 0;
  }
}
