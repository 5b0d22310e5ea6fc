import { randomFormat, toHalf, type RandomFormat } from './random-formats.ts';

export interface RandomTensorOptions {
  /** Tells this tensor's bytes from those of every other. */
  readonly seed: number;
  readonly format: string;
  /** Standard deviation of the weights. F32 ignores it: such tensors are norm gains, and all ones. */
  readonly deviation: number;
}

/**
 * Bytes [offset, offset + target.byteLength) of an endless random tensor: a pure function of the options and the place, so that
 * a file can be made in any order and in pieces of any size. `offset` is a multiple of 4, as is the length but for the last piece.
 */
export function fillRandomTensor(target: Uint8Array<ArrayBuffer>, offset: number, options: RandomTensorOptions): void {
  const format = randomFormat(options.format);
  const words = new Uint32Array(Math.ceil(target.byteLength / 4));
  if (format.name === 'F32') words.fill(0x3f800000);
  else fillRandomWords(words, offset / 4, options.seed);
  if (format.name === 'F16') placeExponents(words, options.deviation);
  target.set(new Uint8Array(words.buffer, 0, target.byteLength));
  for (const { offsetBytes, scale } of format.halves) {
    placeHalves(target, offset, format, offsetBytes, toHalf(options.deviation * scale));
  }
}

/** A PCG output step over a counter: about a nanosecond a word, and the same on every machine. */
function fillRandomWords(words: Uint32Array, firstWord: number, seed: number): void {
  const stream = hash(Math.imul(seed, 0x9e3779b9) + 1);
  for (let index = 0; index < words.length; index++) words[index] = hash(firstWord + index + stream);
}

function hash(value: number): number {
  const state = (Math.imul(value, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737);
  return ((word >>> 22) ^ word) >>> 0;
}

/** Random signs and mantissas under one exponent: magnitudes in [2^e, 2^(e + 1)), deviation 1.53 * 2^e. */
function placeExponents(words: Uint32Array, deviation: number): void {
  const exponent = Math.min(15, Math.max(-14, Math.round(Math.log2(deviation / 1.53)))) + 15;
  const pair = (exponent << 10) | (exponent << 26);
  for (let index = 0; index < words.length; index++) words[index] = ((words[index] ?? 0) & 0x83ff83ff) | pair;
}

function placeHalves(target: Uint8Array, offset: number, format: RandomFormat, halfOffset: number, half: number): void {
  const { blockBytes } = format;
  const first = Math.floor(offset / blockBytes) * blockBytes + halfOffset - offset;
  // A half may lie across the edge of the piece; what falls outside is dropped here and written with the other piece.
  for (let place = first; place < target.byteLength; place += blockBytes) {
    if (place >= 0) target[place] = half & 255;
    if (place >= -1 && place + 1 < target.byteLength) target[place + 1] = half >> 8;
  }
}
