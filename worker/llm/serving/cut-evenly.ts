/** `items` in order, in at most `count` runs of as equal a length as there can be; one run where there is nothing to cut. */
export function cutEvenly<Item>(items: readonly Item[], count: number): (readonly Item[])[] {
  const runs = Math.max(1, Math.min(count, items.length));
  const boundary = (index: number): number => Math.round((index * items.length) / runs);
  return Array.from({ length: runs }, (_, index) => items.slice(boundary(index), boundary(index + 1)));
}
