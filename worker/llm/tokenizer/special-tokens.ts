import { popHeap, pushHeap } from './binary-heap.ts';
import { PrefixIndex } from './prefix-index.ts';
import { encodeUtf8 } from './utf8.ts';

/** A stretch of text still to be tokenized, or a token that was written out in it. */
export type Fragment = string | number;

export interface SpecialToken {
  readonly id: number;
  readonly text: string;
  /** White space before it, or after it, belongs to it. */
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

interface Candidate {
  readonly start: number;
  readonly length: number;
  readonly token: SpecialToken;
  readonly order: number;
}

const ASCII_SPACE = /[\t-\r ]/;

/**
 * Finds tokens written out in a text. As in llama.cpp (tokenizer_st_partition) the longest token in UTF-8 bytes takes its places
 * first, from left to right, then the next: of overlapping ones the longer wins, not the earlier.
 */
export class SpecialTokenFinder {
  readonly #index: PrefixIndex;
  readonly #tokens = new Map<number, { readonly token: SpecialToken; readonly order: number }>();

  constructor(tokens: readonly SpecialToken[]) {
    this.#index = new PrefixIndex(tokens.map(({ id, text }) => [text, id]));
    tokens
      .map((token) => ({ token, sizeBytes: encodeUtf8(token.text).length }))
      .toSorted((a, b) => b.sizeBytes - a.sizeBytes || a.token.id - b.token.id)
      .forEach(({ token }, order) => this.#tokens.set(token.id, { token, order }));
  }

  /** Cuts `text` at its special tokens. Only white space that a token strips is lost. */
  split(text: string): Fragment[] {
    const heap: Candidate[] = [];
    const offer = (start: number, room: number) => {
      const found = this.#index.longest(text, start, room);
      const known = found === undefined ? undefined : this.#tokens.get(found.id);
      if (found !== undefined && known !== undefined) {
        pushHeap(heap, { start, length: found.length, ...known }, precedes);
      }
    };
    for (let start = 0; start < text.length; start++) offer(start, text.length - start);
    if (heap.length === 0) return text === '' ? [] : [text];

    const taken = new Uint8Array(text.length + 1);
    const accepted: { readonly start: number; readonly from: number; readonly to: number; readonly id: number }[] = [];
    for (let best = popHeap(heap, precedes); best !== undefined; best = popHeap(heap, precedes)) {
      const { start, length, token } = best;
      const conflict = taken.subarray(start, start + length).indexOf(1);
      if (conflict >= 0) {
        if (conflict > 0) offer(start, conflict);
        continue;
      }
      let from = start;
      let to = start + length;
      while (token.stripsLeft && from > 0 && taken[from - 1] === 0 && ASCII_SPACE.test(text.charAt(from - 1)))
        from -= 1;
      while (token.stripsRight && to < text.length && taken[to] === 0 && ASCII_SPACE.test(text.charAt(to))) to += 1;
      taken.fill(1, from, to);
      accepted.push({ start, from, to, id: token.id });
    }
    accepted.sort((a, b) => a.start - b.start);
    const fragments: Fragment[] = [];
    let end = 0;
    for (const { from, to, id } of accepted) {
      if (from > end) fragments.push(text.slice(end, from));
      fragments.push(id);
      end = to;
    }
    if (end < text.length) fragments.push(text.slice(end));
    return fragments;
  }
}

function precedes(a: Candidate, b: Candidate): boolean {
  return a.order < b.order || (a.order === b.order && a.start < b.start);
}
