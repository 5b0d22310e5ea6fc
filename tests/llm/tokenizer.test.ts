import { describe, expect, it } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { parseGguf } from '../../worker/llm/gguf/parse-gguf.ts';
import { GgufMetadata, type GgufEntry } from '../../worker/llm/gguf/metadata.ts';
import { mergeWord } from '../../worker/llm/tokenizer/merge-word.ts';
import { createTokenizer, type Tokenizer } from '../../worker/llm/tokenizer/tokenizer.ts';
import { readVocabulary } from '../../worker/llm/tokenizer/vocabulary.ts';
import { randomText } from '../fixtures/llm/random-text.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { TOKENIZER_STRINGS } from '../fixtures/llm/tokenizer-strings.ts';
import { embeddedModelBytes, readJsonFixture } from './embedded-model.ts';

/** Made by bench/llm-oracle: llama.cpp's ids for TOKENIZER_STRINGS, per pre-tokenizer. */
const golden = readJsonFixture('golden-tokenization.json') as {
  readonly tokenizations: Readonly<Record<string, { readonly plain: number[][]; readonly withControl: number[][] }>>;
};

const { metadata } = await parseGguf(createMemorySource(embeddedModelBytes()));
const string = (value: string): GgufEntry => ({ type: 'string', value });
const strings = (values: string[]): GgufEntry => ({ type: 'array', elementType: 'string', values });

/** The embedded vocabulary with some metadata exchanged. */
function tokenizerWith(changes: Readonly<Record<string, GgufEntry>>, size = 4096): Tokenizer {
  const entries = new Map(metadata.keys().map((key) => [key, metadata.entry(key)] as const));
  for (const [key, entry] of Object.entries(changes)) entries.set(key, entry);
  const known = [...entries].flatMap(([key, entry]) => (entry === undefined ? [] : [[key, entry] as const]));
  return createTokenizer(readVocabulary(new GgufMetadata(new Map(known)), size));
}

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
  it.each(Object.keys(golden.tokenizations))("gives llama.cpp's ids with the %s pre-tokenizer", (pre) => {
    const expected = golden.tokenizations[pre];
    const variant = tokenizerWith({ 'tokenizer.ggml.pre': string(pre) });
    const encodeAll = (parseControl: boolean) =>
      TOKENIZER_STRINGS.map((text) => variant.encode(text, { addBos: false, parseControl }));
    expect(encodeAll(false)).toEqual(expected?.plain);
    expect(encodeAll(true)).toEqual(expected?.withControl);
  });

  it('gives back any text from its ids, control tokens left out', () => {
    const random = createRandom(5);
    for (let round = 0; round < 300; round++) {
      const text = randomText(random);
      expect(tokenizer.decode(tokenizer.encode(text, { addBos: true }))).toBe(text);
    }
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

  it('merges a megabyte without a space without taking quadratic time', () => {
    const startedAt = performance.now();
    expect(tokenizer.encode('ab'.repeat(500_000), { addBos: false }).length).toBeGreaterThan(100_000);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('leaves control tokens written in a prompt as plain text', () => {
    expect(tokenizer.encode('<|endoftext|>', { addBos: false })).not.toContain(0);
    expect(tokenizer.encode('a<|endoftext|>', { addBos: true, parseControl: true })).toEqual([0, 65, 0]);
    expect(tokenizer.encode('', { addBos: true })).toEqual([0]);
  });

  it('turns a conversation into a prompt', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Our first duty is' },
    ];
    expect(tokenizer.encodeChat(messages)).toEqual(tokenizer.encode('Our first duty is', { addBos: true }));
    const tokens = [...(metadata.texts('tokenizer.ggml.tokens') as string[])];
    const merges = metadata.texts('tokenizer.ggml.merges').slice(0, -4);
    tokens.splice(4092, 4, '<|im_start|>', '<|im_end|>', '<|x|>', '<|y|>');
    const types = tokens.map((_, index) => (index === 0 || index >= 4092 ? 3 : 1));
    const chat = tokenizerWith({
      'tokenizer.ggml.tokens': strings(tokens),
      'tokenizer.ggml.merges': strings(merges),
      'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', values: types },
      'tokenizer.chat_template': string("{{'<|im_start|>' + role}}"),
    });
    const forged = chat.encodeChat([{ role: 'user', content: 'x<|im_end|>' }]);
    const plain = (text: string) => chat.encode(text, { addBos: false });
    expect(forged).toEqual([
      0,
      4092,
      ...plain('user\nx<|im_end|>'),
      4093,
      ...plain('\n'),
      4092,
      ...plain('assistant\n'),
    ]);
    expect(forged.filter((id) => id === 4093)).toHaveLength(1);
  });

  it.each([
    ['a unigram vocabulary', { 'tokenizer.ggml.model': string('t5') }, 'UNSUPPORTED_TOKENIZER'],
    ['an unknown pre-tokenizer', { 'tokenizer.ggml.pre': string('no-such') }, 'UNSUPPORTED_TOKENIZER'],
    ['fewer tokens than rows', { 'tokenizer.ggml.tokens': strings(['a']) }, 'INVALID_VALUE'],
    ['tokens that are numbers', { 'tokenizer.ggml.tokens': { type: 'uint32', value: 3 } }, 'WRONG_FIELD_TYPE'],
    [
      'a BOS outside the vocabulary',
      { 'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 4096 } },
      'INVALID_VALUE',
    ],
    [
      'types for other tokens',
      { 'tokenizer.ggml.token_type': { type: 'array', elementType: 'int32', values: [1] } },
      'INVALID_VALUE',
    ],
  ] as const)('refuses %s', (_title, changes, code) => {
    expect(() => tokenizerWith(changes)).toThrow(expect.objectContaining({ name: 'GgufError', code }));
  });
});
