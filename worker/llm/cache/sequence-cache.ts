import { LlmError } from '../llm-error.ts';
import type { BatchRunner } from '../serving/batch-runner.ts';
import { SLOT_COUNT } from '../serving/batch-buffers.ts';
import type { Sequence } from '../serving/sequence.ts';
import { PAGE_TOKENS } from './cache-format.ts';
import { PagePool } from './page-pool.ts';
import { PrefixTree } from './prefix-tree.ts';

/** Where the pages of a model are. */
export interface CacheCounters {
  readonly pageCount: number;
  readonly pagesInUse: number;
  /** Of those in use, pages kept for prompts that begin alike. */
  readonly prefixPages: number;
  /** Prompt tokens that did not have to be computed again. */
  readonly reusedTokens: number;
  /** Times a sequence at rest lost its pages to another. */
  readonly preemptions: number;
}

/** Gives pages and slots to sequences, and takes them from those at rest when room is short. */
export class SequenceCache {
  readonly #runner: BatchRunner;
  readonly #pool: PagePool;
  readonly #prefixes: PrefixTree;
  readonly #residents = new Set<Sequence>();
  readonly #freeSlots = Array.from({ length: SLOT_COUNT }, (_, index) => SLOT_COUNT - 1 - index);
  #reusedTokens = 0;
  #preemptions = 0;
  #clock = 0;

  constructor(runner: BatchRunner, pageCount: number) {
    this.#runner = runner;
    this.#pool = new PagePool(pageCount);
    this.#prefixes = new PrefixTree(this.#pool);
  }

  get counters(): CacheCounters {
    return {
      pageCount: this.#pool.pageCount,
      pagesInUse: this.#pool.pageCount - this.#pool.freeCount,
      prefixPages: this.#prefixes.pageCount,
      reusedTokens: this.#reusedTokens,
      preemptions: this.#preemptions,
    };
  }

  /** @throws LlmError OUT_OF_MEMORY when so many positions never fit, however empty the pool. */
  checkLength(positions: number): void {
    const needed = Math.ceil(positions / PAGE_TOKENS);
    if (needed <= this.#pool.pageCount) return;
    throw new LlmError(
      'OUT_OF_MEMORY',
      `${positions} positions need ${needed} cache pages of ${PAGE_TOKENS}, but the pool has ${this.#pool.pageCount}`,
      { data: { needed, available: this.#pool.pageCount } },
    );
  }

  /** Room for positions [0, positions) and a slot; false when others have to finish first. What is known of the prompt is taken over. */
  reserve(sequence: Sequence, positions: number): boolean {
    sequence.lastUse = ++this.#clock;
    if (sequence.pages.length === 0) this.#matchPrefix(sequence);
    while (sequence.pages.length * PAGE_TOKENS < positions) {
      const page = this.#takePage(sequence);
      if (page === undefined) return false;
      this.#addPage(sequence, page);
    }
    if (sequence.slot !== undefined) return true;
    const slot = this.#takeSlot(sequence);
    if (slot === undefined) return false;
    sequence.slot = slot;
    this.#residents.add(sequence);
    this.#runner.setSlot(slot, sequence);
    return true;
  }

  /** Adds free pages towards `positions`, and takes nothing from anybody for it. Answers the positions there is room for. */
  extend(sequence: Sequence, positions: number): number {
    while (sequence.pages.length * PAGE_TOKENS < positions) {
      const page = this.#pool.take();
      if (page === undefined) break;
      this.#addPage(sequence, page);
    }
    return Math.min(positions, sequence.pages.length * PAGE_TOKENS);
  }

  /** Keeps the full pages of what a prefill made; pages that decoding touched differ in the last bits and are not shared. */
  rememberPrefix(sequence: Sequence): void {
    this.#prefixes.insert(sequence.tokens, sequence.pages, Math.floor(sequence.cached / PAGE_TOKENS));
  }

  /** Frees what a sequence holds. Submitted work may still write there: it is ahead of all that comes later. */
  release(sequence: Sequence): void {
    for (const page of sequence.pages) this.#pool.release(page);
    sequence.pages = [];
    sequence.cached = 0;
    this.#releaseSlot(sequence);
    this.#residents.delete(sequence);
  }

  /** Takes everything from a sequence that will have to be read again. */
  preempt(sequence: Sequence): void {
    this.#preemptions += 1;
    this.release(sequence);
  }

  #addPage(sequence: Sequence, page: number): void {
    if (sequence.slot !== undefined) this.#runner.setPage(sequence.slot, sequence.pages.length, page);
    sequence.pages.push(page);
    this.#residents.add(sequence);
  }

  #matchPrefix(sequence: Sequence): void {
    // A check rests on nothing that it has not computed itself.
    if (sequence.isPinned) return;
    // The last token is always computed: its logits are wanted.
    sequence.pages = this.#prefixes.match(sequence.tokens, sequence.tokens.length - 1);
    sequence.cached = sequence.pages.length * PAGE_TOKENS;
    this.#reusedTokens += sequence.cached;
    if (sequence.pages.length > 0) this.#residents.add(sequence);
  }

  #takePage(asking: Sequence): number | undefined {
    for (;;) {
      const page = this.#pool.take();
      if (page !== undefined) return page;
      if (this.#prefixes.evict(1) > 0) continue;
      const victim = this.#findVictim(asking, ({ pages }) => pages.length > 0);
      if (victim === undefined) return undefined;
      this.preempt(victim);
    }
  }

  #takeSlot(asking: Sequence): number | undefined {
    const slot = this.#freeSlots.pop();
    if (slot !== undefined) return slot;
    const victim = this.#findVictim(asking, (sequence) => sequence.slot !== undefined);
    if (victim === undefined) return undefined;
    // It keeps its pages: coming back costs writing its tokens, not computing them.
    this.#releaseSlot(victim);
    return this.#freeSlots.pop();
  }

  #releaseSlot(sequence: Sequence): void {
    if (sequence.slot !== undefined) this.#freeSlots.push(sequence.slot);
    sequence.slot = undefined;
  }

  /** The sequence that has waited longest for its caller. One that is being decoded or read is never disturbed. */
  #findVictim(asking: Sequence, holds: (sequence: Sequence) => boolean): Sequence | undefined {
    let oldest: Sequence | undefined;
    for (const sequence of this.#residents) {
      const isAtRest = sequence.demand === undefined && sequence.inFlight === 0 && !sequence.isPinned;
      if (sequence === asking || !isAtRest || !holds(sequence)) continue;
      if (oldest === undefined || sequence.lastUse < oldest.lastUse) oldest = sequence;
    }
    return oldest;
  }
}
