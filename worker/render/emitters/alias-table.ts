/** A discrete distribution that is sampled with one lookup and one coin (Vose 1991). */
export interface AliasTable {
  /** Entry i is kept when the coin in [0, 1) is below thresholds[i], else exchanged for aliases[i]. */
  readonly thresholds: Float32Array;
  readonly aliases: Uint32Array;
  /** Sum of the weights. */
  readonly total: number;
}

/** Weights must be finite and positive. Deterministic: the same weights give the same table. */
export function buildAliasTable(weights: readonly number[]): AliasTable {
  const count = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const remaining = weights.map((weight) => (weight / total) * count);
  const thresholds = new Float32Array(count).fill(1);
  const aliases = Uint32Array.from({ length: count }, (_, index) => index);
  const small: number[] = [];
  const large: number[] = [];
  remaining.forEach((share, index) => (share < 1 ? small : large).push(index));
  for (let poor = small.pop(); poor !== undefined; poor = small.pop()) {
    const rich = large.at(-1);
    // Only rounding leaves an entry below 1 without a donor: it keeps its whole slot.
    if (rich === undefined) break;
    thresholds[poor] = remaining[poor] as number;
    aliases[poor] = rich;
    const left = (remaining[rich] as number) - (1 - (remaining[poor] as number));
    remaining[rich] = left;
    if (left < 1) {
      large.pop();
      small.push(rich);
    }
  }
  return { thresholds, aliases, total };
}
