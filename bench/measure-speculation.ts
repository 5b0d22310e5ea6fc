/**
 * What drafts by prompt lookup bring on the embedded model: node --import ./worker/host/raw-modules.mjs bench/measure-speculation.ts.
 * Every text is continued by TOKENS tokens without drafts and with drafts of several lengths; the tokens must be the same. Writes
 * submits and rows, and on a real adapter the time, to bench/results/llm-speculation-<adapter>.json. Exits 1 where a token differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { getTestAdapter } from '../tests/gpu/test-device.ts';
import { createMemorySource } from '../worker/byte-source.ts';
import { loadModel } from '../worker/llm/index.ts';

const TOKENS = 96;
const DRAFTS = [0, 4, 15];

const TEXTS = {
  list: 'Article 1. All persons. Article 2. All persons. Article 3.',
  counting: 'one two three one two three one two',
  quotation: 'He said: "We hold these truths." She said: "We hold these truths." They said: "We hold',
  prose: 'The Congress should',
  story: 'It was in the spring of the year that',
};
const SAMPLING = {
  greedy: { temperature: 0, seed: 0 },
  drawn: { temperature: 0.7, seed: 11, topP: 0.95 },
};

const { device, description } = await getTestAdapter();
const bytes = new Uint8Array(readFileSync(new URL('../assets/hearth-tiny-q8_0.gguf', import.meta.url)));
const model = await loadModel(device, createMemorySource(bytes), { contextLength: 256, sliceBudgetMs: Infinity });

/** One answer; the first run of each kind also compiles and is not kept. */
async function run(promptTokens: readonly number[], sampling: (typeof SAMPLING)['greedy'], maxTokens: number) {
  const session = await model.openGeneration({
    promptTokens,
    maxTokens: TOKENS,
    sampling,
    ...(maxTokens === 0 ? {} : { speculation: { maxTokens } }),
  });
  const before = await model.counters();
  const started = performance.now();
  const { tokens } = await session.next(TOKENS);
  const milliseconds = performance.now() - started;
  const after = await model.counters();
  session.destroy();
  return {
    tokens,
    milliseconds,
    submits: after.steps - before.steps,
    rows: after.rows - before.rows,
    drafted: after.draftedTokens - before.draftedTokens,
    accepted: after.acceptedDrafts - before.acceptedDrafts,
  };
}

/** Times of a software adapter say nothing. */
const rounds = description.isSoftware ? 0 : 3;
let isEqual = true;
const figures = [];
for (const [text, prompt] of Object.entries(TEXTS)) {
  const promptTokens = model.tokenizer.encode(prompt, { addBos: true });
  for (const [kind, sampling] of Object.entries(SAMPLING)) {
    let plain = '';
    for (const draft of DRAFTS) {
      const runs = [];
      for (let round = 0; round <= rounds; round++) runs.push(await run(promptTokens, sampling, draft));
      const [first, ...kept] = runs;
      if (first === undefined) throw new Error('there was no run');
      const { tokens, milliseconds: _, ...counts } = first;
      if (draft === 0) plain = tokens.join();
      isEqual &&= runs.every((each) => each.tokens.join() === plain);
      const times = kept.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
      const figure = {
        text,
        kind,
        draft,
        ...counts,
        tokensPerSubmit: Number((tokens.length / counts.submits).toFixed(2)),
        ...(rounds === 0 ? {} : { medianMs: Number((times[Math.floor(times.length / 2)] ?? 0).toFixed(1)) }),
      };
      figures.push(figure);
      console.log(JSON.stringify(figure));
    }
  }
}
model.destroy();
const versions = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>;
};
const name = `${description.vendor}-${description.architecture || description.device}`;
writeFileSync(
  new URL(`results/llm-speculation-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.json`, import.meta.url),
  `${JSON.stringify(
    {
      measuredAt: new Date().toISOString().slice(0, 10),
      adapter: description.description,
      webgpu: versions.dependencies['webgpu'],
      node: process.version,
      ...(description.isSoftware ? { note: 'A software adapter: counts only.' } : {}),
      tokens: TOKENS,
      isEqual,
      figures,
    },
    undefined,
    1,
  )}\n`,
);
process.exit(isEqual ? 0 : 1);
