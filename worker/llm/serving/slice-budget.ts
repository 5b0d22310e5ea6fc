/** What a submit is for: a chunk of a prompt; a decoded step of one row, or of a few. They take different kernels. */
export type SubmitKind = 'prompt' | 'one' | 'few';

/** Of the budget: what is left is for the time that varies from run to run. */
const AIM = 0.8;
/** Weight of a measurement that fits, and of one that does not: what keeps the screen waiting counts at once. */
const WEIGHTS = { fitting: 0.25, tooLong: 0.75 } as const;

/**
 * Submits that a chunk of a prompt may take, as far as each has a layer: more tokens at once cost less each, which a chunk of one submit would
 * never find out, and who decodes beside it waits for these few at most.
 */
const SUBMITS_PER_CHUNK = 4;

/** Batches that are looked at before matrices are cut. */
const RECENT = 8;

export interface SliceSizes {
  /** Tokens that a matrix kernel takes in the time of one: a chunk is a multiple of it, and never less. */
  readonly tileTokens: number;
  /** What scratch holds. */
  readonly largestChunk: number;
  /** Work of a token's attention to one position in all layers, as a share of its work in all matrices. */
  readonly attentionPerPosition: number;
  readonly layerCount: number;
}

/** Tokens of a prompt whose attention is looked at once; fewer leave a GPU idle. */
const SMALLEST_CHUNK = 4;

/**
 * How much one submit may hold, so that the GPU is kept from its owner no longer than `targetMs`. Learns from what submits took: chunks
 * of a prompt get fewer tokens; the kernels of a chunk, or of a decoded step, that is too long for one submit are cut into several.
 * Cuts change no byte of a result: the same kernels run in the same order.
 */
export class SliceBudget {
  readonly #sizes: SliceSizes;
  /** Milliseconds of a tile of tokens at the front of a prompt, or of a step. */
  readonly #costsMs: Record<SubmitKind, number | undefined> = { prompt: undefined, one: undefined, few: undefined };
  readonly #counts: Record<SubmitKind, number> = { prompt: 0, one: 0, few: 0 };
  readonly #recentMs: Record<SubmitKind, readonly number[]> = { prompt: [], one: [], few: [] };
  #targetMs: number;
  #overruns = 0;

  constructor(targetMs: number, sizes: SliceSizes) {
    this.#targetMs = targetMs;
    this.#sizes = sizes;
  }

  get targetMs(): number {
    return this.#targetMs;
  }

  /** Holds from the next submit on: the owner has come, or gone. */
  retarget(targetMs: number): void {
    this.#targetMs = targetMs;
  }

  /** Tokens of the next chunk of a prompt, behind `depth` positions: the further in, the longer is their attention. */
  chunkTokens(depth: number): number {
    const { tileTokens, largestChunk, layerCount } = this.#sizes;
    if (!Number.isFinite(this.#targetMs)) return largestChunk;
    const { prompt } = this.#costsMs;
    // Nothing is known before the first: it is as short as it can be.
    if (prompt === undefined) return tileTokens;
    const aimMs = this.#targetMs * AIM;
    const submits = Math.min(SUBMITS_PER_CHUNK, layerCount);
    // What tokens take in the attention of one layer, which no cut makes shorter.
    const attentionMs = (tokens: number) => (prompt * this.#attentionUnits(tokens, depth)) / layerCount;
    for (let tokens = largestChunk; tokens > tileTokens; tokens -= tileTokens) {
      const wholeMs = prompt * this.#unitsOf('prompt', tokens, depth);
      if (wholeMs <= aimMs * submits && attentionMs(tokens) <= aimMs) return tokens;
    }
    if (attentionMs(tileTokens) <= this.#targetMs) return tileTokens;
    return Math.max(SMALLEST_CHUNK, Math.floor((tileTokens * aimMs) / attentionMs(tileTokens)));
  }

  /** Submits that a batch of `tokens` is cut into; 1 while it fits. */
  pieces(kind: SubmitKind, tokens: number, depth = 0): number {
    const costMs = this.#costsMs[kind];
    if (costMs === undefined || !Number.isFinite(this.#targetMs)) return 1;
    const wholeMs = costMs * this.#unitsOf(kind, tokens, depth);
    return wholeMs <= this.#targetMs ? 1 : Math.ceil(wholeMs / (this.#targetMs * AIM));
  }

  /**
   * By how much the longest dispatch of a batch has to be shortened to fit, when it has `share` of the batch's work; 1 while it fits. By the
   * best of the last eight batches: a moment in which others had the GPU makes no dispatch longer.
   */
  shortenBy(kind: SubmitKind, share: number): number {
    const recent = this.#recentMs[kind];
    if (recent.length < RECENT) return 1;
    const dispatchMs = Math.min(...recent) * share;
    return dispatchMs <= this.#targetMs ? 1 : dispatchMs / (this.#targetMs * AIM);
  }

  /** Batches that took longer than the target and were not cut. */
  get overruns(): number {
    return this.#overruns;
  }

  /** What a batch took, all of its pieces together. */
  note(kind: SubmitKind, tokens: number, durationMs: number, depth = 0): void {
    const pieces = this.pieces(kind, tokens, depth);
    const isTooLong = durationMs / pieces > this.#targetMs;
    if (isTooLong && pieces === 1) this.#overruns += 1;
    const costMs = durationMs / this.#unitsOf(kind, tokens, depth);
    const known = this.#costsMs[kind];
    this.#recentMs[kind] = [...this.#recentMs[kind].slice(1 - RECENT), costMs];
    const weight = isTooLong ? WEIGHTS.tooLong : WEIGHTS.fitting;
    this.#counts[kind] += 1;
    // The first of a kind holds the driver's last compiling: the second takes its place.
    const isKnown = known !== undefined && this.#counts[kind] > 2;
    this.#costsMs[kind] = isKnown ? known + weight * (costMs - known) : costMs;
  }

  /** Work, where 1 is that of the matrices on a tile of tokens, or of a step. */
  #unitsOf(kind: SubmitKind, tokens: number, depth: number): number {
    if (kind !== 'prompt') return 1;
    return Math.ceil(tokens / this.#sizes.tileTokens) + this.#attentionUnits(tokens, depth);
  }

  #attentionUnits(tokens: number, depth: number): number {
    const { tileTokens, attentionPerPosition } = this.#sizes;
    return (tokens / tileTokens) * attentionPerPosition * (depth + tokens / 2);
  }
}
