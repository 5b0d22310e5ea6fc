/** A float16 at a fixed place of every block: `scale` times the deviation that the weights shall have. */
interface BlockHalf {
  readonly offsetBytes: number;
  readonly scale: number;
}

/** How random bytes become blocks of a GGML type: everything random but the scales, which keep the weights finite. */
export interface RandomFormat {
  readonly name: string;
  readonly typeId: number;
  readonly blockLength: number;
  readonly blockBytes: number;
  readonly halves: readonly BlockHalf[];
}

// Deviations of uniform random codes: 4.61 for nibbles, 73.9 for bytes. Q4_K: sub-scale * nibble less 7.5 * sub-minimum has 258 about
// a mean of 0. Q6_K: sub-scale (73.9) * 6-bit code (18.5).
const formats: readonly RandomFormat[] = [
  { name: 'F32', typeId: 0, blockLength: 1, blockBytes: 4, halves: [] },
  { name: 'F16', typeId: 1, blockLength: 1, blockBytes: 2, halves: [] },
  { name: 'Q4_0', typeId: 2, blockLength: 32, blockBytes: 18, halves: [{ offsetBytes: 0, scale: 1 / 4.61 }] },
  { name: 'Q8_0', typeId: 8, blockLength: 32, blockBytes: 34, halves: [{ offsetBytes: 0, scale: 1 / 73.9 }] },
  {
    name: 'Q4_K',
    typeId: 12,
    blockLength: 256,
    blockBytes: 144,
    halves: [
      { offsetBytes: 0, scale: 1 / 258 },
      { offsetBytes: 2, scale: 7.5 / 258 },
    ],
  },
  {
    name: 'Q6_K',
    typeId: 14,
    blockLength: 256,
    blockBytes: 210,
    halves: [{ offsetBytes: 208, scale: 1 / (73.9 * 18.5) }],
  },
];

/** @throws RangeError naming the types there are. */
export function randomFormat(name: string): RandomFormat {
  const format = formats.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  throw new RangeError(`no random weights of type ${name}: there are ${formats.map((each) => each.name).join(', ')}`);
}

/** The nearest float16 of a positive number up to 65504; below 2^-14 a subnormal. */
export function toHalf(value: number): number {
  if (value < 2 ** -14) return Math.round(value * 2 ** 24);
  const exponent = Math.floor(Math.log2(value));
  return (exponent + 14) * 1024 + Math.round((value / 2 ** exponent) * 1024);
}
