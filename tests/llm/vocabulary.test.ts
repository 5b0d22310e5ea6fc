import { describe, expect, it } from 'vitest';
import { findPreTokenizer, PRE_TOKENIZER_NAMES } from '../../worker/llm/tokenizer/pre-tokenizers.ts';
import { splitWords } from '../../worker/llm/tokenizer/split-words.ts';
import { readVocabulary } from '../../worker/llm/tokenizer/vocabulary.ts';
import { randomText } from '../fixtures/llm/random-text.ts';
import { createRandom } from '../fixtures/llm/random.ts';
import {
  changeMetadata,
  id,
  makeSmallVocabulary,
  numbers,
  string,
  strings,
  type Changes,
} from '../fixtures/llm/small-vocabularies.ts';
import { chatChanges, embeddedMetadata, tokenizerOf, tokenizerWith } from './test-vocabularies.ts';

const tokens = embeddedMetadata.texts('tokenizer.ggml.tokens');
const merges = embeddedMetadata.texts('tokenizer.ggml.merges');
const withToken = (index: number, text: string) => strings(tokens.with(index, text));

describe('a hostile vocabulary', () => {
  it.each([
    ['a unigram vocabulary', { 'tokenizer.ggml.model': string('t5') }, 'UNSUPPORTED_TOKENIZER', 'tokenizer.ggml.model'],
    [
      'an unknown pre-tokenizer',
      { 'tokenizer.ggml.pre': string('no-such') },
      'UNSUPPORTED_TOKENIZER',
      'tokenizer.ggml.pre',
    ],
    ['fewer tokens than rows', { 'tokenizer.ggml.tokens': strings(['a']) }, 'INVALID_VALUE', 'tokenizer.ggml.tokens'],
    ['tokens that are a number', { 'tokenizer.ggml.tokens': id(3) }, 'WRONG_FIELD_TYPE', 'tokenizer.ggml.tokens'],
    [
      'a token twice',
      { 'tokenizer.ggml.tokens': withToken(9, tokens[8] ?? '') },
      'DUPLICATE_NAME',
      'tokenizer.ggml.tokens[9]',
    ],
    [
      'a token of a megabyte',
      { 'tokenizer.ggml.tokens': withToken(9, 'x'.repeat(1e6)) },
      'LIMIT_EXCEEDED',
      'tokenizer.ggml.tokens[9]',
    ],
    [
      'a BOS outside the vocabulary',
      { 'tokenizer.ggml.bos_token_id': id(4096) },
      'INVALID_VALUE',
      'tokenizer.ggml.bos_token_id',
    ],
    [
      'types for other tokens',
      { 'tokenizer.ggml.token_type': numbers('int32', [1]) },
      'INVALID_VALUE',
      'tokenizer.ggml.token_type',
    ],
    [
      'a fill-in mark outside the vocabulary',
      { 'tokenizer.ggml.fim_pad_token_id': id(5000) },
      'INVALID_VALUE',
      'tokenizer.ggml.fim_pad_token_id',
    ],
    [
      'a merge of one token',
      { 'tokenizer.ggml.merges': strings([...merges, 'abc']) },
      'INVALID_VALUE',
      `tokenizer.ggml.merges[${merges.length}]`,
    ],
    [
      'a merge of an unknown token',
      { 'tokenizer.ggml.merges': strings(['a nosuch']) },
      'INVALID_VALUE',
      'tokenizer.ggml.merges[0]',
    ],
    [
      'a merge into an unknown token',
      { 'tokenizer.ggml.merges': strings(['z !']) },
      'INVALID_VALUE',
      'tokenizer.ggml.merges[0]',
    ],
    ['an empty merge', { 'tokenizer.ggml.merges': strings(['']) }, 'INVALID_VALUE', 'tokenizer.ggml.merges[0]'],
  ] as const)('with %s is refused by the name of the field', (_title, changes, code, field) => {
    const data: unknown = expect.objectContaining({ field });
    expect(() => tokenizerWith(changes)).toThrow(expect.objectContaining({ name: 'GgufError', code, data }));
  });

  const sentencePiece = makeSmallVocabulary('sentence-piece', embeddedMetadata);
  const count = sentencePiece.texts('tokenizer.ggml.tokens').length;
  const scores = Array.from({ length: count }, (_, index) => -index);
  const bytesFrom = sentencePiece.texts('tokenizer.ggml.tokens').indexOf('<0x00>');
  const withByte = (text: string): Changes => ({
    'tokenizer.ggml.tokens': strings(sentencePiece.texts('tokenizer.ggml.tokens').with(bytesFrom, text)),
  });
  it.each([
    ['no scores', {}, 'MISSING_FIELD', 'tokenizer.ggml.scores'],
    ['too few scores', { 'tokenizer.ggml.scores': numbers('float32', [1]) }, 'INVALID_VALUE', 'tokenizer.ggml.scores'],
    ['scores that are text', { 'tokenizer.ggml.scores': strings(['a']) }, 'WRONG_FIELD_TYPE', 'tokenizer.ggml.scores'],
    [
      'a score that is no number',
      { 'tokenizer.ggml.scores': numbers('float32', scores.with(5, Number.NaN)) },
      'INVALID_VALUE',
      'tokenizer.ggml.scores[5]',
    ],
    ['the byte -1', withByte('<0x-1>'), 'INVALID_VALUE', `tokenizer.ggml.tokens[${bytesFrom}]`],
    ['a byte of three digits', withByte('<0x100>'), 'INVALID_VALUE', `tokenizer.ggml.tokens[${bytesFrom}]`],
  ] as const)('of SentencePiece with %s is refused by the name of the field', (title, changes, code, field) => {
    const metadata = changeMetadata(sentencePiece, changes, title === 'no scores' ? ['tokenizer.ggml.scores'] : []);
    const data: unknown = expect.objectContaining({ field });
    expect(() => tokenizerOf(metadata)).toThrow(expect.objectContaining({ name: 'GgufError', code, data }));
  });

  it.each(['tokenizer.ggml.tokens', 'tokenizer.ggml.merges', 'tokenizer.ggml.model'])(
    'without %s is refused',
    (field) => {
      const data: unknown = expect.objectContaining({ field });
      expect(() => tokenizerWith({}, [field])).toThrow(expect.objectContaining({ code: 'MISSING_FIELD', data }));
    },
  );

  it('names empty tokens instead of taking them for one', () => {
    const last = tokens.length - 1;
    const vocabulary = readVocabulary(
      changeMetadata(embeddedMetadata, {
        'tokenizer.ggml.tokens': strings(tokens.with(last, '').with(last - 1, '')),
        'tokenizer.ggml.merges': strings(merges.slice(0, -2)),
      }),
      tokens.length,
    );
    expect(vocabulary.texts[last]).toBe(`[EMPTY_${last}]`);
  });

  it('keeps its own rank for a merge listed twice', () => {
    const text = 'Our first duty is to the farmers';
    const twice = tokenizerWith({ 'tokenizer.ggml.merges': strings([...merges, ...merges.slice(0, 100)]) });
    expect(twice.encode(text, { addBos: false })).toEqual(tokenizerWith({}).encode(text, { addBos: false }));
  });
});

describe('a vocabulary', () => {
  it('ends answers at the tokens that do by their names, whatever their type', () => {
    const vocabulary = readVocabulary(
      changeMetadata(embeddedMetadata, chatChanges(['<|fim_pad|>'], '', ['<|im_end|>', '<end_of_turn>'])),
      4096,
    );
    expect([...vocabulary.stopTokens].toSorted((a, b) => a - b)).toEqual([0, 4093, 4094, 4095]);
    expect(vocabulary.userTokens.size).toBe(0);
  });

  it('does not end an answer where only one of its messages ends', () => {
    const vocabulary = readVocabulary(
      changeMetadata(embeddedMetadata, chatChanges(['<|end|>', '<|return|>', '<|call|>'], '')),
      4096,
    );
    expect(vocabulary.stopTokens.has(4093)).toBe(false);
    expect(vocabulary.stopTokens.has(4094)).toBe(true);
  });
});

describe('cutting words', () => {
  it.each(PRE_TOKENIZER_NAMES)('loses nothing with %s', (name) => {
    const random = createRandom(12);
    const cuts = findPreTokenizer(name)?.cuts ?? [];
    expect(cuts.length).toBeGreaterThan(0);
    for (let round = 0; round < 20; round++) {
      const text = randomText(random);
      expect(splitWords(text, cuts).join('')).toBe(text);
    }
  });

  const distinct = [...new Map(PRE_TOKENIZER_NAMES.map((name) => [findPreTokenizer(name), name])).values()];
  it.each(distinct)('takes linear time with %s', (name) => {
    const cuts = findPreTokenizer(name)?.cuts ?? [];
    const startedAt = performance.now();
    for (const text of [' ', '\n', 'a', 'é', 'A', '1', '.', "'", 'a ', '\u3000']) {
      splitWords(`${text.repeat(20_000)}x${text.repeat(20_000)}`, cuts);
    }
    // Quadratic time would be minutes.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
