import { PAGE_TOKENS, type CacheTable } from '../../../worker/llm/cache/cache-format.ts';
import { pick } from '../../fixtures/llm/random.ts';
import type { KernelBench } from './kernel-bench.ts';

/** Sequences in slots with their pages scattered over a pool, for kernels that read and write a paged cache. */
export class PagedCache {
  readonly table: CacheTable;
  readonly pageCount: number;
  readonly #pages: readonly (readonly number[])[];

  /** `lengths`: positions of each slot. `rows`: (slot, position) of each row. */
  constructor(
    bench: KernelBench,
    random: () => number,
    lengths: readonly number[],
    rows: readonly (readonly [slot: number, position: number])[],
  ) {
    const capacity = Math.max(...lengths);
    const pagesPerSlot = Math.ceil(capacity / PAGE_TOKENS);
    const needed = lengths.map((length) => Math.ceil(length / PAGE_TOKENS));
    this.pageCount = needed.reduce((sum, count) => sum + count, 3);
    const free = Array.from({ length: this.pageCount }, (_, index) => index);
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

  /** Index of a position's row in the pool. */
  place(slot: number, position: number): number {
    return (this.#pages[slot]?.[Math.floor(position / PAGE_TOKENS)] ?? NaN) * PAGE_TOKENS + (position % PAGE_TOKENS);
  }

  /** Rows [position][width] of each slot, scattered; what no slot holds is NaN, so that a stray read shows. */
  scatter(slots: readonly Float32Array[], width: number): Float32Array {
    const pool = new Float32Array(this.pageCount * PAGE_TOKENS * width).fill(NaN);
    slots.forEach((values, slot) => {
      for (let position = 0; position * width < values.length; position++) {
        pool.set(values.subarray(position * width, (position + 1) * width), this.place(slot, position) * width);
      }
    });
    return pool;
  }
}
