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
  const byte = vocabulary.byteOfToken.get(token);
  if (byte !== undefined) return Uint8Array.of(byte);
  const { scheme } = vocabulary;
  if (scheme.kind !== 'byte-pair' || scheme.preTokenizer.writing === 'utf-8') {
    return encodeUtf8(text.replaceAll('\u2581', ' '));
  }
  const bytes: number[] = [];
  for (const character of text) {
    const value = byteOfCharacter(character);
    if (value === undefined) bytes.push(...encodeUtf8(character));
    else bytes.push(value);
  }
  return Uint8Array.from(bytes);
}
