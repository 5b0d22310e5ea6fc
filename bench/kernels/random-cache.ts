import { createStorageBuffer, uploadStorageBuffer } from '../../worker/gpu/buffers.ts';
import { type CacheFormat, type CacheTable, PAGE_TOKENS } from '../../worker/llm/cache/cache-format.ts';
import { toHalf } from '../../worker/llm/profile/random-model/random-formats.ts';

/** Heads after which a random cache repeats: prime, so that no page looks like another for a long while. */
const periodHeads = 4093;

/** Keys or values of a pool of pages in several places, and what is in them. */
export interface RandomPlane {
  readonly buffers: readonly GPUBuffer[];
  readonly sizeBytes: number;
  /** Number `element` of the head at `place` (page * 16 + position in page). */
  valueAt(place: number, head: number, element: number): number;
}

export interface PlaneShape {
  readonly pageCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  readonly headStride: number;
}

export function planeBytes({ pageCount, keyValueHeadCount, headStride }: PlaneShape, format: CacheFormat): number {
  return pageCount * PAGE_TOKENS * keyValueHeadCount * headStride * format.bytesPerNumber;
}

/** Multiples of 1/64 in [-1, 1), which float16 holds exactly. */
export function createRandomPlane(
  device: GPUDevice,
  format: CacheFormat,
  options: PlaneShape & { seed: number; copies: number },
): RandomPlane {
  const { keyValueHeadCount, headLength, headStride } = options;
  const random = createIntegers(options.seed);
  const numbers = new Float32Array(periodHeads * headStride);
  for (let index = 0; index < numbers.length; index++) {
    if (index % headStride < headLength) numbers[index] = ((random() >>> 8) % 128) / 64 - 1;
  }
  const block = uploadStorageBuffer(device, 'bench.cache.block', encode(format, numbers));
  const heads = options.pageCount * PAGE_TOKENS * keyValueHeadCount;
  const headBytes = headStride * format.bytesPerNumber;
  const sizeBytes = planeBytes(options, format);
  const encoder = device.createCommandEncoder({ label: 'bench.cache' });
  const buffers = Array.from({ length: options.copies }, () => {
    const buffer = createStorageBuffer(device, 'bench.cache', sizeBytes);
    for (let head = 0; head < heads; head += periodHeads) {
      const count = Math.min(periodHeads, heads - head);
      encoder.copyBufferToBuffer(block, 0, buffer, head * headBytes, count * headBytes);
    }
    return buffer;
  });
  device.queue.submit([encoder.finish()]);
  block.destroy();
  return {
    buffers,
    sizeBytes,
    valueAt: (place, head, element) =>
      numbers[((place * keyValueHeadCount + head) % periodHeads) * headStride + element] ?? NaN,
  };
}

function encode(format: CacheFormat, numbers: Float32Array<ArrayBuffer>): ArrayBufferView<ArrayBuffer> {
  if (format.type === 'f32') return numbers;
  return Uint16Array.from(numbers, (value) => (value < 0 ? 0x8000 : 0) | toHalf(Math.abs(value)));
}

/** Rows (slot, position), and for each slot pages spread over the pool. */
export function spreadPages(
  device: GPUDevice,
  rows: readonly (readonly [slot: number, position: number])[],
  capacity: number,
): { table: CacheTable; pageCount: number; placeOf(slot: number, position: number): number } {
  const pagesPerSlot = Math.ceil(capacity / PAGE_TOKENS);
  const pageCount = (Math.max(...rows.map(([slot]) => slot)) + 1) * pagesPerSlot;
  // A stride without a common divisor visits every page once, neighbours far apart.
  let stride = Math.max(1, Math.floor(pageCount * 0.618));
  while (greatestDivisor(stride, pageCount) !== 1) stride += 1;
  const pageOf = (index: number): number => (index * stride) % pageCount;
  const pages = Array.from({ length: pageCount }, (_, index) => pageOf(index));
  const table = {
    rows: uploadStorageBuffer(device, 'bench.rows', Uint32Array.from([...rows.flat(), ...pages])),
    pageTableStart: rows.length * 2,
    pagesPerSlot,
    capacity,
  };
  const placeOf = (slot: number, position: number): number =>
    pageOf(slot * pagesPerSlot + Math.floor(position / PAGE_TOKENS)) * PAGE_TOKENS + (position % PAGE_TOKENS);
  return { table, pageCount, placeOf };
}

function greatestDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestDivisor(other, one % other);
}

function createIntegers(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 747796405) + 2891336453) >>> 0);
}
