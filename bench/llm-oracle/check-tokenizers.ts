/**
 * Our tokenizers against llama.cpp's, written to bench/results/tokenizers.json: every golden of every vocabulary it ships; random texts
 * for each of these vocabularies; and random texts for each way of cutting words, on the embedded model's vocabulary. Exits 1 on any
 * difference. ROUNDS (10,000) sets how many random texts; ONLY which names, whose results are put beside those already there.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import { checkout, writeDequantisedModel } from './dequantised-model.ts';
import { createFuzz } from './fuzz-text.ts';
import { checkOutModels, listVocabularies, readOurs } from './vocabularies.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 10_000);
const only = process.env['ONLY']?.split(',');
const { findPreTokenizer, PRE_TOKENIZER_NAMES } = (await import(
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

/** One of each kind. */
const MEASURED = ['gpt-2', 'llama-bpe', 'llama-spm', 'bert-bge'];

/**
 * Milliseconds of CPU time to tokenize texts of two sizes, each by a tokenizer that has seen other text only: near linear is ten times as
 * long for ten times as much.
 */
async function measureSpeed(path: string): Promise<object> {
  const next = createFuzz(3, []);
  let mixed = '';
  while (mixed.length < 1_000_000) mixed += `${next()} `;
  const cpuMs = async (text: string) => {
    const { tokenizer } = await readOurs(path);
    tokenizer.encode(mixed.slice(-50_000), { addBos: false });
    const before = process.cpuUsage();
    tokenizer.encode(text, { addBos: false });
    const { user, system } = process.cpuUsage(before);
    return Math.round((user + system) / 1000);
  };
  const speed: Record<string, object> = {};
  for (const [name, text] of Object.entries({ mixed, oneWord: 'ab'.repeat(500_000), spaces: ' '.repeat(1_000_000) })) {
    speed[name] = { cpuMs100k: await cpuMs(text.slice(0, 100_000)), cpuMs1M: await cpuMs(text.slice(0, 1_000_000)) };
  }
  return speed;
}

interface Results {
  readonly vocabularies: Record<string, object>;
  readonly preTokenizers: Record<string, Comparison>;
}
const path = join(checkout, 'bench/results/tokenizers.json');
const readResults = (): Results =>
  existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Results) : { vocabularies: {}, preTokenizers: {} };
const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.disabled });
const madeOn = new Date().toISOString().slice(0, 10);
const madeWith = {
  'llama.cpp': llama.llamaCppRelease.release,
  node: process.version,
  unicode: process.versions['unicode'],
};
/** At once, so that a run that is stopped keeps what it has. */
function save(part: keyof Results, name: string, result: object): void {
  const before = readResults();
  const results = { ...before, [part]: { ...before[part], [name]: result } };
  const { vocabularies, preTokenizers } = results;
  writeFileSync(path, `${JSON.stringify({ madeOn, madeWith, vocabularies, preTokenizers }, null, 2)}\n`);
}
let isEqual = true;
for (const { name, path: file, goldens } of listVocabularies(process.env['MODELS'] ?? checkOutModels())) {
  if (only !== undefined && !only.includes(name)) continue;
  let ours: Awaited<ReturnType<typeof readOurs>>;
  try {
    ours = await readOurs(file);
  } catch (error) {
    save('vocabularies', name, { refused: String(error) });
    continue;
  }
  const { tokenizer, vocabulary } = ours;
  const passed = goldens.filter(
    ({ text, ids }) => tokenizer.encode(text, { addBos: false }).join(',') === ids.join(','),
  ).length;
  const random = await compareRandomTexts(llama, file, name);
  isEqual &&= passed === goldens.length && random.equal === random.strings;
  save('vocabularies', name, {
    kind: vocabulary.scheme.kind,
    tokens: vocabulary.texts.length,
    goldens: goldens.length,
    passed,
    random,
    ...(MEASURED.includes(name) ? { speed: await measureSpeed(file) } : {}),
  });
  console.log(`${name}: ${passed} of ${goldens.length} goldens`);
}
const seen = new Set<unknown>();
for (const pre of PRE_TOKENIZER_NAMES) {
  const definition = findPreTokenizer(pre);
  if (only === undefined ? seen.has(definition) : !only.includes(pre)) continue;
  seen.add(definition);
  const compared = await compareRandomTexts(llama, await writeDequantisedModel(pre), `pre ${pre}`);
  save('preTokenizers', pre, compared);
  isEqual &&= compared.equal === compared.strings;
}
process.exit(isEqual ? 0 : 1);
