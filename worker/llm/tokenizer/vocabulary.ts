import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import type { GgufMetadata } from '../gguf/metadata.ts';
import { PRE_TOKENIZERS, type PreTokenizer } from './pre-tokenizers.ts';

/** `tokenizer.ggml.token_type`: only these three are told apart. */
const CONTROL = 3;
const USER_DEFINED = 4;
const UNKNOWN = 2;

/** A byte-level BPE vocabulary out of a file's metadata. */
export interface Vocabulary {
  readonly texts: readonly string[];
  readonly idOfText: ReadonlyMap<string, number>;
  /** Rank by the pair written as "left right"; lower merges first. */
  readonly rankOfPair: ReadonlyMap<string, number>;
  readonly preTokenizer: PreTokenizer;
  /** Ids that stand for structure, not text: matched in text only when asked, never printed. */
  readonly controlTokens: ReadonlySet<number>;
  /** Ids whose text is matched as it stands wherever it appears. */
  readonly userTokens: ReadonlySet<number>;
  readonly bosToken: number | null;
  readonly eosToken: number | null;
  readonly addsBos: boolean;
  /** Ids that end an answer. */
  readonly stopTokens: ReadonlySet<number>;
  readonly chatTemplate: string | null;
}

/** @throws GgufError UNSUPPORTED_TOKENIZER, or naming the field that does not fit. */
export function readVocabulary(metadata: GgufMetadata, vocabularySize: number): Vocabulary {
  const model = metadata.text('tokenizer.ggml.model');
  if (model !== 'gpt2') throw unsupported('tokenizer.ggml.model', model, "only 'gpt2' (byte-level BPE)");
  const pre = metadata.text('tokenizer.ggml.pre', 'gpt-2');
  const preTokenizer = PRE_TOKENIZERS.get(pre);
  if (preTokenizer === undefined) {
    throw unsupported('tokenizer.ggml.pre', pre, [...PRE_TOKENIZERS.keys()].join(', '));
  }
  const texts = metadata.texts('tokenizer.ggml.tokens');
  if (texts.length !== vocabularySize) {
    throw new GgufError(
      'INVALID_VALUE',
      `tokenizer.ggml.tokens has ${texts.length} tokens, but the embedding has ${vocabularySize} rows`,
      { data: { field: 'tokenizer.ggml.tokens', value: texts.length, limit: vocabularySize } },
    );
  }
  const types = metadata.has('tokenizer.ggml.token_type') ? metadata.integers('tokenizer.ggml.token_type') : [];
  if (types.length > 0 && types.length !== texts.length) {
    throw new GgufError(
      'INVALID_VALUE',
      `tokenizer.ggml.token_type has ${types.length} entries for ${texts.length} tokens`,
      { data: { field: 'tokenizer.ggml.token_type', value: types.length, limit: texts.length } },
    );
  }
  const withType = (wanted: readonly number[]) =>
    new Set(texts.flatMap((text, id) => (wanted.includes(types[id] ?? 1) && text !== '' ? [id] : [])));
  const bosToken = optionalToken(metadata, 'tokenizer.ggml.bos_token_id', texts.length);
  const eosToken = optionalToken(metadata, 'tokenizer.ggml.eos_token_id', texts.length);
  const endings = ['tokenizer.ggml.eot_token_id', 'tokenizer.ggml.eom_token_id'].map((key) =>
    optionalToken(metadata, key, texts.length),
  );
  // Files made before `eot` was stored: the end-of-turn tokens are known by their names.
  const named = texts.flatMap((text, id) => (text === '<|eot_id|>' || text === '<|im_end|>' ? [id] : []));
  return {
    texts,
    idOfText: new Map(texts.map((text, id) => [text, id])),
    rankOfPair: new Map(metadata.texts('tokenizer.ggml.merges').map((pair, rank) => [pair, rank])),
    preTokenizer,
    controlTokens: withType([CONTROL, UNKNOWN]),
    userTokens: withType([USER_DEFINED]),
    bosToken,
    eosToken,
    addsBos: metadata.flag('tokenizer.ggml.add_bos_token', preTokenizer.addsBos) && bosToken !== null,
    stopTokens: new Set([eosToken, ...endings, ...named].filter((id) => id !== null)),
    chatTemplate: metadata.has('tokenizer.chat_template') ? metadata.text('tokenizer.chat_template') : null,
  };
}

function optionalToken(metadata: GgufMetadata, key: string, count: number): number | null {
  return metadata.has(key) ? metadata.integer(key, 0, count - 1) : null;
}

function unsupported(field: string, value: string, supported: string): GgufError {
  return new GgufError('UNSUPPORTED_TOKENIZER', `${field} ${quoteName(value)} is not supported: ${supported}`, {
    data: { field, value },
  });
}
