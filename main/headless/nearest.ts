/** The candidate a mistyped word most likely meant, or undefined when none is close (at most a third of its letters wrong). */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const startsAlike = word.length >= 3 && (candidate.startsWith(word) || word.startsWith(candidate));
    const distance = startsAlike ? 1 : editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best !== undefined && bestDistance <= Math.max(1, Math.ceil(best.length / 3)) ? best : undefined;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
export function editDistance(left: string, right: string): number {
  const width = right.length + 1;
  const table = new Uint16Array((left.length + 1) * width);
  const at = (row: number, column: number): number => table[row * width + column] ?? 0;
  for (let row = 0; row <= left.length; row++) table[row * width] = row;
  for (let column = 0; column < width; column++) table[column] = column;
  for (let row = 1; row <= left.length; row++) {
    for (let column = 1; column < width; column++) {
      const same = left[row - 1] === right[column - 1];
      let distance = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) distance = Math.min(distance, at(row - 2, column - 2) + 1);
      table[row * width + column] = distance;
    }
  }
  return at(left.length, right.length);
}
