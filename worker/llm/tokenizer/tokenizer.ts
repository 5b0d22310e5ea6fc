import { createBytePairEncoder, type AppendText } from './byte-pair.ts';
import type { ChatMessage, ChatOptions } from '../chat-template/chat-message.ts';
import { createChatEncoder, isBreakable } from '../chat-template/encode-chat.ts';
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
   * A conversation as a prompt for the model's answer, by the file's chat template; BOS as the model wants. No message can forge structure:
   * a control token spelled in one stays plain text. A file without a template gets the layout its tokens suggest, Llama 3 headers or
   * ChatML, else the user's messages joined with line feeds.
   *
   * @throws TemplateError for a template that is malformed, refuses the conversation or costs too much, and for more input than it may have
   */
  encodeChat(messages: readonly ChatMessage[], options?: ChatOptions): number[];
  createDetokenizer(): Detokenizer;
}

/** Same ids as llama.cpp, for every kind of vocabulary that `readVocabulary` reads. */
export function createTokenizer(vocabulary: Vocabulary): Tokenizer {
  const { scheme } = vocabulary;
  const append = createEncoder(vocabulary);
  const userTokens = finderOf(vocabulary, [...vocabulary.userTokens]);
  const allIds = [...vocabulary.userTokens, ...vocabulary.controlTokens];
  const allTokens = finderOf(vocabulary, allIds);
  const promptTokens = finderOf(
    vocabulary,
    allIds.filter((id) => isBreakable(vocabulary.texts[id] ?? '')),
  );
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
    encodeChat: createChatEncoder(vocabulary, {
      encodeText: (text) => encode(text, { addBos: false }),
      encodePrompt(text, clean) {
        const fragments = promptTokens
          .split(text.toWellFormed())
          .map((part) => (typeof part === 'string' ? clean(part) : part))
          .filter((part) => part !== '');
        const ids: number[] = [];
        appendFragments(fragments, ids);
        return ids;
      },
    }),
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

function finderOf(vocabulary: Vocabulary, ids: readonly number[]): SpecialTokenFinder {
  return new SpecialTokenFinder(
    ids.map((id) => ({
      id,
      text: vocabulary.texts[id] ?? '',
      stripsLeft: vocabulary.stripsLeft.has(id),
      stripsRight: vocabulary.stripsRight.has(id),
    })),
  );
}
