/**
 * Which of many texts stand at a place of another text. The texts are kept sorted and a range of them is narrowed character by
 * character, so that the index costs nothing beyond its texts and a look-up O(length x log count), whatever a file puts into it.
 */
export class PrefixIndex {
  readonly #texts: readonly string[];
  readonly #ids: readonly number[];
  readonly #firstUnits = new Set<number>();

  /** Texts are distinct and not empty. */
  constructor(entries: readonly (readonly [text: string, id: number])[]) {
    const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#texts = sorted.map(([text]) => text);
    this.#ids = sorted.map(([, id]) => id);
    for (const text of this.#texts) this.#firstUnits.add(text.charCodeAt(0));
  }

  /** The longest of the texts that stands at `start` and takes at most `room` UTF-16 units. */
  longest(text: string, start: number, room: number): { readonly id: number; readonly length: number } | undefined {
    if (!this.#firstUnits.has(text.charCodeAt(start))) return undefined;
    let low = 0;
    let high = this.#texts.length;
    let found: { id: number; length: number } | undefined;
    for (let depth = 0; depth < room; depth++) {
      const unit = text.charCodeAt(start + depth);
      low = this.#lowerBound(low, high, depth, unit);
      high = this.#lowerBound(low, high, depth, unit + 1);
      if (low === high) break;
      const id = this.#ids[low];
      // Of the texts that share a prefix, the prefix itself sorts first.
      if (this.#texts[low]?.length === depth + 1 && id !== undefined) found = { id, length: depth + 1 };
    }
    return found;
  }

  /** Whether what remains of `text` from `start` is the beginning of a longer one of the texts. */
  continues(text: string, start: number): boolean {
    if (!this.#firstUnits.has(text.charCodeAt(start))) return false;
    let low = 0;
    let high = this.#texts.length;
    for (let depth = 0; start + depth < text.length; depth++) {
      const unit = text.charCodeAt(start + depth);
      low = this.#lowerBound(low, high, depth, unit);
      high = this.#lowerBound(low, high, depth, unit + 1);
      if (low === high) return false;
    }
    return (this.#texts[high - 1]?.length ?? 0) > text.length - start;
  }

  /** The first index in [low, high) whose text has at least `unit` at `depth`; a text that ends before sorts first. */
  #lowerBound(low: number, high: number, depth: number, unit: number): number {
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const candidate = this.#texts[middle]?.charCodeAt(depth) ?? Number.NaN;
      if (candidate >= unit) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
