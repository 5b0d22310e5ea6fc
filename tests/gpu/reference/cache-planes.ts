import type { CacheType } from '../../../worker/llm/cache/cache-type.ts';
import { readHalf } from './dequantise.ts';

/** Positions of a region, as in the shaders. */
const positions = 16;

/** Where the numbers of a head at one position are, in bytes from the start of its region, and where its scales. */
function layout(type: CacheType, headStride: number): { regionBytes: number; headBytes: number; scaleBytes: number } {
  const headBytes = headStride * { f32: 4, f16: 2, q8_0: 1 }[type];
  const scaleBytes = type === 'q8_0' ? Math.ceil(headStride / 64) * 4 : 0;
  return { regionBytes: positions * (headBytes + scaleBytes), headBytes, scaleBytes };
}

/** Keys or values [region][16][headStride] as a cache of this type holds them, in float64 and one by one. NaN stays NaN. */
export function encodePlane(type: CacheType, numbers: Float32Array, headStride: number): Uint8Array<ArrayBuffer> {
  if (type === 'f32') return new Uint8Array(numbers.slice().buffer);
  const { regionBytes, headBytes, scaleBytes } = layout(type, headStride);
  const bytes = new Uint8Array((numbers.length / positions / headStride) * regionBytes);
  const view = new DataView(bytes.buffer);
  for (let head = 0; head * headStride < numbers.length; head++) {
    const values = numbers.subarray(head * headStride, (head + 1) * headStride);
    const region = Math.floor(head / positions) * regionBytes;
    const position = head % positions;
    if (type === 'f16') {
      values.forEach((value, i) => view.setUint16(region + position * headBytes + i * 2, halfBits(value), true));
      continue;
    }
    for (let block = 0; block * 32 < headStride; block++) {
      const part = values.subarray(block * 32, block * 32 + 32);
      const largest = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const at = region + positions * headBytes + position * scaleBytes + block * 2;
      view.setUint16(at, halfBits(Math.max(largest / 127, 2 ** -14)), true);
      const scale = readHalf(view, at);
      part.forEach((value, i) => {
        const step = Math.max(-127, Math.min(127, Math.round(value / scale)));
        view.setInt8(region + position * headBytes + block * 32 + i, step);
      });
    }
  }
  return bytes;
}

/** The numbers that a plane holds. */
export function decodePlane(type: CacheType, bytes: Uint8Array, headStride: number): Float32Array<ArrayBuffer> {
  const { regionBytes, headBytes, scaleBytes } = layout(type, headStride);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: (bytes.length / regionBytes) * positions * headStride }, (_, index) => {
    const i = index % headStride;
    const head = Math.floor(index / headStride);
    const region = Math.floor(head / positions) * regionBytes;
    const position = head % positions;
    const at = region + position * headBytes;
    if (type === 'f32') return view.getFloat32(at + i * 4, true);
    if (type === 'f16') return readHalf(view, at + i * 2);
    const scale = region + positions * headBytes + position * scaleBytes + Math.floor(i / 32) * 2;
    return view.getInt8(at + i) * readHalf(view, scale);
  });
}

/** Nearest, ties to even, at most 65504, no subnormals: below 2^-14 zero or 2^-14. */
function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 ? 0x8000 : 0;
  const magnitude = Math.min(Math.abs(value), 65504);
  if (magnitude < 2 ** -14) return sign | (magnitude < 2 ** -15 ? 0 : 0x400);
  const exponent = Math.floor(Math.log2(magnitude));
  const steps = (magnitude / 2 ** exponent) * 1024;
  const below = Math.floor(steps);
  const rest = steps - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0;
  return sign | ((exponent + 14) * 1024 + below + up);
}
