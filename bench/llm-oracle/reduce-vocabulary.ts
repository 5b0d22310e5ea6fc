/** The part of a vocabulary that some texts' tokenization looks at: with it alone they give the same tokens. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkout } from './dequantised-model.ts';
import type { Golden } from './vocabularies.ts';

type Metadata = import('../../worker/llm/gguf/metadata.ts').GgufMetadata;
type Vocabulary = import('../../worker/llm/tokenizer/vocabulary.ts').Vocabulary;

const { createTokenizer } = (await import(
  pathToFileURL(join(checkout, 'worker/llm/tokenizer/tokenizer.ts')).href
)) as typeof import('../../worker/llm/tokenizer/tokenizer.ts');

export interface ReducedVocabulary {
  /** `tokenizer.ggml.model`, `tokenizer.ggml.pre` and `general.name`, where the file has them. */
  readonly fields: Readonly<Record<string, string>>;
  readonly tokens: readonly string[];
  /** The id each token has in the whole vocabulary. */
  readonly ids: readonly number[];
  /** Ids within the reduced vocabulary. */
  readonly specialIds: Readonly<Record<string, number>>;
  /** [token, type] of those that are not normal. */
  readonly types: readonly (readonly [number, number])[];
  readonly scores?: readonly number[];
  readonly merges?: readonly string[];
}

/** Remembers which keys were found. */
class RecordingMap<V> extends Map<string, V> {
  readonly found = new Set<string>();

  override get(key: string): V | undefined {
    const value = super.get(key);
    if (value !== undefined) this.found.add(key);
    return value;
  }
}

const SPECIAL_KEYS = ['bos', 'eos', 'unknown', 'seperator', 'cls'].map((name) => `tokenizer.ggml.${name}_token_id`);

export function reduceVocabulary(
  metadata: Metadata,
  vocabulary: Vocabulary,
  goldens: readonly Golden[],
): ReducedVocabulary {
  const idOfText = new RecordingMap(vocabulary.idOfText);
  const { scheme } = vocabulary;
  const ranks = new RecordingMap(scheme.kind === 'byte-pair' ? scheme.rankOfPair : []);
  const recording = {
    ...vocabulary,
    idOfText,
    scheme: scheme.kind === 'byte-pair' ? { ...scheme, rankOfPair: ranks } : scheme,
  };
  const tokenizer = createTokenizer(recording);
  for (const { text } of goldens) tokenizer.encode(text, { addBos: false });

  const kept = new Set(goldens.flatMap(({ ids }) => ids));
  for (const text of idOfText.found) kept.add(vocabulary.idOfText.get(text) ?? 0);
  for (const pair of ranks.found) {
    const space = pair.indexOf(' ', 1);
    const [left, right] = [pair.slice(0, space), pair.slice(space + 1)];
    for (const text of [left, right, left + right]) kept.add(vocabulary.idOfText.get(text) ?? 0);
  }
  const specials = SPECIAL_KEYS.flatMap((key) =>
    metadata.has(key) ? [[key, metadata.integer(key, 0, 1e9)] as const] : [],
  );
  for (const [, id] of specials) kept.add(id);
  if (scheme.kind === 'word-piece') {
    const whole = goldens.map(({ text }) => text.normalize('NFD').toLowerCase()).join('\n');
    vocabulary.texts.forEach((text, id) => {
      if (whole.includes(text.replace('\u2581', ''))) kept.add(id);
    });
  }
  const ids = [...kept].toSorted((a, b) => a - b);
  const newId = new Map(ids.map((id, index) => [id, index]));
  const types = metadata.has('tokenizer.ggml.token_type') ? metadata.integers('tokenizer.ggml.token_type') : [];
  return {
    fields: Object.fromEntries(
      ['tokenizer.ggml.model', 'tokenizer.ggml.pre', 'general.name'].flatMap((key) =>
        metadata.has(key) ? [[key, metadata.text(key)]] : [],
      ),
    ),
    tokens: ids.map((id) => vocabulary.texts[id] ?? ''),
    ids,
    specialIds: Object.fromEntries(specials.map(([key, id]) => [key, newId.get(id) ?? 0])),
    types: ids.flatMap((id, index) =>
      types[id] === undefined || types[id] === 1 ? [] : [[index, types[id]] as const],
    ),
    ...(scheme.kind === 'sentence-piece' ? { scores: ids.map((id) => scheme.scores[id] ?? 0) } : {}),
    ...(scheme.kind === 'byte-pair'
      ? { merges: [...ranks.found].toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0)) }
      : {}),
  };
}
