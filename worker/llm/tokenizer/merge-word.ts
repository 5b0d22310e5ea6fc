import { popHeap, pushHeap } from './binary-heap.ts';

/** A candidate merge of the symbols at `left` and `right`; they only grow, so that `length` tells whether they are still what they were. */
interface Candidate {
  readonly rank: number;
  readonly left: number;
  readonly right: number;
  readonly length: number;
}

/** Lower merges first; undefined where the two do not merge. */
export type RankOfPair = (left: string, right: string) => number | undefined;

/**
 * Merges neighbours: always the lowest-ranked pair, the leftmost among equals, until none is left. A heap over a linked list:
 * O(n log n), so that a megabyte without a space does not take quadratic time.
 *
 * @param symbols what to start from, none empty; @returns the merged symbols, which joined are the same text.
 */
export function mergeWord(symbols: readonly string[], rankOfPair: RankOfPair): string[] {
  const texts = [...symbols];
  const next = Int32Array.from(texts, (_, index) => (index + 1 < texts.length ? index + 1 : -1));
  const before = Int32Array.from(texts, (_, index) => index - 1);
  const heap: Candidate[] = [];
  const offer = (left: number, right: number) => {
    const leftText = texts[left];
    const rightText = texts[right];
    if (leftText === undefined || rightText === undefined) return;
    const rank = rankOfPair(leftText, rightText);
    if (rank === undefined) return;
    pushHeap(heap, { rank, left, right, length: leftText.length + rightText.length }, precedes);
  };
  for (let index = 0; index + 1 < texts.length; index++) offer(index, index + 1);

  for (let best = popHeap(heap, precedes); best !== undefined; best = popHeap(heap, precedes)) {
    const { left, right, length } = best;
    const leftText = texts[left] ?? '';
    const rightText = texts[right] ?? '';
    const isCurrent = leftText !== '' && rightText !== '' && leftText.length + rightText.length === length;
    if (!isCurrent) continue;
    texts[left] = leftText + rightText;
    texts[right] = '';
    const after = next[right] ?? -1;
    next[left] = after;
    next[right] = -1;
    if (after >= 0) before[after] = left;
    offer(before[left] ?? -1, left);
    offer(left, after);
  }
  return texts.filter((text) => text !== '');
}

function precedes(a: Candidate, b: Candidate): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.left < b.left);
}
