/** Random texts for comparing tokenizers: everyday words, any characters of many scripts, and the vocabulary's own special tokens. */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { checkout } from './dequantised-model.ts';

const load = <T>(path: string): Promise<T> => import(pathToFileURL(join(checkout, path)).href) as Promise<T>;
const { randomText } = await load<typeof import('../../tests/fixtures/llm/random-text.ts')>(
  'tests/fixtures/llm/random-text.ts',
);
const { createRandom, pick } =
  await load<typeof import('../../tests/fixtures/llm/random.ts')>('tests/fixtures/llm/random.ts');

/**
 * First and last code points of blocks in which no character is younger than Unicode 15, the version llama.cpp's tables have. What V8 knows
 * of later versions it would take for letters, and llama.cpp for nothing.
 */
const BLOCKS: readonly (readonly [number, number])[] = [
  [0x00, 0x24f],
  [0x250, 0x36f],
  [0x370, 0x3ff],
  [0x400, 0x52f],
  [0x531, 0x58f],
  [0x591, 0x5f4],
  [0x600, 0x6ff],
  [0x900, 0x97f],
  [0xe01, 0xe5b],
  [0x10a0, 0x10ff],
  [0x1100, 0x11ff],
  [0x1200, 0x137c],
  [0x13a0, 0x13ff],
  [0x16a0, 0x16f8],
  [0x1780, 0x17f9],
  [0x1e00, 0x1fff],
  [0x2000, 0x206f],
  [0x2070, 0x20bf],
  [0x2100, 0x218b],
  [0x2190, 0x23ff],
  [0x2460, 0x27bf],
  [0x2c00, 0x2d7f],
  [0x2e80, 0x2fd5],
  [0x3000, 0x30ff],
  [0x3105, 0x318e],
  [0x3200, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4c6],
  [0xac00, 0xd7fb],
  [0xe000, 0xe0ff],
  [0xf900, 0xfaff],
  [0xfb00, 0xfbc2],
  [0xfe10, 0xfe6b],
  [0xfe70, 0xfeff],
  [0xff00, 0xffff],
  [0x10400, 0x1044f],
  [0x118a0, 0x118ff],
  [0x1d400, 0x1d7ff],
  [0x1e900, 0x1e95f],
  [0x1f300, 0x1f64f],
  [0x20000, 0x20100],
  [0x2a700, 0x2a710],
  [0x2b820, 0x2b930],
  [0xe0001, 0xe007f],
];
const SPACES = ['', '', '', ' ', '  ', '\n', '\n\n ', '\t', '\u3000', '\u00a0', '\r\n'];

export type FuzzText = () => string;

/** Endless and repeatable; `specialTokens` are texts to mix in. */
export function createFuzz(seed: number, specialTokens: readonly string[]): FuzzText {
  const random = createRandom(seed);
  const from = <T>(values: readonly T[], fallback: T): T => values[pick(random, values.length)] ?? fallback;
  const anyCharacters = () => {
    let text = '';
    for (let runs = 1 + pick(random, 6); runs > 0; runs--) {
      const [first, last] = from(BLOCKS, [0x20, 0x7e]);
      for (let count = 1 + pick(random, 6); count > 0; count--) {
        text += String.fromCodePoint(first + pick(random, last - first + 1));
      }
      text += from(SPACES, '');
    }
    return text;
  };
  return () => {
    const kind = random();
    let text = kind < 0.5 ? randomText(random) : anyCharacters();
    if (kind > 0.9) text += randomText(random);
    if (specialTokens.length > 0 && random() < 0.2) {
      const at = pick(random, text.length + 1);
      const whole = from(specialTokens, '');
      text = text.slice(0, at) + (random() < 0.7 ? whole : whole.slice(pick(random, 3))) + text.slice(at);
    }
    return text.toWellFormed();
  };
}
