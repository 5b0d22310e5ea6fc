/** GGML blocks to float64, written from the format's definition and independent of the engine: the reference for every weight. */

export const GGML_TYPE_ID = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8 } as const;
export type GgmlTypeName = keyof typeof GGML_TYPE_ID;

/** Bytes that `count` elements take. */
export function ggmlBytes(type: GgmlTypeName, count: number): number {
  const perBlock = { F32: 4 * 32, F16: 2 * 32, Q4_0: 18, Q8_0: 34 }[type];
  return (count / 32) * perBlock;
}

export function dequantise(type: GgmlTypeName, bytes: Uint8Array, count: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = readElement(type, view, index);
  return values;
}

function readElement(type: GgmlTypeName, view: DataView, index: number): number {
  const block = Math.floor(index / 32);
  const inBlock = index % 32;
  switch (type) {
    case 'F32':
      return view.getFloat32(index * 4, true);
    case 'F16':
      return readHalf(view, index * 2);
    case 'Q8_0':
      return readHalf(view, block * 34) * view.getInt8(block * 34 + 2 + inBlock);
    case 'Q4_0': {
      const byte = view.getUint8(block * 18 + 2 + (inBlock % 16));
      const nibble = inBlock < 16 ? byte & 15 : byte >> 4;
      return readHalf(view, block * 18) * (nibble - 8);
    }
  }
}

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
