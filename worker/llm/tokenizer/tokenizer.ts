import { createBytePairEncoder, type AppendText } from './byte-pair.ts';
import { encodeChatWithTemplate, type ChatMessage } from './chat.ts';
import { createDetokenizer, type Detokenizer } from './detokenizer.ts';
import { createSentencePieceEncoder } from './sentence-piece.ts';
import { SpecialTokenFinder, type Fragment } from './special-tokens.ts';
import type { Vocabulary } from './vocabulary.ts';
import { createWordPieceEncoder } from './word-piece.ts';

export interface Tokenizer {
  /**
   * Text to ids. Control tokens written out in the text are plain text unless `parseControl`: a stranger's prompt must not
   * be able to forge structure. `addBos` puts the BOS token in front where the vocabulary has one.
   */
  encode(text: string, options: { addBos: boolean; parseControl?: boolean }): number[];
  /**
   * A whole input as the model was trained to see it: BOS, EOS, [CLS] and [SEP] as the file's flags say. Control tokens in it are plain
   * text. What embedding models take.
   */
  encodeInput(text: string): number[];
  /** Control tokens print nothing; invalid UTF-8 becomes U+FFFD; the space that encoding put in front is taken off again. */
  decode(tokens: readonly number[]): string;
  /**
   * A conversation as a prompt, BOS as the model wants. ChatML and Llama 3 templates are recognised by their markers and built from
   * their control tokens (contents are never parsed for any); any other template, or none, gives the contents of the user's messages joined
   * with line feeds.
   */
  encodeChat(messages: readonly ChatMessage[]): number[];
  createDetokenizer(): Detokenizer;
}

/** Same ids as llama.cpp, for every kind of vocabulary that `readVocabulary` reads. */
export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  const { scheme } = vocabulary;
  const append = createEncoder(vocabulary);
  const userTokens = finderOf(vocabulary, vocabulary.userTokens);
  const allTokens = finderOf(vocabulary, new Set([...vocabulary.userTokens, ...vocabulary.controlTokens]));
  const addsSpacePrefix = scheme.kind === 'sentence-piece' && scheme.addsSpacePrefix;

  const appendFragments = (fragments: readonly Fragment[], ids: number[]) => {
    // SentencePiece text begins with a space, and again after every special token.
    let isStart = true;
    for (const fragment of fragments) {
      if (typeof fragment === 'number') ids.push(fragment);
      else append(isStart && addsSpacePrefix ? ` ${fragment}` : fragment, ids);
      isStart = typeof fragment === 'number';
    }
  };
  const encode: Tokenizer['encode'] = (text, { addBos, parseControl = false }) => {
    const ids: number[] = addBos && vocabulary.bosToken !== null ? [vocabulary.bosToken] : [];
    // A lone surrogate has no UTF-8.
    appendFragments((parseControl ? allTokens : userTokens).split(text.toWellFormed()), ids);
    return ids;
  };
  return {
    encode,
    encodeInput(text) {
      const ids = encode(text, { addBos: vocabulary.addsBos });
      if (vocabulary.addsSep && vocabulary.sepToken !== null) ids.push(vocabulary.sepToken);
      if (vocabulary.addsEos && vocabulary.eosToken !== null) ids.push(vocabulary.eosToken);
      return ids;
    },
    decode(tokens) {
      const detokenizer = createDetokenizer(vocabulary);
      const text = detokenizer.push(tokens) + detokenizer.end();
      const hasSpaceInFront = addsSpacePrefix || scheme.kind === 'word-piece';
      return hasSpaceInFront && text.startsWith(' ') ? text.slice(1) : text;
    },
    encodeChat: (messages) => encodeChatWithTemplate(messages, vocabulary, (text) => encode(text, { addBos: false })),
    createDetokenizer: () => createDetokenizer(vocabulary),
  };
}

function createEncoder(vocabulary: Vocabulary): AppendText {
  const { scheme } = vocabulary;
  switch (scheme.kind) {
    case 'byte-pair':
      return createBytePairEncoder(vocabulary, scheme);
    case 'sentence-piece':
      return createSentencePieceEncoder(vocabulary, scheme);
    case 'word-piece':
      return createWordPieceEncoder(vocabulary, scheme);
  }
}

function finderOf(vocabulary: Vocabulary, ids: ReadonlySet<number>): SpecialTokenFinder {
  return new SpecialTokenFinder(
    [...ids].map((id) => ({
      id,
      text: vocabulary.texts[id] ?? '',
      stripsLeft: vocabulary.stripsLeft.has(id),
      stripsRight: vocabulary.stripsRight.has(id),
    })),
  );
}
