import { WireError } from './wire-error.ts';

/** Reads one message. Views into the input are handed out, never copies, so a claimed length allocates nothing. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** @throws WireError VARINT above 32 bits, TRUNCATED at the end of the bytes. */
  uint32(): number {
    const value = this.uint64();
    if (value > 0xffff_ffffn) throw new WireError('VARINT', `${value} does not fit 32 bits`);
    return Number(value);
  }

  uint64(): bigint {
    let low = 0;
    let value = 0n;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) throw new WireError('TRUNCATED', 'the message ends inside a number');
      this.#position += 1;
      // The first four groups fit a 28-bit integer: most numbers never touch a bigint before the end.
      if (index < 4) low |= (byte & 0x7f) << (7 * index);
      else value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) {
        const total = value | BigInt(low);
        if (total > 0xffff_ffff_ffff_ffffn) throw new WireError('VARINT', 'a number does not fit 64 bits');
        return total;
      }
    }
    throw new WireError('VARINT', 'a number has more than 10 bytes');
  }

  /** A view of the next length-prefixed bytes. */
  lengthPrefixed(maxBytes: number): Uint8Array {
    const length = this.uint32();
    if (length > maxBytes) throw new WireError('TOO_LONG', `${length} bytes exceed the limit of ${maxBytes}`);
    if (length > this.#bytes.length - this.#position) {
      throw new WireError('TRUNCATED', `${length} bytes are claimed, ${this.#bytes.length - this.#position} are left`);
    }
    const view = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return view;
  }

  /** A reader over the next length-prefixed bytes. */
  packed(maxBytes: number): WireReader {
    return new WireReader(this.lengthPrefixed(maxBytes));
  }

  /** Steps over a field this version does not know. */
  skip(wireType: number): void {
    if (wireType === 0) this.uint64();
    else if (wireType === 2) this.lengthPrefixed(this.#bytes.length);
    else if (wireType === 1) this.#advance(8);
    else if (wireType === 5) this.#advance(4);
    else throw new WireError('WIRE_TYPE', `wire type ${wireType} is not one of 0, 1, 2, 5`);
  }

  #advance(count: number): void {
    if (count > this.#bytes.length - this.#position) {
      throw new WireError('TRUNCATED', `the message ends inside a field of ${count} bytes`);
    }
    this.#position += count;
  }
}
