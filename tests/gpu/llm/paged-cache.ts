import { readBuffer } from '../../../worker/gpu/buffers.ts';
import {
  PAGE_TOKENS,
  planePageBytes,
  type CacheFormat,
  type CacheTable,
} from '../../../worker/llm/cache/cache-format.ts';
import type { HeadShape } from '../../../worker/llm/kernels/rope-append.ts';
import { pick } from '../../fixtures/llm/random.ts';
import { decodePlane, encodePlane } from '../reference/cache-planes.ts';
import type { KernelBench } from './kernel-bench.ts';

/** Sequences in slots with their pages scattered over a pool, for kernels that read and write a paged cache. */
export class PagedCache {
  readonly table: CacheTable;
  readonly #bench: KernelBench;
  readonly #heads: HeadShape;
  readonly #format: CacheFormat;
  readonly #pageCount: number;
  readonly #pages: readonly (readonly number[])[];

  /** `lengths`: positions of each slot. `rows`: (slot, position) of each row. */
  constructor(
    bench: KernelBench,
    random: () => number,
    shape: {
      heads: HeadShape;
      format: CacheFormat;
      lengths: readonly number[];
      rows: readonly (readonly [slot: number, position: number])[];
    },
  ) {
    const { lengths, rows } = shape;
    this.#bench = bench;
    this.#heads = shape.heads;
    this.#format = shape.format;
    const capacity = Math.max(...lengths);
    const pagesPerSlot = Math.ceil(capacity / PAGE_TOKENS);
    const needed = lengths.map((length) => Math.ceil(length / PAGE_TOKENS));
    this.#pageCount = needed.reduce((sum, count) => sum + count, 3);
    const free = Array.from({ length: this.#pageCount }, (_, index) => index);
    this.#pages = needed.map((count) =>
      Array.from({ length: count }, () => free.splice(pick(random, free.length), 1)[0] ?? 0),
    );
    const rowWords = rows.flat();
    const pageWords = this.#pages.flatMap((pages) => [...pages, ...Array(pagesPerSlot - pages.length).fill(0)]);
    this.table = {
      rows: bench.integers('rows', [...rowWords, ...pageWords]),
      pageTableStart: rowWords.length,
      pagesPerSlot,
      capacity,
    };
  }

  /** Keys or values with nothing in them. */
  empty(label: string): GPUBuffer {
    return this.#bench.empty(label, (this.#pageCount * planePageBytes(this.#heads, this.#format)) / 4);
  }

  /**
   * Keys or values [position][heads][headStride] of each slot in their pages, and the same as the format keeps them. What no slot holds is
   * NaN, so that a stray read shows.
   */
  fill(label: string, slots: readonly Float32Array[]): { buffer: GPUBuffer; kept: Float32Array[] } {
    const { keyValueHeadCount, headStride } = this.#heads;
    const pool = new Float32Array(this.#pageCount * PAGE_TOKENS * keyValueHeadCount * headStride).fill(NaN);
    const places = (slot: number, index: number): number =>
      this.#place(
        slot,
        Math.floor(index / headStride / keyValueHeadCount),
        Math.floor(index / headStride) % keyValueHeadCount,
      ) +
      (index % headStride);
    slots.forEach((values, slot) => values.forEach((value, index) => (pool[places(slot, index)] = value)));
    const bytes = encodePlane(this.#format.type, pool, headStride);
    const decoded = decodePlane(this.#format.type, bytes, headStride);
    return {
      buffer: this.#bench.integers(label, new Uint32Array(bytes.buffer)),
      kept: slots.map((values, slot) => values.map((_, index) => decoded[places(slot, index)] ?? NaN)),
    };
  }

  /** Heads [heads][headStride] of (slot, position), and whatever lies elsewhere. */
  async read(
    buffer: GPUBuffer,
    rows: readonly (readonly [slot: number, position: number])[],
  ): Promise<{ kept: Float32Array[]; others: Float32Array }> {
    const { keyValueHeadCount, headStride } = this.#heads;
    const sizeBytes = this.#pageCount * planePageBytes(this.#heads, this.#format);
    const bytes = new Uint8Array(await readBuffer(this.#bench.device, buffer, sizeBytes));
    const decoded = decodePlane(this.#format.type, bytes, headStride);
    const isKept = new Uint8Array(decoded.length);
    const kept = rows.map(([slot, position]) =>
      Float32Array.from({ length: keyValueHeadCount * headStride }, (_, index) => {
        const at = this.#place(slot, position, Math.floor(index / headStride)) + (index % headStride);
        isKept[at] = 1;
        return decoded[at] ?? NaN;
      }),
    );
    return { kept, others: decoded.filter((_, index) => isKept[index] === 0) };
  }

  /** Index of a head's first number in a decoded plane. */
  #place(slot: number, position: number, head: number): number {
    const page = this.#pages[slot]?.[Math.floor(position / PAGE_TOKENS)] ?? NaN;
    const region = page * this.#heads.keyValueHeadCount + head;
    return (region * PAGE_TOKENS + (position % PAGE_TOKENS)) * this.#heads.headStride;
  }
}
