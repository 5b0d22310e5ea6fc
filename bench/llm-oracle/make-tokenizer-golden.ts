/**
 * Writes what llama.cpp's tokenizers make of tests/fixtures/llm/tokenizer-strings.ts to golden-tokenization.json: for every way of cutting
 * words that has a name, and for the small vocabularies of every kind. And llama.cpp's own goldens, with no more of each vocabulary than
 * they need, to llama-cpp-vocabularies.json.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import { checkout, writeDequantisedModel } from './dequantised-model.ts';
import { reduceVocabulary } from './reduce-vocabulary.ts';
import { checkOutModels, listVocabularies, readOurs } from './vocabularies.ts';

const load = <T>(path: string): Promise<T> => import(pathToFileURL(join(checkout, path)).href) as Promise<T>;
const fixtures = join(checkout, 'tests/fixtures/llm');
const { TOKENIZER_STRINGS } = await load<typeof import('../../tests/fixtures/llm/tokenizer-strings.ts')>(
  'tests/fixtures/llm/tokenizer-strings.ts',
);
const { hashIds } = await load<typeof import('../../tests/fixtures/llm/hash-ids.ts')>('tests/fixtures/llm/hash-ids.ts');
const { makeSmallVocabulary, SMALL_VOCABULARY_KINDS } = await load<
  typeof import('../../tests/fixtures/llm/small-vocabularies.ts')
>('tests/fixtures/llm/small-vocabularies.ts');
const { writeGguf, GGUF_TYPE } = await load<typeof import('../../tests/fixtures/llm/gguf-writer.ts')>(
  'tests/fixtures/llm/gguf-writer.ts',
);
const { findPreTokenizer, PRE_TOKENIZER_NAMES } = await load<
  typeof import('../../worker/llm/tokenizer/pre-tokenizers.ts')
>('worker/llm/tokenizer/pre-tokenizers.ts');
type Metadata = import('../../worker/llm/gguf/metadata.ts').GgufMetadata;

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.disabled });
const madeWith = `llama.cpp ${llama.llamaCppRelease.release}`;

async function tokenizeAll(runtime: Llama, path: string): Promise<{ plain: string; withControl: string }> {
  const model = await runtime.loadModel({ modelPath: path, vocabOnly: true });
  const all = (parseControl: boolean) =>
    TOKENIZER_STRINGS.map((text) => hashIds(model.tokenize(text, parseControl).map(Number))).join(' ');
  const result = { plain: all(false), withControl: all(true) };
  await model.dispose();
  return result;
}

const typeId = (name: string) => GGUF_TYPE[name as keyof typeof GGUF_TYPE];

function writeMetadata(metadata: Metadata): string {
  const entries = metadata.keys().flatMap((key) => {
    const entry = metadata.entry(key);
    if (entry === undefined) return [];
    const value =
      'values' in entry
        ? { elementType: typeId(entry.elementType), values: entry.values }
        : { type: typeId(entry.type), value: entry.value };
    return [[key, value] as const];
  });
  const path = join(mkdtempSync(join(tmpdir(), 'hearth-oracle-')), 'vocabulary.gguf');
  writeFileSync(path, writeGguf({ metadata: entries, tensors: [] }));
  return path;
}

const tokenizations: Record<string, object> = {};
const seen = new Set<unknown>();
for (const pre of PRE_TOKENIZER_NAMES) {
  const definition = findPreTokenizer(pre);
  if (seen.has(definition)) continue;
  seen.add(definition);
  tokenizations[pre] = await tokenizeAll(llama, await writeDequantisedModel(pre));
}
const embedded = await readOurs(await writeDequantisedModel());
const small: Record<string, object> = {};
for (const kind of SMALL_VOCABULARY_KINDS) {
  small[kind] = await tokenizeAll(llama, writeMetadata(makeSmallVocabulary(kind, embedded.metadata)));
}
writeFileSync(
  join(fixtures, 'golden-tokenization.json'),
  `${JSON.stringify({ madeWith, tokenizations, small }, null, 1)}\n`,
);

const texts: string[] = [];
const vocabularies = [];
for (const { name, path, goldens } of listVocabularies(process.env['MODELS'] ?? checkOutModels())) {
  if (goldens.length === 0) continue;
  const { metadata, vocabulary } = await readOurs(path);
  const reduced = reduceVocabulary(metadata, vocabulary, goldens);
  for (const { text } of goldens) if (!texts.includes(text)) texts.push(text);
  vocabularies.push({ name, ...reduced, goldens: goldens.map(({ text, ids }) => [texts.indexOf(text), ...ids]) });
  console.log(`${name}: ${reduced.tokens.length} of ${vocabulary.texts.length} tokens`);
}
const licence = 'texts and ids: llama.cpp, MIT, Copyright (c) 2023-2026 The ggml authors; see README.md';
writeFileSync(
  join(fixtures, 'llama-cpp-vocabularies.json'),
  `${JSON.stringify({ madeWith, licence, texts, vocabularies })}\n`,
);
process.exit(0);
