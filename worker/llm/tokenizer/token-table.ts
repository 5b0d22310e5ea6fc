import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import type { GgufMetadata } from '../gguf/metadata.ts';

/** `tokenizer.ggml.token_type`. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The longest token in use has 512 characters; text is compared with tokens, so their length bounds the work per character. */
export const TOKEN_LENGTH_LIMIT = 1024;

const TOKENS = 'tokenizer.ggml.tokens';
const TYPES = 'tokenizer.ggml.token_type';
const SCORES = 'tokenizer.ggml.scores';
const MERGES = 'tokenizer.ggml.merges';

export interface TokenTable {
  /** By id; an empty text of the file is `[EMPTY_<id>]`, as in llama.cpp. */
  readonly texts: readonly string[];
  readonly idOfText: ReadonlyMap<string, number>;
  /** One of TOKEN_TYPE, by id. */
  readonly types: readonly number[];
}

/** @throws GgufError naming the field: missing, of another length than the embedding, a token twice or too long */
export function readTokenTable(metadata: GgufMetadata, vocabularySize: number): TokenTable {
  const texts = metadata.texts(TOKENS).map((text, id) => (text === '' ? `[EMPTY_${id}]` : text));
  if (texts.length !== vocabularySize) {
    throw new GgufError(
      'INVALID_VALUE',
      `${TOKENS} has ${texts.length} tokens, but the embedding has ${vocabularySize} rows`,
      { data: { field: TOKENS, value: texts.length, limit: vocabularySize } },
    );
  }
  const idOfText = new Map<string, number>();
  texts.forEach((text, id) => {
    if (text.length > TOKEN_LENGTH_LIMIT) {
      throw new GgufError(
        'LIMIT_EXCEEDED',
        `${TOKENS}[${id}] has ${text.length} characters; at most ${TOKEN_LENGTH_LIMIT} are read`,
        { data: { field: `${TOKENS}[${id}]`, value: text.length, limit: TOKEN_LENGTH_LIMIT } },
      );
    }
    const first = idOfText.get(text);
    if (first !== undefined) {
      throw new GgufError('DUPLICATE_NAME', `${TOKENS}[${id}] is ${quoteName(text)}, which token ${first} is already`, {
        data: { field: `${TOKENS}[${id}]`, value: first },
      });
    }
    idOfText.set(text, id);
  });
  const types = metadata.has(TYPES) ? metadata.integers(TYPES) : texts.map(() => TOKEN_TYPE.normal);
  if (types.length !== texts.length) throw wrongLength(TYPES, types.length, texts.length);
  return { texts, idOfText, types };
}

/**
 * The byte each byte token stands for.
 *
 * @throws GgufError INVALID_VALUE for a token of type BYTE that is not written `<0x00>` to `<0xFF>`
 */
export function readByteTokens({ texts, types }: TokenTable): ReadonlyMap<number, number> {
  const bytes = new Map<number, number>();
  types.forEach((type, id) => {
    if (type !== TOKEN_TYPE.byte) return;
    const text = texts[id] ?? '';
    const digits = /^<0x([0-9A-F]{2})>$/.exec(text)?.[1];
    if (digits === undefined) {
      throw new GgufError(
        'INVALID_VALUE',
        `${TOKENS}[${id}] is a byte, but written ${quoteName(text)}, not <0x00>..<0xFF>`,
        {
          data: { field: `${TOKENS}[${id}]`, value: quoteName(text) },
        },
      );
    }
    bytes.set(id, Number.parseInt(digits, 16));
  });
  return bytes;
}

/** One finite score per token; higher merges first. @throws GgufError */
export function readScores(metadata: GgufMetadata, count: number): readonly number[] {
  const entry = metadata.entry(SCORES);
  if (entry === undefined) {
    throw new GgufError('MISSING_FIELD', `metadata field '${SCORES}' is missing`, { data: { field: SCORES } });
  }
  const values = 'values' in entry ? entry.values : [];
  if (!('values' in entry) || (entry.elementType !== 'float32' && entry.elementType !== 'int32')) {
    const found = 'values' in entry ? `an array of ${entry.elementType}` : entry.type;
    throw new GgufError('WRONG_FIELD_TYPE', `metadata field '${SCORES}' must be an array of numbers, but is ${found}`, {
      data: { field: SCORES, expected: 'an array of numbers', found },
    });
  }
  if (values.length !== count) throw wrongLength(SCORES, values.length, count);
  return values.map((value, id) => {
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new GgufError('INVALID_VALUE', `${SCORES}[${id}] is ${String(value)}, not a finite number`, {
      data: { field: `${SCORES}[${id}]`, value: String(value) },
    });
  });
}

/**
 * The rank of each pair, written "left right"; lower merges first, and of a pair listed twice the first counts.
 *
 * @throws GgufError INVALID_VALUE for a merge of, or into, something that is no token
 */
export function readMerges(metadata: GgufMetadata, { idOfText }: TokenTable): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  metadata.texts(MERGES).forEach((pair, rank) => {
    // From the second character on: the left side may be a space.
    const space = pair.indexOf(' ', 1);
    const left = pair.slice(0, Math.max(0, space));
    const right = pair.slice(space + 1);
    const unknown = [left, right, left + right].find((text) => !idOfText.has(text));
    if (space < 0 || unknown !== undefined) {
      const why =
        space < 0 ? 'not two tokens with a space between' : `of which ${quoteName(unknown ?? '')} is no token`;
      throw new GgufError('INVALID_VALUE', `${MERGES}[${rank}] is ${quoteName(pair)}, ${why}`, {
        data: { field: `${MERGES}[${rank}]`, value: quoteName(pair) },
      });
    }
    if (!ranks.has(pair)) ranks.set(pair, rank);
  });
  return ranks;
}

function wrongLength(field: string, value: number, limit: number): GgufError {
  return new GgufError('INVALID_VALUE', `${field} has ${value} entries for ${limit} tokens`, {
    data: { field, value, limit },
  });
}
