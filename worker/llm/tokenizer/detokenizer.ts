import { byteOfCharacter } from './byte-alphabet.ts';
import { createUtf8Stream, encodeUtf8 } from './utf8.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Tokens to text as they come, never splitting a character: bytes of an unfinished UTF-8 sequence wait for the next token. */
export interface Detokenizer {
  push(tokens: readonly number[]): string;
  /** The rest; an unfinished sequence becomes U+FFFD. */
  end(): string;
}

export function createDetokenizer(vocabulary: Vocabulary): Detokenizer {
  const stream = createUtf8Stream();
  return {
    push: (tokens) => tokens.map((token) => stream.push(bytesOfToken(token, vocabulary))).join(''),
    end: () => stream.end(),
  };
}

/** The UTF-8 bytes a token prints: none for control tokens and ids outside the vocabulary. */
function bytesOfToken(token: number, vocabulary: Vocabulary): Uint8Array {
  const text = vocabulary.texts[token];
  if (text === undefined || vocabulary.controlTokens.has(token)) return new Uint8Array(0);
  if (vocabulary.userTokens.has(token)) return encodeUtf8(text);
  const bytes: number[] = [];
  for (const character of text) {
    const byte = byteOfCharacter(character);
    if (byte === undefined) bytes.push(...encodeUtf8(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
