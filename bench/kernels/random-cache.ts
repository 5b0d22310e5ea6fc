import { decodePlane, encodePlane } from '../../tests/gpu/reference/cache-planes.ts';
import { createStorageBuffer, uploadStorageBuffer } from '../../worker/gpu/buffers.ts';
import { type CacheFormat, type CacheTable, PAGE_TOKENS, planePageBytes } from '../../worker/llm/cache/cache-format.ts';
import { randomVector } from './random-matrix.ts';

/** Regions (16 positions of a head) after which a random cache repeats: prime, so that no page looks like another for a long while. */
const periodRegions = 251;

/** Keys or values of a pool of pages in several places, and what is in them. */
export interface RandomPlane {
  readonly buffers: readonly GPUBuffer[];
  /** Number `element` of the head at `place` (page * 16 + position in page). */
  valueAt(place: number, head: number, element: number): number;
}

/** Numbers in [-1, 1), as the format keeps them. */
export function createRandomPlane(
  device: GPUDevice,
  format: CacheFormat,
  options: {
    pageCount: number;
    keyValueHeadCount: number;
    headLength: number;
    headStride: number;
    seed: number;
    copies: number;
  },
): RandomPlane {
  const { pageCount, keyValueHeadCount, headLength, headStride } = options;
  const numbers = randomVector(periodRegions * PAGE_TOKENS * headStride, headStride, headLength, options.seed);
  const bytes = encodePlane(format.type, numbers, headStride);
  const kept = decodePlane(format.type, bytes, headStride);
  const block = uploadStorageBuffer(device, 'bench.cache.block', bytes);
  const regionBytes = bytes.length / periodRegions;
  const regions = pageCount * keyValueHeadCount;
  const encoder = device.createCommandEncoder({ label: 'bench.cache' });
  const buffers = Array.from({ length: options.copies }, () => {
    const buffer = createStorageBuffer(device, 'bench.cache', pageCount * planePageBytes(options, format));
    for (let region = 0; region < regions; region += periodRegions) {
      const count = Math.min(periodRegions, regions - region);
      encoder.copyBufferToBuffer(block, 0, buffer, region * regionBytes, count * regionBytes);
    }
    return buffer;
  });
  device.queue.submit([encoder.finish()]);
  block.destroy();
  return {
    buffers,
    valueAt(place, head, element) {
      const region = (Math.floor(place / PAGE_TOKENS) * keyValueHeadCount + head) % periodRegions;
      return kept[(region * PAGE_TOKENS + (place % PAGE_TOKENS)) * headStride + element] ?? NaN;
    },
  };
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
