import { byteTokens, type AppendText } from './byte-pair.ts';
import { mergeWord } from './merge-word.ts';
import type { Scheme, Vocabulary } from './vocabulary.ts';

/**
 * SentencePiece's byte-pair model, the `llama` tokenizer of GGUF: neighbours merge whenever what they make is a token, the highest score
 * first. Spaces are U+2581, and a character that is no token is its bytes. There are no words: the whole text is merged at once.
 *
 * `remove_extra_whitespaces` of the metadata is not applied, as in llama.cpp, where only the unigram model reads it.
 */
export function createSentencePieceEncoder(
  { idOfText, controlTokens }: Vocabulary,
  { scores }: Scheme & { readonly kind: 'sentence-piece' },
): AppendText {
  const rankOfPair = (left: string, right: string) => {
    const id = idOfText.get(left + right);
    // Structure is never merged out of letters.
    if (id === undefined || controlTokens.has(id)) return undefined;
    return -(scores[id] ?? 0);
  };
  return (text, ids) => {
    for (const symbol of mergeWord([...text.replaceAll(' ', '\u2581')], rankOfPair)) {
      const id = idOfText.get(symbol);
      if (id !== undefined) ids.push(id);
      else for (const byte of byteTokens(symbol, idOfText)) ids.push(byte);
    }
  };
}
