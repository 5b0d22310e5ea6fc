import { createMemorySource } from '../../worker/byte-source.ts';
import { GgufMetadata } from '../../worker/llm/gguf/metadata.ts';
import { parseGguf } from '../../worker/llm/gguf/parse-gguf.ts';
import { createTokenizer, type Tokenizer } from '../../worker/llm/tokenizer/tokenizer.ts';
import { readVocabulary } from '../../worker/llm/tokenizer/vocabulary.ts';
import {
  changeMetadata,
  id,
  makeSmallVocabulary,
  numbers,
  string,
  strings,
  type Changes,
  type SmallVocabularyKind,
} from '../fixtures/llm/small-vocabularies.ts';
import { embeddedModelBytes } from './embedded-model.ts';

const file = await parseGguf(createMemorySource(embeddedModelBytes()));
export const embeddedMetadata = file.metadata;

export function tokenizerOf(metadata: GgufMetadata): Tokenizer {
  return createTokenizer(readVocabulary(metadata, metadata.texts('tokenizer.ggml.tokens').length));
}

/** The embedded byte-pair vocabulary with some metadata exchanged; its embedding has 4096 rows. */
export function tokenizerWith(changes: Changes, without: readonly string[] = []): Tokenizer {
  return createTokenizer(readVocabulary(changeMetadata(embeddedMetadata, changes, without), 4096));
}

export function smallTokenizer(kind: SmallVocabularyKind, changes: Changes = {}): Tokenizer {
  return tokenizerOf(changeMetadata(makeSmallVocabulary(kind, embeddedMetadata), changes));
}

/** As tests/fixtures/llm/llama-cpp-vocabularies.json has it; see bench/llm-oracle/reduce-vocabulary.ts. */
export interface ReducedVocabulary {
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly tokens: readonly string[];
  readonly ids: readonly number[];
  readonly specialIds: Readonly<Record<string, number>>;
  readonly types: readonly (readonly [number, number])[];
  readonly scores?: readonly number[];
  readonly merges?: readonly string[];
  /** [index of the text, ...ids in the whole vocabulary]. */
  readonly goldens: readonly (readonly number[])[];
}

export function tokenizerOfReduced(reduced: ReducedVocabulary): Tokenizer {
  const types = new Map(reduced.types);
  return tokenizerOf(
    changeMetadata(new GgufMetadata(new Map()), {
      ...Object.fromEntries(Object.entries(reduced.fields).map(([key, value]) => [key, string(value)])),
      ...Object.fromEntries(Object.entries(reduced.specialIds).map(([key, value]) => [key, id(value)])),
      'tokenizer.ggml.tokens': strings(reduced.tokens),
      'tokenizer.ggml.token_type': numbers(
        'int32',
        reduced.tokens.map((_, index) => types.get(index) ?? 1),
      ),
      ...(reduced.scores === undefined ? {} : { 'tokenizer.ggml.scores': numbers('float32', reduced.scores) }),
      ...(reduced.merges === undefined ? {} : { 'tokenizer.ggml.merges': strings(reduced.merges) }),
    }),
  );
}

/** Control tokens in place of the embedded vocabulary's last ones, and a chat template if given. */
export function chatChanges(
  controlTokens: readonly string[],
  template?: string,
  userTokens: readonly string[] = [],
): Changes {
  const texts = [...controlTokens, ...userTokens];
  const tokens = [...embeddedMetadata.texts('tokenizer.ggml.tokens')];
  const first = tokens.length - texts.length;
  tokens.splice(first, texts.length, ...texts);
  const merges = embeddedMetadata.texts('tokenizer.ggml.merges');
  return {
    'tokenizer.ggml.tokens': strings(tokens),
    'tokenizer.ggml.merges': strings(merges.slice(0, merges.length - texts.length)),
    'tokenizer.ggml.token_type': numbers(
      'int32',
      tokens.map((_, index) => (index === 0 ? 3 : index < first ? 1 : index < first + controlTokens.length ? 3 : 4)),
    ),
    ...(template === undefined ? {} : { 'tokenizer.chat_template': string(template) }),
  };
}
