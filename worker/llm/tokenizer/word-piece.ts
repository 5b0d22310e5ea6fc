import type { AppendText } from './byte-pair.ts';
import { PrefixIndex } from './prefix-index.ts';
import type { Scheme, Vocabulary } from './vocabulary.ts';

const WHITE_SPACE = /\p{White_Space}/u;
const CONTROL = /[\0\uFFFD\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;
const MARK = /\p{M}/u;
/** A word of its own: punctuation, ASCII symbols, and Chinese characters in the ranges BERT's tokenizer knows. */
const SEPARATE =
  /[\p{P}$+<=>^`|~\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/u;

/**
 * WordPiece, the `bert` tokenizer of GGUF: text is normalised and cut into words, and each word into the longest tokens from its front,
 * the first of them with U+2581 before it. A word that cannot be cut so is the unknown token.
 *
 * As in llama.cpp an accent is stripped by taking the first code point of a character's decomposition.
 */
export function createWordPieceEncoder(
  vocabulary: Vocabulary,
  scheme: Scheme & { readonly kind: 'word-piece' },
): AppendText {
  const index = new PrefixIndex(vocabulary.texts.map((text, id) => [text, id]));
  return (text, ids) => {
    for (const word of normaliseWords(text, scheme)) {
      const pieces = cutWord(`\u2581${word}`, index);
      if (pieces === undefined) ids.push(scheme.unknownToken);
      else for (const id of pieces) ids.push(id);
    }
  };
}

function cutWord(word: string, index: PrefixIndex): number[] | undefined {
  const ids: number[] = [];
  for (let start = 0; start < word.length;) {
    const found = index.longest(word, start, word.length - start);
    if (found === undefined) return undefined;
    ids.push(found.id);
    start += found.length;
  }
  return ids;
}

function normaliseWords(
  text: string,
  { lowercases, stripsAccents }: Scheme & { readonly kind: 'word-piece' },
): string[] {
  const words: string[] = [];
  let word = '';
  const finish = () => {
    if (word !== '') words.push(word);
    word = '';
  };
  for (const written of text) {
    const character = stripsAccents ? firstCodePoint(written.normalize('NFD')) : written;
    if (WHITE_SPACE.test(character)) finish();
    else if (!CONTROL.test(character) && !(stripsAccents && MARK.test(character))) {
      const lower = lowercases ? firstCodePoint(character.toLowerCase()) : character;
      if (SEPARATE.test(character)) {
        finish();
        words.push(lower);
      } else {
        word += lower;
      }
    }
  }
  finish();
  return words;
}

function firstCodePoint(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0);
}
