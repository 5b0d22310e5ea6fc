/** A candidate merge of the symbols at `left` and the one after it; `text` tells whether it is still there. */
interface Candidate {
  readonly rank: number;
  readonly left: number;
  readonly right: number;
  readonly text: string;
}

/**
 * Byte-pair merging of one word: always the lowest-ranked pair, the leftmost among equals, until none is left. A heap over a linked
 * list: O(n log n), so that a megabyte without a space does not take quadratic time.
 *
 * @param symbols the word's bytes in the byte alphabet; @returns the merged symbols.
 */
export function mergeWord(symbols: readonly string[], rankOfPair: ReadonlyMap<string, number>): string[] {
  const texts = [...symbols];
  const next = texts.map((_, index) => (index + 1 < texts.length ? index + 1 : -1));
  const before = texts.map((_, index) => index - 1);
  const heap: Candidate[] = [];
  const offer = (left: number, right: number) => {
    if (left < 0 || right < 0) return;
    const rank = rankOfPair.get(`${texts[left]} ${texts[right]}`);
    if (rank !== undefined) pushCandidate(heap, { rank, left, right, text: `${texts[left]}${texts[right]}` });
  };
  for (let index = 0; index + 1 < texts.length; index++) offer(index, index + 1);

  for (let best = popCandidate(heap); best !== undefined; best = popCandidate(heap)) {
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

function pushCandidate(heap: Candidate[], candidate: Candidate): void {
  let child = heap.push(candidate) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !precedes(candidate, above)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = candidate;
}

function popCandidate(heap: Candidate[]): Candidate | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let parent = 0;
  for (;;) {
    let child = parent * 2 + 1;
    const left = heap[child];
    const right = heap[child + 1];
    if (left === undefined) break;
    let smaller = left;
    if (right !== undefined && precedes(right, left)) {
      child += 1;
      smaller = right;
    }
    if (!precedes(smaller, last)) break;
    heap[parent] = smaller;
    parent = child;
  }
  heap[parent] = last;
  return top;
}
