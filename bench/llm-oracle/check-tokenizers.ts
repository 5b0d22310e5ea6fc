/**
 * Our tokenizers against llama.cpp's, written to bench/results/tokenizers.json: every golden of every vocabulary it ships; random texts
 * for each of these vocabularies; and random texts for each pre-tokenizer by name, on the embedded model's vocabulary. Exits 1 on any
 * difference. ROUNDS (10,000) sets how many random texts, ONLY which names.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import { checkout, writeDequantisedModel } from './dequantised-model.ts';
import { createFuzz } from './fuzz-text.ts';
import { checkOutModels, listVocabularies, readOurs } from './vocabularies.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 10_000);
const only = process.env['ONLY']?.split(',');
const { PRE_TOKENIZER_NAMES } = (await import(
  pathToFileURL(join(checkout, 'worker/llm/tokenizer/pre-tokenizers.ts')).href
)) as typeof import('../../worker/llm/tokenizer/pre-tokenizers.ts');

interface Comparison {
  readonly strings: number;
  readonly equal: number;
}

/** Every second text with control tokens parsed. */
async function compareRandomTexts(llama: Llama, path: string, label: string): Promise<Comparison> {
  const { tokenizer, vocabulary } = await readOurs(path);
  const theirs = await llama.loadModel({ modelPath: path, vocabOnly: true });
  const special = [...vocabulary.controlTokens, ...vocabulary.userTokens].map((id) => vocabulary.texts[id] ?? '');
  const next = createFuzz(11, special);
  let equal = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const text = next();
    const parseControl = round % 2 === 1;
    const expected = theirs.tokenize(text, parseControl).join(',');
    const found = tokenizer.encode(text, { addBos: false, parseControl }).join(',');
    if (expected === found) equal += 1;
    else if (round - equal < 3) console.log(JSON.stringify({ label, text, parseControl, expected, found }));
  }
  await theirs.dispose();
  console.log(`${label}: ${equal} of ${ROUNDS} random texts equal`);
  return { strings: ROUNDS, equal };
}

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.disabled });
const vocabularies: Record<string, object> = {};
let isEqual = true;
for (const { name, path, goldens } of listVocabularies(process.env['MODELS'] ?? checkOutModels())) {
  if (only !== undefined && !only.includes(name)) continue;
  let ours: Awaited<ReturnType<typeof readOurs>>;
  try {
    ours = await readOurs(path);
  } catch (error) {
    vocabularies[name] = { refused: String(error) };
    continue;
  }
  const { tokenizer, vocabulary } = ours;
  const passed = goldens.filter(
    ({ text, ids }) => tokenizer.encode(text, { addBos: false }).join(',') === ids.join(','),
  ).length;
  const random = await compareRandomTexts(llama, path, name);
  isEqual &&= passed === goldens.length && random.equal === random.strings;
  vocabularies[name] = {
    kind: vocabulary.scheme.kind,
    tokens: vocabulary.texts.length,
    goldens: goldens.length,
    passed,
    random,
  };
  console.log(`${name}: ${passed} of ${goldens.length} goldens`);
}
const preTokenizers: Record<string, Comparison> = {};
for (const pre of PRE_TOKENIZER_NAMES) {
  if (only !== undefined && !only.includes(pre)) continue;
  const compared = await compareRandomTexts(llama, await writeDequantisedModel(pre), `pre ${pre}`);
  preTokenizers[pre] = compared;
  isEqual &&= compared.equal === compared.strings;
}
const result = {
  madeOn: new Date().toISOString().slice(0, 10),
  madeWith: { 'llama.cpp': llama.llamaCppRelease.release, node: process.version, unicode: process.versions['unicode'] },
  vocabularies,
  preTokenizers,
};
if (only === undefined) {
  writeFileSync(join(checkout, 'bench/results/tokenizers.json'), `${JSON.stringify(result, null, 2)}\n`);
}
process.exit(isEqual ? 0 : 1);
