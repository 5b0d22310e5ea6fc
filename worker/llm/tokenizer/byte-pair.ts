import { characterOfByte } from './byte-alphabet.ts';
import { mergeWord, type RankOfPair } from './merge-word.ts';
import { splitWords } from './split-words.ts';
import { encodeUtf8 } from './utf8.ts';
import type { Scheme, Vocabulary } from './vocabulary.ts';

/** Words whose ids are remembered; text repeats its words. */
const CACHED_WORDS = 8192;
const CACHED_WORD_LENGTH = 64;

export type AppendText = (text: string, ids: number[]) => void;

/** Byte-pair encoding over the byte alphabet or over UTF-8, whichever the vocabulary is written in. */
export function createBytePairEncoder(
  vocabulary: Vocabulary,
  scheme: Scheme & { readonly kind: 'byte-pair' },
): AppendText {
  const { preTokenizer } = scheme;
  const { idOfText } = vocabulary;
  const isUtf8 = preTokenizer.writing === 'utf-8';
  const rankOfPair: RankOfPair = (left, right) => scheme.rankOfPair.get(`${left} ${right}`);
  const cache = new Map<string, readonly number[]>();

  const encodeWord = (word: string): number[] => {
    const symbols = isUtf8 ? [...word] : Array.from(encodeUtf8(word), characterOfByte);
    const isWholeToken = preTokenizer.ignoresMerges || (preTokenizer.keepsLineFeeds && /^\n+$/.test(word));
    const whole = isWholeToken ? idOfText.get(symbols.join('')) : undefined;
    if (whole !== undefined) return [whole];
    return mergeWord(symbols, rankOfPair).flatMap((text) => {
      const id = idOfText.get(text);
      if (id !== undefined) return [id];
      // Merges make tokens only, so this is a single symbol; a byte that is no token is left out, as in llama.cpp.
      return isUtf8 ? byteTokens(text, idOfText) : [];
    });
  };
  return (text, ids) => {
    for (const word of splitWords(isUtf8 ? text.replaceAll(' ', '\u2581') : text, preTokenizer.cuts)) {
      let known = cache.get(word);
      if (known === undefined) {
        known = encodeWord(word);
        if (word.length <= CACHED_WORD_LENGTH) {
          if (cache.size >= CACHED_WORDS) cache.clear();
          cache.set(word, known);
        }
      }
      for (const id of known) ids.push(id);
    }
  };
}

/** A character as its bytes' tokens, `<0x00>` to `<0xFF>`; bytes without one are left out. */
export function byteTokens(character: string, idOfText: ReadonlyMap<string, number>): number[] {
  return Array.from(encodeUtf8(character)).flatMap((byte) => {
    const digits = byte.toString(16).toUpperCase().padStart(2, '0');
    return idOfText.get(`<0x${digits}>`) ?? [];
  });
}
