const placeCount = 8;

/**
 * Gives up to eight children of a node places 0..7 so that a ray meets them about in the order of `place ^ octant`, highest
 * first, whatever its direction (after Ylitie et al. 2017, section 3.1). Bit a of a place stands for the lower side of axis
 * a. The pair that fits best is taken first, of equals the first one.
 *
 * @param bounds of the tree. @param children places in `bounds`, 6 numbers each. @returns the child at each place, or -1.
 */
export function octantPlaces(bounds: Float32Array, children: readonly number[]): number[] {
  const centers = children.map((child) =>
    [0, 1, 2].map((axis) => (bounds[child * 6 + axis] as number) + (bounds[child * 6 + 3 + axis] as number)),
  );
  const middle = [0, 1, 2].map(
    (axis) => centers.reduce((sum, center) => sum + (center[axis] as number), 0) / children.length,
  );
  const fits = centers.map((center) =>
    Array.from({ length: placeCount }, (_, place) =>
      center.reduce((sum, value, axis) => {
        const offset = value - (middle[axis] as number);
        return sum + (((place >> axis) & 1) === 1 ? -offset : offset);
      }, 0),
    ),
  );
  const places = Array.from({ length: placeCount }, () => -1);
  const waiting = new Set(children.keys());
  while (waiting.size > 0) {
    let [bestChild, bestPlace, best] = [-1, -1, -Infinity];
    for (const child of waiting) {
      for (let place = 0; place < placeCount; place += 1) {
        const fit = fits[child]?.[place] as number;
        if (places[place] !== -1 || fit <= best) continue;
        [bestChild, bestPlace, best] = [child, place, fit];
      }
    }
    places[bestPlace] = bestChild;
    waiting.delete(bestChild);
  }
  return places;
}
