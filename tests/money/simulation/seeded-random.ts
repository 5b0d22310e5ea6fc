export interface Random {
  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number;
  /** True once in `times` on average. */
  once(times: number): boolean;
}

/** SplitMix32: the same seed gives the same choices in every run. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const below = (bound: number): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % bound;
  };
  return { below, once: (times) => below(times) === 0 };
}
