import { describe, expect, it } from 'vitest';
import { mergeWord } from '../../worker/llm/tokenizer/merge-word.ts';
import { SpecialTokenFinder } from '../../worker/llm/tokenizer/special-tokens.ts';
import { hashIds } from '../fixtures/llm/hash-ids.ts';
import { randomText } from '../fixtures/llm/random-text.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import {
  flag,
  id,
  SMALL_VOCABULARY_KINDS,
  string,
  type SmallVocabularyKind,
} from '../fixtures/llm/small-vocabularies.ts';
import { TOKENIZER_STRINGS } from '../fixtures/llm/tokenizer-strings.ts';
import { readJsonFixture } from './embedded-model.ts';
import { smallTokenizer, tokenizerOfReduced, tokenizerWith, type ReducedVocabulary } from './test-vocabularies.ts';

/** Made by bench/llm-oracle: hashes of llama.cpp's ids for TOKENIZER_STRINGS, as they are and with control tokens parsed. */
interface Hashes {
  readonly plain: string;
  readonly withControl: string;
}
const golden = readJsonFixture('golden-tokenization.json') as {
  readonly tokenizations: Readonly<Record<string, Hashes>>;
  readonly small: Readonly<Record<SmallVocabularyKind, Hashes>>;
};
/** llama.cpp's own goldens, each with the part of its vocabulary that they need. */
const shipped = readJsonFixture('llama-cpp-vocabularies.json') as {
  readonly texts: readonly string[];
  readonly vocabularies: readonly ReducedVocabulary[];
};

const tokenizer = tokenizerWith({});

/** Merging as the definition has it: scan all pairs, merge the best, start over. */
function mergeSlowly(symbols: readonly string[], ranks: ReadonlyMap<string, number>): string[] {
  const parts = [...symbols];
  for (;;) {
    let best = -1;
    let bestRank = Infinity;
    for (let index = 0; index + 1 < parts.length; index++) {
      const rank = ranks.get(`${parts[index]} ${parts[index + 1]}`) ?? Infinity;
      if (rank < bestRank) [best, bestRank] = [index, rank];
    }
    if (best < 0) return parts;
    parts.splice(best, 2, `${parts[best]}${parts[best + 1]}`);
  }
}

describe('the tokenizer', () => {
  const cases = [
    ...Object.entries(golden.tokenizations).map(([pre, hashes]) => ({
      name: `the ${pre} pre-tokenizer`,
      variant: () => tokenizerWith({ 'tokenizer.ggml.pre': string(pre) }),
      hashes,
    })),
    ...SMALL_VOCABULARY_KINDS.map((kind) => ({
      name: `a ${kind} vocabulary`,
      variant: () => smallTokenizer(kind),
      hashes: golden.small[kind],
    })),
  ];
  it.each(cases)("gives llama.cpp's ids with $name", ({ variant, hashes }) => {
    const ours = variant();
    for (const parseControl of [false, true]) {
      const expected = (parseControl ? hashes.withControl : hashes.plain).split(' ');
      const wrong = TOKENIZER_STRINGS.filter(
        (text, index) => hashIds(ours.encode(text, { addBos: false, parseControl })) !== expected[index],
      );
      expect(wrong).toEqual([]);
    }
  });

  it.each(shipped.vocabularies)("passes llama.cpp's goldens of its $name vocabulary", (reduced) => {
    const ours = tokenizerOfReduced(reduced);
    for (const [textIndex, ...expected] of reduced.goldens) {
      const text = shipped.texts[textIndex ?? 0] ?? '';
      const found = ours.encode(text, { addBos: false }).map((id) => reduced.ids[id]);
      expect({ text, found }).toEqual({ text, found: expected });
    }
  });

  it('gives back any text from its ids, control tokens left out', () => {
    const random = createRandom(5);
    for (let round = 0; round < 300; round++) {
      const text = randomText(random);
      expect(tokenizer.decode(tokenizer.encode(text, { addBos: true }))).toBe(text);
    }
  });

  it.each(['sentence-piece', 'utf-8 byte-pair'] as const)(
    'gives back any text from the ids of a %s vocabulary',
    (kind) => {
      const ours = smallTokenizer(kind);
      const random = createRandom(8);
      for (let round = 0; round < 300; round++) {
        // Two spaces are a special token of these vocabularies, and after those SentencePiece text begins anew.
        const text = randomText(random).replaceAll(/ {2,}/g, ' ');
        expect(ours.decode(ours.encode(text, { addBos: true }))).toBe(text);
      }
    },
  );

  it('gives back the words of a text from the ids of a word-piece vocabulary', () => {
    const ours = smallTokenizer('word-piece');
    const ids = ours.encode('The Congress of the\n United\tStates', { addBos: false });
    expect(ours.decode(ids)).toBe('the congress of the united states');
  });

  it('never splits a character when tokens come one by one', () => {
    const random = createRandom(6);
    for (let round = 0; round < 200; round++) {
      // Random ids make every kind of broken UTF-8.
      const ids = Array.from({ length: 40 }, () => pick(random, 4096));
      const stream = tokenizer.createDetokenizer();
      const pieces = ids.map((id) => stream.push([id]));
      pieces.push(stream.end());
      expect(pieces.join('')).toBe(tokenizer.decode(ids));
    }
    const emoji = tokenizer.encode('🎉', { addBos: false });
    const stream = tokenizer.createDetokenizer();
    expect(emoji.map((id) => stream.push([id]))).toEqual([...emoji.slice(1).map(() => ''), '🎉']);
  });

  it('merges in the order of ranks, as a plain scan does', () => {
    const random = createRandom(7);
    const alphabet = ['a', 'b', 'c'];
    for (let round = 0; round < 300; round++) {
      const ranks = new Map<string, number>();
      const pieces = [...alphabet];
      while (ranks.size < 12) {
        const left = pieces[pick(random, pieces.length)] ?? 'a';
        const right = pieces[pick(random, pieces.length)] ?? 'a';
        if (!ranks.has(`${left} ${right}`)) ranks.set(`${left} ${right}`, ranks.size);
        pieces.push(left + right);
      }
      const word = Array.from({ length: pick(random, 40) }, () => alphabet[pick(random, 3)] ?? 'a');
      expect(mergeWord(word, (left, right) => ranks.get(`${left} ${right}`))).toEqual(mergeSlowly(word, ranks));
    }
  });

  it.each([
    ['a byte-pair', () => tokenizer],
    ['a sentence-piece', () => smallTokenizer('sentence-piece')],
    ['a word-piece', () => smallTokenizer('word-piece')],
  ])('takes 200 kB without a space through %s vocabulary without taking quadratic time', (_kind, make) => {
    const ours = make();
    const startedAt = performance.now();
    for (const text of ['ab'.repeat(100_000), ' '.repeat(200_000), `${' '.repeat(200_000)}x`]) {
      ours.encode(text, { addBos: false });
    }
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });

  it('leaves control tokens written in a prompt as plain text', () => {
    expect(tokenizer.encode('<|endoftext|>', { addBos: false })).not.toContain(0);
    expect(tokenizer.encode('a<|endoftext|>', { addBos: true, parseControl: true })).toEqual([0, 65, 0]);
    expect(tokenizer.encode('', { addBos: true })).toEqual([0]);
  });

  it('puts around an input what the flags of the file say', () => {
    const words = tokenizer.encode('Our first duty', { addBos: false });
    expect(tokenizer.encodeInput('Our first duty')).toEqual([0, ...words]);
    const silent = tokenizerWith({ 'tokenizer.ggml.add_bos_token': flag(false) });
    expect(silent.encodeInput('Our first duty')).toEqual(words);
    const ended = tokenizerWith({ 'tokenizer.ggml.add_eos_token': flag(true), 'tokenizer.ggml.eos_token_id': id(7) });
    expect(ended.encodeInput('Our first duty')).toEqual([0, ...words, 7]);
    const wordPiece = smallTokenizer('word-piece');
    expect(wordPiece.encodeInput('duty')).toEqual([1, ...wordPiece.encode('duty', { addBos: false }), 2]);
  });

  it('begins SentencePiece text with a space, and again after every special token', () => {
    const spaced = smallTokenizer('sentence-piece');
    const bare = smallTokenizer('sentence-piece', { 'tokenizer.ggml.add_space_prefix': flag(false) });
    const plain = (text: string) => bare.encode(text, { addBos: false });
    expect(spaced.encode('duty<|user|>duty', { addBos: false })).toEqual([...plain(' duty'), 4, ...plain(' duty')]);
    expect(bare.encode('duty<|user|>duty', { addBos: false })).toEqual([...plain('duty'), 4, ...plain('duty')]);
    expect(spaced.encode('', { addBos: false })).toEqual([]);
  });

  it('writes characters without a token as bytes, and prints them only when whole', () => {
    const ours = smallTokenizer('sentence-piece', { 'tokenizer.ggml.add_space_prefix': flag(false) });
    const ids = ours.encode('\u{1f9ff}', { addBos: false });
    expect(ids).toHaveLength(4);
    const stream = ours.createDetokenizer();
    expect(ids.map((token) => stream.push([token]))).toEqual(['', '', '', '\u{1f9ff}']);
    expect(ours.decode(ids.slice(0, 3))).toBe('\ufffd');
  });

  it('gives an unknown token for a word that no pieces make', () => {
    const ours = smallTokenizer('word-piece');
    expect(ours.encode('\u{10400} duty', { addBos: false })).toEqual([0, ...ours.encode('duty', { addBos: false })]);
  });

  it('prefers the longer of overlapping special tokens, wherever it begins', () => {
    const plain = { stripsLeft: false, stripsRight: false };
    const finder = new SpecialTokenFinder([
      { id: 1, text: 'ab', ...plain },
      { id: 2, text: 'bcd', ...plain },
      { id: 3, text: 'a', ...plain },
      { id: 4, text: '[M]', stripsLeft: true, stripsRight: true },
    ]);
    expect(finder.split('abcd')).toEqual([3, 2]);
    expect(finder.split('xab abab')).toEqual(['x', 1, ' ', 1, 1]);
    expect(finder.split('x \n[M] \t y')).toEqual(['x', 4, 'y']);
    expect(finder.split('')).toEqual([]);
  });

  it('takes a lone surrogate for U+FFFD', () => {
    expect(tokenizer.decode(tokenizer.encode('a\ud83c', { addBos: false }))).toBe('a\ufffd');
  });
});
