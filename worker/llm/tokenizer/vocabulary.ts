import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import type { GgufMetadata } from '../gguf/metadata.ts';
import { findPreTokenizer, PRE_TOKENIZER_NAMES, type PreTokenizer } from './pre-tokenizers.ts';
import { readTokenRoles, type TokenRoles } from './token-roles.ts';
import { readByteTokens, readMerges, readScores, readTokenTable, type TokenTable } from './token-table.ts';

/** How plain text becomes ids. */
export type Scheme =
  | {
      readonly kind: 'byte-pair';
      /** Rank by the pair written as "left right"; lower merges first. */
      readonly rankOfPair: ReadonlyMap<string, number>;
      readonly preTokenizer: PreTokenizer;
    }
  | { readonly kind: 'sentence-piece'; readonly scores: readonly number[]; readonly addsSpacePrefix: boolean }
  | {
      readonly kind: 'word-piece';
      readonly unknownToken: number;
      readonly lowercases: boolean;
      readonly stripsAccents: boolean;
    };

/** A tokenizer's data out of a file's metadata. */
export interface Vocabulary extends TokenRoles {
  readonly scheme: Scheme;
  readonly texts: readonly string[];
  readonly idOfText: ReadonlyMap<string, number>;
  /** The byte each `<0xXX>` token prints. */
  readonly byteOfToken: ReadonlyMap<number, number>;
  readonly bosToken: number | null;
  readonly eosToken: number | null;
  /** What stands around a whole input: see Tokenizer.encodeInput. */
  readonly addsBos: boolean;
  readonly addsEos: boolean;
  readonly addsSep: boolean;
  readonly sepToken: number | null;
  readonly chatTemplate: string | null;
  /** By name: `tokenizer.chat_template.<name>`. */
  readonly namedChatTemplates: ReadonlyMap<string, string>;
}

type SpecialIds = Readonly<Record<'bos' | 'eos' | 'sep' | 'unknown', number | null>>;

/** What llama.cpp takes where a file says nothing; a byte-pair vocabulary has no such convention. */
const DEFAULT_IDS: Readonly<Record<Scheme['kind'], SpecialIds>> = {
  'byte-pair': { bos: null, eos: null, sep: null, unknown: null },
  'sentence-piece': { bos: 1, eos: 2, sep: null, unknown: 0 },
  'word-piece': { bos: 101, eos: null, sep: 102, unknown: 100 },
};

/** The `tokenizer.ggml.model` values that are read, and what each is. */
const MODELS: ReadonlyMap<string, Scheme['kind']> = new Map([
  ['gpt2', 'byte-pair'],
  ['gemma4', 'byte-pair'],
  ['llama', 'sentence-piece'],
  ['bert', 'word-piece'],
]);

/** @throws GgufError UNSUPPORTED_TOKENIZER, or naming the field that does not fit. */
export function readVocabulary(metadata: GgufMetadata, vocabularySize: number): Vocabulary {
  const model = metadata.text('tokenizer.ggml.model');
  const kind = MODELS.get(model);
  if (kind === undefined) throw unsupported('tokenizer.ggml.model', model, [...MODELS.keys()]);
  const table = readTokenTable(metadata, vocabularySize);
  const ids = readSpecialIds(metadata, kind, vocabularySize);
  const scheme = readScheme(metadata, model, kind, table, ids);
  const ends = ['eot', 'eom'].map((name) => readId(metadata, `tokenizer.ggml.${name}_token_id`, vocabularySize));
  const roles = readTokenRoles(
    metadata,
    table,
    [ids.eos, ...ends].filter((id) => id !== null),
  );
  const flag = (name: string, fallback: boolean) => metadata.flag(`tokenizer.ggml.add_${name}_token`, fallback);
  const isWordPiece = kind === 'word-piece';
  const addsBosByDefault = scheme.kind === 'byte-pair' ? scheme.preTokenizer.addsBos : true;
  return {
    ...roles,
    scheme,
    texts: table.texts,
    idOfText: table.idOfText,
    byteOfToken: readByteTokens(table),
    bosToken: ids.bos,
    eosToken: ids.eos,
    sepToken: ids.sep,
    // A word-piece model always sees [CLS] and [SEP].
    addsBos: (isWordPiece || flag('bos', addsBosByDefault)) && ids.bos !== null,
    addsEos: !isWordPiece && flag('eos', false) && ids.eos !== null,
    addsSep: isWordPiece && ids.sep !== null,
    chatTemplate: metadata.has('tokenizer.chat_template') ? metadata.text('tokenizer.chat_template') : null,
    namedChatTemplates: readNamedTemplates(metadata),
  };
}

function readScheme(
  metadata: GgufMetadata,
  model: string,
  kind: Scheme['kind'],
  table: TokenTable,
  ids: SpecialIds,
): Scheme {
  if (kind === 'sentence-piece') {
    const scores = readScores(metadata, table.texts.length);
    return { kind, scores, addsSpacePrefix: metadata.flag('tokenizer.ggml.add_space_prefix', true) };
  }
  if (kind === 'word-piece') {
    const lowercases = metadata.flag('tokenizer.ggml.normalizer.lowercase', true);
    const stripsAccents = metadata.flag('tokenizer.ggml.normalizer.strip_accents', lowercases);
    if (ids.unknown === null || ids.bos === null || ids.sep === null) {
      const field = `tokenizer.ggml.${ids.unknown === null ? 'unknown' : ids.bos === null ? 'bos' : 'seperator'}_token_id`;
      throw new GgufError('MISSING_FIELD', `metadata field '${field}' is missing`, { data: { field } });
    }
    return { kind, unknownToken: ids.unknown, lowercases, stripsAccents };
  }
  const pre = model === 'gemma4' ? 'gemma4' : metadata.text('tokenizer.ggml.pre', 'default');
  const preTokenizer = findPreTokenizer(pre);
  if (preTokenizer === undefined) throw unsupported('tokenizer.ggml.pre', pre, PRE_TOKENIZER_NAMES);
  return { kind, rankOfPair: readMerges(metadata, table), preTokenizer };
}

function readSpecialIds(metadata: GgufMetadata, kind: Scheme['kind'], count: number): SpecialIds {
  const defaults = DEFAULT_IDS[kind];
  const read = (keys: readonly string[], fallback: number | null) => {
    const known = keys
      .map((key) => readId(metadata, `tokenizer.ggml.${key}_token_id`, count))
      .find((id) => id !== null);
    return known ?? (fallback !== null && fallback < count ? fallback : null);
  };
  return {
    bos: read(kind === 'word-piece' ? ['bos', 'cls'] : ['bos'], defaults.bos),
    eos: read(['eos'], defaults.eos),
    // The format's own spelling.
    sep: read(['seperator', 'separator'], defaults.sep),
    unknown: read(['unknown'], defaults.unknown),
  };
}

function readId(metadata: GgufMetadata, key: string, count: number): number | null {
  return metadata.has(key) ? metadata.integer(key, 0, count - 1) : null;
}

function readNamedTemplates(metadata: GgufMetadata): ReadonlyMap<string, string> {
  const prefix = 'tokenizer.chat_template.';
  const keys = metadata.keys().filter((key) => key.startsWith(prefix));
  return new Map(keys.map((key) => [key.slice(prefix.length), metadata.text(key)]));
}

function unsupported(field: string, value: string, supported: readonly string[]): GgufError {
  return new GgufError(
    'UNSUPPORTED_TOKENIZER',
    `${field} ${quoteName(value)} is not supported; known are ${supported.join(', ')}`,
    { data: { field, value: quoteName(value) } },
  );
}
