import { popHeap, pushHeap } from './binary-heap.ts';

/** A candidate merge of the symbols at `left` and the one after it; `text` tells whether it is still there. */
interface Candidate {
  readonly rank: number;
  readonly left: number;
  readonly right: number;
  readonly text: string;
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
  const next = texts.map((_, index) => (index + 1 < texts.length ? index + 1 : -1));
  const before = texts.map((_, index) => index - 1);
  const heap: Candidate[] = [];
  const offer = (left: number, right: number) => {
    const leftText = texts[left];
    const rightText = texts[right];
    if (leftText === undefined || rightText === undefined) return;
    const rank = rankOfPair(leftText, rightText);
    if (rank !== undefined) pushHeap(heap, { rank, left, right, text: leftText + rightText }, precedes);
  };
  for (let index = 0; index + 1 < texts.length; index++) offer(index, index + 1);

  for (let best = popHeap(heap, precedes); best !== undefined; best = popHeap(heap, precedes)) {
    const { left, right, text } = best;
    const isCurrent = next[left] === right && texts[left] !== '' && `${texts[left]}${texts[right]}` === text;
    if (!isCurrent) continue;
    texts[left] = text;
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
