/** 10,000 random strings per pre-tokenizer: our ids against llama.cpp's. Exits 1 at the first difference. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getLlama } from 'node-llama-cpp';
import { checkout, writeDequantisedModel } from './dequantised-model.ts';

const load = <T>(path: string): Promise<T> => import(pathToFileURL(join(checkout, path)).href) as Promise<T>;
const { randomText } = await load<typeof import('../../tests/fixtures/llm/random-text.ts')>(
  'tests/fixtures/llm/random-text.ts',
);
const { createRandom } =
  await load<typeof import('../../tests/fixtures/llm/random.ts')>('tests/fixtures/llm/random.ts');
const { parseGguf } = await load<typeof import('../../worker/llm/gguf/parse-gguf.ts')>('worker/llm/gguf/parse-gguf.ts');
const { createMemorySource } = await load<typeof import('../../worker/byte-source.ts')>('worker/byte-source.ts');
const { readVocabulary } = await load<typeof import('../../worker/llm/tokenizer/vocabulary.ts')>(
  'worker/llm/tokenizer/vocabulary.ts',
);
const { createTokenizer } = await load<typeof import('../../worker/llm/tokenizer/tokenizer.ts')>(
  'worker/llm/tokenizer/tokenizer.ts',
);

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true });
for (const pre of ['gpt-2', 'llama-bpe', 'smollm', 'qwen2']) {
  const path = await writeDequantisedModel(pre);
  const theirs = await llama.loadModel({ modelPath: path, vocabOnly: true });
  const file = await parseGguf(createMemorySource(new Uint8Array(readFileSync(path))));
  const ours = createTokenizer(readVocabulary(file.metadata, 4096));
  const random = createRandom(11);
  for (let round = 0; round < 10_000; round++) {
    const text = randomText(random);
    const parseControl = round % 2 === 1;
    const expected = theirs.tokenize(text, parseControl).join(',');
    const found = ours.encode(text, { addBos: false, parseControl }).join(',');
    if (expected !== found) {
      console.log(JSON.stringify({ pre, text, parseControl, expected, found }));
      process.exit(1);
    }
  }
  console.log(`${pre}: 10000 strings agree`);
  await theirs.dispose();
}
process.exit(0);
