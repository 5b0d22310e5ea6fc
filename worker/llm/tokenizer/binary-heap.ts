/** The smallest first, by `precedes`; a plain array is the heap. */
export function pushHeap<T>(heap: T[], item: T, precedes: (a: T, b: T) => boolean): void {
  let child = heap.push(item) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !precedes(item, above)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = item;
}

export function popHeap<T>(heap: T[], precedes: (a: T, b: T) => boolean): T | undefined {
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
