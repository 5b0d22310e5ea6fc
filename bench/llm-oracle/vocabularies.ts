/** llama.cpp's own vocabularies and their goldens, out of the source bundle that node-llama-cpp ships. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkout } from './dequantised-model.ts';

const load = <T>(path: string): Promise<T> => import(pathToFileURL(join(checkout, path)).href) as Promise<T>;
const { parseGguf } = await load<typeof import('../../worker/llm/gguf/parse-gguf.ts')>('worker/llm/gguf/parse-gguf.ts');
const { createMemorySource } = await load<typeof import('../../worker/byte-source.ts')>('worker/byte-source.ts');
const { readVocabulary } = await load<typeof import('../../worker/llm/tokenizer/vocabulary.ts')>(
  'worker/llm/tokenizer/vocabulary.ts',
);
const { createTokenizer } = await load<typeof import('../../worker/llm/tokenizer/tokenizer.ts')>(
  'worker/llm/tokenizer/tokenizer.ts',
);

const SEPARATOR = '\n__ggml_vocab_test__\n';

export interface Golden {
  readonly text: string;
  readonly ids: readonly number[];
}

export interface ShippedVocabulary {
  readonly name: string;
  readonly path: string;
  /** Empty where llama.cpp has none for this vocabulary. */
  readonly goldens: readonly Golden[];
}

/** Checks the source out into a temporary folder. */
export function checkOutModels(): string {
  const packageFolder = dirname(dirname(createRequire(import.meta.url).resolve('node-llama-cpp')));
  const bundle = join(packageFolder, 'llama/gitRelease.bundle');
  const folder = join(mkdtempSync(join(tmpdir(), 'hearth-oracle-')), 'llama.cpp');
  execFileSync('git', ['clone', '--quiet', bundle, folder], { stdio: ['ignore', 'ignore', 'ignore'] });
  return join(folder, 'models');
}

export function listVocabularies(folder: string): ShippedVocabulary[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith('ggml-vocab-') && file.endsWith('.gguf'))
    .toSorted()
    .map((file) => {
      const path = join(folder, file);
      return { name: file.slice('ggml-vocab-'.length, -'.gguf'.length), path, goldens: readGoldens(path) };
    });
}

function readGoldens(path: string): Golden[] {
  if (!existsSync(`${path}.inp`)) return [];
  const texts = readFileSync(`${path}.inp`, 'utf8').split(SEPARATOR);
  const lines = readFileSync(`${path}.out`, 'utf8').replace(/\n$/, '').split('\n');
  // As in llama.cpp's test-tokenizer-0: an empty rest is no test.
  if (texts.at(-1) === '') texts.pop();
  if (texts.length !== lines.length) throw new Error(`${path}: ${texts.length} texts, ${lines.length} lines`);
  return texts.map((text, index) => {
    const line = lines[index]?.trim() ?? '';
    return { text, ids: line === '' ? [] : line.split(' ').map(Number) };
  });
}

/** Our reading of a vocabulary file. @throws GgufError for a tokenizer that is not supported */
export async function readOurs(path: string) {
  const { metadata } = await parseGguf(createMemorySource(new Uint8Array(readFileSync(path))));
  const vocabulary = readVocabulary(metadata, metadata.texts('tokenizer.ggml.tokens').length);
  return { metadata, vocabulary, tokenizer: createTokenizer(vocabulary) };
}
