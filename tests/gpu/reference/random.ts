/**
 * The sample points of `shaders/common/random.wgsl` by definition: Sobol's first two dimensions from their direction
 * numbers, bit by bit, on an index shuffled by a nested uniform scramble. 32 bits each for `dimension` and the next.
 */
export function referenceRandomPair(seed: number, pixel: number, sample: number, dimension: number): [number, number] {
  const pairSeed = hash(hash(pixel + hash(seed)) + hash(dimension));
  const index = nestedScramble(sample, pairSeed);
  let first = 0;
  let second = 0;
  // v(0) = 1/2; the next one of the first dimension is half of it, of the second v xor v / 2.
  let direction = 0x80000000;
  for (let bit = 0; bit < 32; bit += 1) {
    if (((index >>> bit) & 1) === 1) {
      first ^= 0x80000000 >>> bit;
      second ^= direction;
    }
    direction ^= direction >>> 1;
  }
  return [nestedScramble(first >>> 0, hash(pairSeed + 1)), nestedScramble(second >>> 0, hash(pairSeed + 2))];
}

/** Owen's scrambling by the hash of Laine and Karras, most significant bit first. */
function nestedScramble(value: number, seed: number): number {
  let x = reverseBits(value);
  x ^= Math.imul(x, 0x3d20adea);
  x = (x + seed) | 0;
  x = Math.imul(x, (seed >>> 16) | 1);
  x ^= Math.imul(x, 0x05526c56);
  x ^= Math.imul(x, 0x53a22864);
  return reverseBits(x >>> 0);
}

function reverseBits(value: number): number {
  let result = 0;
  for (let bit = 0; bit < 32; bit += 1) result |= ((value >>> bit) & 1) << (31 - bit);
  return result >>> 0;
}

function hash(value: number): number {
  const state = (Math.imul(value, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}
