/** Tokens of a draft at most: with the token it follows, one batch. */
export const MAXIMUM_DRAFT = 15;

/** Length of the shortest repetition that is followed, in tokens. */
const SHORTEST_MATCH = 2;
/** Places that are compared for the longest repetition, the latest first. */
const CANDIDATES = 16;
/** A repetition longer than this is not preferred to another. */
const LONGEST_MATCH = 24;
/** Tokens without a draft after a wrong one, doubled from the shorter to the longer while drafts stay wrong. */
const PAUSE = { shortest: 4, longest: 64 } as const;

/** Drafted tokens that were checked, and those that came true. */
export interface DraftCounts {
  readonly checked: number;
  readonly accepted: number;
}

/**
 * Guesses how a text goes on by what followed when its last tokens were last seen: in the prompt (names, code, quotations) or in the
 * answer itself (tables, lists). The guess is only ever a draft to be checked. Its length follows success: doubled when all of it came
 * true, halved when none did; after a wrong draft of one token there is a pause, so that text which never goes on alike costs little.
 *
 * Finding takes time independent of the length of the text: places are chained by their last two tokens.
 */
export class PromptLookup {
  readonly #maximum: number;
  #width: number;
  #pause = 0;
  /** Length of the text from which on drafts are made again. */
  #resumeAt = 0;
  /** Positions that are in the chains. */
  #indexed = 0;
  readonly #latest = new Map<number, number>();
  /** Of each position, the latest before it with the same two last tokens; -1: none. */
  readonly #previous: number[] = [];

  #counts: DraftCounts = { checked: 0, accepted: 0 };

  /** `maximumTokens`: of a draft, 1..MAXIMUM_DRAFT. */
  constructor(maximumTokens: number) {
    this.#maximum = maximumTokens;
    this.#width = Math.min(4, maximumTokens);
  }

  /** Of all drafts so far. */
  get counts(): DraftCounts {
    return this.#counts;
  }

  /** What may follow `tokens`, at most `room`; empty when nothing reads alike. Each call is given the last one's tokens and more. */
  propose(tokens: readonly number[], room: number): number[] {
    this.#index(tokens);
    const length = Math.min(room, this.#width);
    if (length < 1 || tokens.length < this.#resumeAt) return [];
    const end = this.#findEnd(tokens);
    if (end === undefined) return [];
    // A text that repeats itself at once is read on into the draft.
    const period = tokens.length - 1 - end;
    return Array.from({ length }, (_, index) => tokens[end + 1 + (index % period)] ?? 0);
  }

  /** Of the last draft of `drafted` tokens, the first `accepted` came true; `tokens` are now so many. */
  note(drafted: number, accepted: number, length: number): void {
    this.#counts = { checked: this.#counts.checked + drafted, accepted: this.#counts.accepted + accepted };
    if (accepted > 0) {
      this.#pause = 0;
      if (accepted === drafted) this.#width = Math.min(this.#maximum, 2 * this.#width);
      return;
    }
    if (this.#width > 1) {
      this.#width = Math.floor(this.#width / 2);
      return;
    }
    this.#pause = Math.min(PAUSE.longest, Math.max(PAUSE.shortest, 2 * this.#pause));
    this.#resumeAt = length + this.#pause;
  }

  /** The last place is chained only once another follows it: a text is no repetition of itself. */
  #index(tokens: readonly number[]): void {
    for (; this.#indexed < tokens.length - 1; this.#indexed++) {
      const key = keyAt(tokens, this.#indexed);
      this.#previous.push(this.#latest.get(key) ?? -1);
      this.#latest.set(key, this.#indexed);
    }
  }

  /** Where the longest repetition of the text's end ended before; of equals the latest. */
  #findEnd(tokens: readonly number[]): number | undefined {
    const last = tokens.length - 1;
    let best: number | undefined;
    let longest = SHORTEST_MATCH - 1;
    let place = this.#latest.get(keyAt(tokens, last)) ?? -1;
    for (let tried = 0; place > 0 && tried < CANDIDATES; tried++) {
      const length = commonEnd(tokens, place, last);
      if (length > longest) {
        longest = length;
        best = place;
      }
      place = this.#previous[place] ?? -1;
    }
    return best;
  }
}

/** The last two tokens at a position as one whole number. */
function keyAt(tokens: readonly number[], position: number): number {
  return (tokens[position - 1] ?? 0) * 2 ** 26 + (tokens[position] ?? 0);
}

/** How many tokens up to `a` and up to `b` are alike, at most LONGEST_MATCH. */
function commonEnd(tokens: readonly number[], a: number, b: number): number {
  let length = 0;
  while (length < LONGEST_MATCH && length <= a && tokens[a - length] === tokens[b - length]) length += 1;
  return length;
}
