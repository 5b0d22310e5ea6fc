/**
 * The sampling noise of shaders/llm/counter-rng.wgsl for the CPU: the same integers, and the Gumbel value in float64
 * (the shader's float32 agrees to 1e-5).
 */

/** A 32-bit hash of three unsigned 32-bit counters; bit for bit the shader's. Source: Jarzynski and Olano, JCGT 9(3), 2020. */
export function counterHash(seed: number, position: number, token: number): number {
  let x = (Math.imul(seed, 1664525) + 1013904223) | 0;
  let y = (Math.imul(position, 1664525) + 1013904223) | 0;
  let z = (Math.imul(token, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, z)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  x = (x + Math.imul(y, z)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  return z >>> 0;
}

/** Standard Gumbel noise for the token `token` at absolute position `position` (its index in prompt + output). */
export function gumbelNoise(seed: number, position: number, token: number): number {
  const uniform = ((counterHash(seed, position, token) >>> 9) * 2 + 1) * 2 ** -24;
  return -Math.log(-Math.log(uniform));
}
