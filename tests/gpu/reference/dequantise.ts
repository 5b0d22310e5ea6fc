/**
 * GGML blocks to float64, one element at a time, written from the format's definition (ggml-common.h, ggml-quants.c) and independent
 * of the engine: the reference for every weight. That it reads the layout as llama.cpp does is checked by the golden files.
 */

export const GGML_TYPE_ID = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q2_K: 10,
  Q3_K: 11,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  BF16: 30,
} as const;
export type GgmlTypeName = keyof typeof GGML_TYPE_ID;
export const GGML_TYPE_NAMES = Object.keys(GGML_TYPE_ID) as readonly GgmlTypeName[];

/** Elements and bytes of a block. */
const BLOCKS: Readonly<Record<GgmlTypeName, readonly [length: number, bytes: number]>> = {
  F32: [1, 4],
  F16: [1, 2],
  BF16: [1, 2],
  Q4_0: [32, 18],
  Q4_1: [32, 20],
  Q5_0: [32, 22],
  Q5_1: [32, 24],
  Q8_0: [32, 34],
  Q2_K: [256, 84],
  Q3_K: [256, 110],
  Q4_K: [256, 144],
  Q5_K: [256, 176],
  Q6_K: [256, 210],
};

export function ggmlBlock(type: GgmlTypeName): { length: number; bytes: number } {
  const [length, bytes] = BLOCKS[type];
  return { length, bytes };
}

/** Bytes that `count` elements take. */
export function ggmlBytes(type: GgmlTypeName, count: number): number {
  const { length, bytes } = ggmlBlock(type);
  return (count / length) * bytes;
}

export function dequantise(type: GgmlTypeName, bytes: Uint8Array, count: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const block = ggmlBlock(type);
  const read = READERS[type];
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    values[index] = read(view, Math.floor(index / block.length) * block.bytes, index % block.length);
  }
  return values;
}

/** The value of element `i` of the block at byte `at`. */
type Reader = (view: DataView, at: number, i: number) => number;

/** Element i of 32 nibbles in 16 bytes: the first sixteen low, the others high. */
const nibble: Reader = (view, at, i) => (view.getUint8(at + (i % 16)) >> (i < 16 ? 0 : 4)) & 15;
/** Bit i of 32 in four bytes. */
const bit: Reader = (view, at, i) => (view.getUint32(at, true) >>> i) & 1;

/** The six-bit scale and minimum of sub-block `j` of Q4_K and Q5_K, packed in twelve bytes. */
function sixBitPair(view: DataView, at: number, j: number): readonly [scale: number, minimum: number] {
  const byte = (index: number) => view.getUint8(at + index);
  if (j < 4) return [byte(j) & 63, byte(j + 4) & 63];
  return [(byte(j + 4) & 15) + (byte(j - 4) >> 6) * 16, (byte(j + 4) >> 4) + (byte(j) >> 6) * 16];
}

/** The six-bit scale of sub-block `j` (0..15) of Q3_K, packed in twelve bytes. */
function sixBitScale(view: DataView, at: number, j: number): number {
  const low = (view.getUint8(at + (j % 8)) >> (j < 8 ? 0 : 4)) & 15;
  const high = (view.getUint8(at + 8 + (j % 4)) >> (2 * Math.floor(j / 4))) & 3;
  return low + high * 16;
}

/** Q4_K and Q5_K keep 64 weights in 32 bytes: the first 32 in the low nibbles. */
const nibble64: Reader = (view, at, i) =>
  (view.getUint8(at + Math.floor(i / 64) * 32 + (i % 32)) >> (i % 64 < 32 ? 0 : 4)) & 15;
/** Q2_K and Q3_K keep 128 weights in 32 bytes: two bits for each run of 32. */
const crumb128: Reader = (view, at, i) =>
  (view.getUint8(at + Math.floor(i / 128) * 32 + (i % 32)) >> (2 * Math.floor((i % 128) / 32))) & 3;

const READERS: Readonly<Record<GgmlTypeName, Reader>> = {
  F32: (view, at) => view.getFloat32(at, true),
  F16: readHalf,
  BF16(view, at) {
    const wide = new DataView(new ArrayBuffer(4));
    wide.setUint16(2, view.getUint16(at, true), true);
    return wide.getFloat32(0, true);
  },
  Q4_0: (view, at, i) => readHalf(view, at) * (nibble(view, at + 2, i) - 8),
  Q4_1: (view, at, i) => readHalf(view, at) * nibble(view, at + 4, i) + readHalf(view, at + 2),
  Q5_0: (view, at, i) => readHalf(view, at) * (nibble(view, at + 6, i) + 16 * bit(view, at + 2, i) - 16),
  Q5_1: (view, at, i) =>
    readHalf(view, at) * (nibble(view, at + 8, i) + 16 * bit(view, at + 4, i)) + readHalf(view, at + 2),
  Q8_0: (view, at, i) => readHalf(view, at) * view.getInt8(at + 2 + i),
  Q2_K(view, at, i) {
    const pair = view.getUint8(at + Math.floor(i / 16));
    const code = crumb128(view, at + 16, i);
    return readHalf(view, at + 80) * (pair & 15) * code - readHalf(view, at + 82) * (pair >> 4);
  },
  Q3_K(view, at, i) {
    const high = (view.getUint8(at + (i % 32)) >> Math.floor(i / 32)) & 1;
    const code = crumb128(view, at + 32, i) + 4 * high - 4;
    return readHalf(view, at + 108) * (sixBitScale(view, at + 96, Math.floor(i / 16)) - 32) * code;
  },
  Q4_K(view, at, i) {
    const [scale, minimum] = sixBitPair(view, at + 4, Math.floor(i / 32));
    return readHalf(view, at) * scale * nibble64(view, at + 16, i) - readHalf(view, at + 2) * minimum;
  },
  Q5_K(view, at, i) {
    const [scale, minimum] = sixBitPair(view, at + 4, Math.floor(i / 32));
    const high = (view.getUint8(at + 16 + (i % 32)) >> Math.floor(i / 32)) & 1;
    const code = nibble64(view, at + 48, i) + 16 * high;
    return readHalf(view, at) * scale * code - readHalf(view, at + 2) * minimum;
  },
  Q6_K(view, at, i) {
    const part = Math.floor(i / 128);
    const run = Math.floor((i % 128) / 32);
    const low = view.getUint8(at + part * 64 + (run % 2) * 32 + (i % 32)) >> (run < 2 ? 0 : 4);
    const high = view.getUint8(at + 128 + part * 32 + (i % 32)) >> (2 * run);
    const scale = view.getInt8(at + 192 + Math.floor(i / 16));
    return readHalf(view, at + 208) * scale * ((low & 15) + 16 * (high & 3) - 32);
  },
};

/** IEEE 754 binary16, by its definition. */
export function readHalf(view: DataView, offset: number): number {
  const bits = view.getUint16(offset, true);
  const sign = bits >= 0x8000 ? -1 : 1;
  const exponent = Math.floor(bits / 1024) % 32;
  const fraction = (bits % 1024) / 1024;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

/** The nearest binary16 (ties away from zero), for finite numbers below 65504. */
export function writeHalf(view: DataView, offset: number, value: number): void {
  const magnitude = Math.abs(value);
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const steps = Math.round((magnitude / 2 ** exponent) * 1024);
  const bits = exponent === -14 && steps < 1024 ? steps : (exponent + 15) * 1024 + (steps - 1024);
  view.setUint16(offset, bits + (value < 0 ? 0x8000 : 0), true);
}
