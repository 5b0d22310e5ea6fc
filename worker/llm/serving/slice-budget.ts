/** Sizes of a chunk that are worth having: few enough tokens for any budget, at most what scratch holds. */
const SMALLEST_CHUNK = 8;

/**
 * How many prompt tokens the next submit may have, so that it stays within the time the screen can be kept waiting. Learns the time
 * of a token from what chunks took; a submit longer than the budget halves the next, and growth is by a quarter at most.
 */
export class SliceBudget {
  readonly budgetMs: number;
  readonly #largest: number;
  #chunk: number;
  #overruns = 0;

  constructor(budgetMs: number, largestChunk: number) {
    this.budgetMs = budgetMs;
    this.#largest = largestChunk;
    this.#chunk = Number.isFinite(budgetMs) ? Math.min(largestChunk, 4 * SMALLEST_CHUNK) : largestChunk;
  }

  /** Tokens of the next chunk. */
  get chunkTokens(): number {
    return this.#chunk;
  }

  /** Chunks that took longer than the budget. */
  get overruns(): number {
    return this.#overruns;
  }

  /** What a chunk of `tokens` took. */
  note(tokens: number, durationMs: number): void {
    if (durationMs > this.budgetMs) {
      this.#overruns += 1;
      this.#chunk = Math.max(SMALLEST_CHUNK, Math.min(this.#chunk, Math.floor(tokens / 2)));
      return;
    }
    // A short last chunk says little about what a whole one takes.
    if (tokens < this.#chunk) return;
    const fitting = Math.floor((tokens * this.budgetMs * 0.8) / Math.max(durationMs, 1e-3));
    this.#chunk = Math.max(SMALLEST_CHUNK, Math.min(this.#largest, Math.ceil(this.#chunk * 1.25), fitting));
  }
}
