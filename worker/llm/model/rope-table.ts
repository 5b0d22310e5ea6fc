import type { LlamaConfig } from './llama-config.ts';

/**
 * (cos, sin) of every position and pair, [capacity][ropeDimensions / 2][2], computed in float64: a shader's own sine is only
 * good to 2^-11 outside [-pi, pi]. angle = position / scale * base^(-2 i / dimensions) / factor[i].
 */
export function buildRopeTable(
  config: LlamaConfig,
  capacity: number,
  factors: Float32Array | undefined,
): Float32Array<ArrayBuffer> {
  const pairs = config.ropeDimensions / 2;
  const table = new Float32Array(capacity * pairs * 2);
  for (let pair = 0; pair < pairs; pair++) {
    const factor = factors?.[pair] ?? 1;
    const frequency = config.ropeBase ** ((-2 * pair) / config.ropeDimensions) / config.ropeScale / factor;
    for (let position = 0; position < capacity; position++) {
      const angle = position * frequency;
      table[(position * pairs + pair) * 2] = Math.cos(angle);
      table[(position * pairs + pair) * 2 + 1] = Math.sin(angle);
    }
  }
  return table;
}
