import { characterOfByte } from './byte-alphabet.ts';
import { encodeChatWithTemplate, type ChatMessage } from './chat.ts';
import { createDetokenizer, type Detokenizer } from './detokenizer.ts';
import { mergeWord } from './merge-word.ts';
import { splitWords } from './pre-tokenizers.ts';
import { encodeUtf8 } from './utf8.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface Tokenizer {
  /**
   * Text to ids. Control tokens written out in the text are plain text unless `parseControl`: a stranger's prompt must not
   * be able to forge structure. `addBos` puts the BOS token in front where the vocabulary has one.
   */
  encode(text: string, options: { addBos: boolean; parseControl?: boolean }): number[];
  /** Control tokens print nothing; invalid UTF-8 becomes U+FFFD. */
  decode(tokens: readonly number[]): string;
  /**
   * A conversation as a prompt, BOS as the model wants. ChatML and Llama 3 templates are recognised by their markers and built from
   * their control tokens (contents are never parsed for any); any other template, or none, gives the contents of the user's messages joined
   * with line feeds.
   */
  encodeChat(messages: readonly ChatMessage[]): number[];
  createDetokenizer(): Detokenizer;
}

/** Words whose ids are remembered; text repeats its words. */
const CACHED_WORDS = 8192;
const CACHED_WORD_LENGTH = 64;

/** Byte-level BPE over a vocabulary; same ids as llama.cpp for the supported pre-tokenizers. */
export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  const cache = new Map<string, readonly number[]>();
  const userPattern = literalPattern([...vocabulary.userTokens], vocabulary);
  const allPattern = literalPattern([...vocabulary.userTokens, ...vocabulary.controlTokens], vocabulary);

  const encodeWord = (word: string): readonly number[] => {
    const known = cache.get(word);
    if (known !== undefined) return known;
    const ids = mergeToIds(word, vocabulary);
    if (word.length <= CACHED_WORD_LENGTH) {
      if (cache.size >= CACHED_WORDS) cache.clear();
      cache.set(word, ids);
    }
    return ids;
  };
  const appendPlain = (text: string, ids: number[]) => {
    if (text === '') return;
    for (const word of splitWords(text, vocabulary.preTokenizer)) {
      for (const id of encodeWord(word)) ids.push(id);
    }
  };
  const encode: Tokenizer['encode'] = (text, { addBos, parseControl = false }) => {
    const ids: number[] = addBos && vocabulary.bosToken !== null ? [vocabulary.bosToken] : [];
    const pattern = parseControl ? allPattern : userPattern;
    let end = 0;
    for (const match of pattern === undefined ? [] : text.matchAll(pattern)) {
      const id = vocabulary.idOfText.get(match[0]);
      if (id === undefined) continue;
      appendPlain(text.slice(end, match.index), ids);
      ids.push(id);
      end = match.index + match[0].length;
    }
    appendPlain(text.slice(end), ids);
    return ids;
  };
  return {
    encode,
    decode(tokens) {
      const detokenizer = createDetokenizer(vocabulary);
      return detokenizer.push(tokens) + detokenizer.end();
    },
    encodeChat: (messages) => encodeChatWithTemplate(messages, vocabulary, (text) => encode(text, { addBos: false })),
    createDetokenizer: () => createDetokenizer(vocabulary),
  };
}

function mergeToIds(word: string, vocabulary: Vocabulary): number[] {
  const symbols = Array.from(encodeUtf8(word), characterOfByte);
  if (vocabulary.preTokenizer.ignoresMerges) {
    const whole = vocabulary.idOfText.get(symbols.join(''));
    if (whole !== undefined) return [whole];
  }
  return mergeWord(symbols, vocabulary.rankOfPair).flatMap((text) => {
    const id = vocabulary.idOfText.get(text);
    if (id !== undefined) return [id];
    // A merge result that is no token falls back to its bytes; a byte that is no token is left out, as in llama.cpp.
    return [...text].flatMap((character) => vocabulary.idOfText.get(character) ?? []);
  });
}

/** Matches any of the tokens' texts, longest first, as they stand. */
function literalPattern(tokens: readonly number[], vocabulary: Vocabulary): RegExp | undefined {
  const texts = tokens.map((id) => vocabulary.texts[id] ?? '').filter((text) => text !== '');
  if (texts.length === 0) return undefined;
  texts.sort((a, b) => b.length - a.length);
  const escaped = texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(escaped.join('|'), 'gu');
}
