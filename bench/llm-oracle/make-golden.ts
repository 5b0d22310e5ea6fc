/** Writes tests/fixtures/llm/golden-*: see README.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getLlama, type LlamaModel, type Token } from 'node-llama-cpp';
import { checkout, writeDequantisedModel } from './dequantised-model.ts';

/** All 4096 log-probabilities after each token are kept of these... */
const FULL_PROMPTS = [
  'The people of the United States have always believed that',
  'Our first duty is to the farmers and to',
];
/** ... and the best eight of these. */
const TOP_PROMPTS = [
  'The Congress should consider whether the present laws of the District are sufficient for the protection of its people and their property.',
  'Fellow-Citizens of the Senate and House of Representatives: I congratulate you upon the favorable state of the country, and upon the peace which',
  'It is with great satisfaction that I report that the expenditures of the Government for the fiscal year 1873 were less by $12,345,678 than the receipts',
  "We can't wait; America's families -- and the world's -- don't have time for more of the same politics, and so tonight I say to the",
  'zqx 7#@! ()[]{} ....  \n\n\t\tnaïve café — 日本語 🎉 Ω≈ç√ unusual bytes',
  'war war war peace peace peace war war war peace peace peace war war war peace peace peace war',
];
const TOP_COUNT = 8;

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true });
const release = llama.llamaCppRelease.release;
const fixtures = join(checkout, 'tests/fixtures/llm');

async function logProbabilities(model: LlamaModel, tokens: readonly Token[]): Promise<Float32Array<ArrayBuffer>[]> {
  const context = await model.createContext({ contextSize: 256, sequences: 1 });
  const evaluated = await context
    .getSequence()
    .controlledEvaluate(
      tokens.map((token) => [
        token,
        { generateNext: { token: true, probabilities: true, options: { temperature: 0 } } },
      ]),
    );
  const rows = evaluated.map((item) => {
    const row = new Float32Array(4096);
    const probabilities = item?.next.probabilities;
    if (probabilities?.size !== row.length) throw new Error(`${probabilities?.size} probabilities`);
    for (const [token, probability] of probabilities) row[token] = Math.log(probability);
    return row;
  });
  await context.dispose();
  return rows;
}

const model = await llama.loadModel({ modelPath: await writeDequantisedModel(), gpuLayers: 0 });
const encode = (text: string) => [model.tokens.bos as Token, ...model.tokenize(text, false)];

const full: { text: string; tokens: number[] }[] = [];
const fullRows: Float32Array<ArrayBuffer>[] = [];
for (const text of FULL_PROMPTS) {
  const tokens = encode(text);
  full.push({ text, tokens: tokens.map(Number) });
  fullRows.push(...(await logProbabilities(model, tokens)));
}
const top = [];
for (const text of TOP_PROMPTS) {
  const tokens = encode(text);
  const rows = await logProbabilities(model, tokens);
  const best = rows.map((row) => {
    const order = Array.from(row, (value, id) => ({ value, id })).toSorted((a, b) => b.value - a.value);
    return order.slice(0, TOP_COUNT).map(({ id, value }) => [id, Number(value.toFixed(5))]);
  });
  top.push({ text, tokens: tokens.map(Number), best });
}
writeFileSync(
  join(fixtures, 'golden-log-probabilities.f32'),
  Buffer.concat(fullRows.map((row) => new Uint8Array(row.buffer))),
);
writeFileSync(
  join(fixtures, 'golden-logits.json'),
  `${JSON.stringify({ madeWith: `llama.cpp ${release}`, full, top })}\n`,
);
await model.dispose();

process.exit(0);
