import type { LlamaConfig } from './llama-config.ts';

/** Divisors of the rope frequencies, [ropeDimensions / 2] each; `long` holds for contexts beyond the original length. */
export interface RopeFactors {
  readonly short: Float32Array | undefined;
  readonly long: Float32Array | undefined;
}

/**
 * The tables that layers turn by: one, and a second for layers with a window and a base of their own. `ropeTableOf` says which.
 */
export function buildRopeTables(
  config: LlamaConfig,
  capacity: number,
  factors: RopeFactors,
): readonly Float32Array<ArrayBuffer>[] {
  const { ropeBase, ropeScaling, variation } = config;
  const divisors = capacity > ropeScaling.originalContextLength ? factors.long : factors.short;
  const table = buildTable(config.ropeDimensions / 2, capacity, (pair) => {
    const plain = ropeBase ** ((-2 * pair) / config.ropeDimensions) / (divisors?.[pair] ?? 1);
    const divided = plain / ropeScaling.factor;
    const { ramp } = ropeScaling;
    if (ramp === undefined) return divided;
    const done = Math.min(1, Math.max(0, (pair - ramp.low) / Math.max(0.001, ramp.high - ramp.low)));
    return divided * done + plain * (1 - done);
  });
  if (ropeScaling.magnitude !== 1) table.forEach((value, index) => (table[index] = value * ropeScaling.magnitude));
  const windowBase = variation.window?.ropeBase;
  if (windowBase === undefined) return [table];
  const windowTable = buildTable(
    config.ropeDimensions / 2,
    capacity,
    (pair) => windowBase ** ((-2 * pair) / config.ropeDimensions),
  );
  return [table, windowTable];
}

/** Which of the tables a layer turns by. */
export function ropeTableOf({ variation }: LlamaConfig, layer: number): 0 | 1 {
  const { window } = variation;
  return window?.ropeBase !== undefined && window.hasLayer(layer) ? 1 : 0;
}

/**
 * (cos, sin) of every position and pair, [capacity][pairs][2], computed in float64: a shader's own sine is only good to 2^-11
 * outside [-pi, pi].
 */
function buildTable(pairs: number, capacity: number, frequencyOf: (pair: number) => number): Float32Array<ArrayBuffer> {
  const table = new Float32Array(capacity * pairs * 2);
  for (let pair = 0; pair < pairs; pair++) {
    const frequency = frequencyOf(pair);
    for (let position = 0; position < capacity; position++) {
      const angle = position * frequency;
      table[(position * pairs + pair) * 2] = Math.cos(angle);
      table[(position * pairs + pair) * 2 + 1] = Math.sin(angle);
    }
  }
  return table;
}
