import type { TuningQuestion } from './candidate.ts';

/** Of float32 sums that differ in their order only. */
const LARGEST_ERROR = 1e-9;

/** Whether a candidate's output is what it promised to be, next to the default's. */
export function agrees(agreement: TuningQuestion['agreement'], expected: ArrayBuffer, found: ArrayBuffer): boolean {
  if (agreement === 'bytes') {
    const [a, b] = [new Uint8Array(expected), new Uint8Array(found)];
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
  }
  const [a, b] = [new Float32Array(expected), new Float32Array(found)];
  let error = 0;
  let power = 0;
  a.forEach((value, index) => {
    error += (value - (b[index] ?? NaN)) ** 2;
    power += value ** 2;
  });
  // Written so that NaN agrees with nothing.
  return a.length === b.length && error <= LARGEST_ERROR * power;
}
