/**
 * Runs models whose vectors are rounded to eight bits against llama.cpp's log-probabilities of their F32 twins, token by token through the
 * kernels of decoding, and holds the error to twice that of llama.cpp on the quantised file. Writes
 * bench/results/llm-int8-vectors-<adapter>.json. Usage: npm run test:oracle:int8 (HEARTH_SOFTWARE_ADAPTER chooses).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ARCHITECTURE_CASES } from '../../tests/fixtures/llm/architecture-cases.ts';
import { getTestAdapter } from '../../tests/gpu/test-device.ts';
import { createLoadedHost, measureCase, readGolden } from '../../tests/llm/architecture-oracle.ts';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel } from '../../worker/llm/index.ts';

/** Of llama.cpp's own error. */
const MOST_TIMES = 2;

const chosen = /^(llama|qwen2|gemma3|phi3) (Q4_0|Q4_1|Q8_0|Q4_K|Q6_K)( and Q6_K in one file)?$/;

const { device, description } = await getTestAdapter();
const golden = readGolden(ARCHITECTURE_CASES);
const open = createLoadedHost((bytes) => loadModel(device, createMemorySource(bytes), { vectors: 'int8' }));
const figures = [];
for (const shape of ARCHITECTURE_CASES.filter(({ title }) => chosen.test(title))) {
  const expected = golden.get(shape.title);
  if (expected === undefined) throw new Error(`no golden rows for ${shape.title}`);
  const found = await measureCase(open, shape, expected, 3);
  const { quantisedNmse, quantisedKl } = expected;
  const times = { nmse: found.nmse / quantisedNmse, kl: found.kl / quantisedKl };
  figures.push({ ...found, llamaCpp: { nmse: quantisedNmse, kl: quantisedKl }, times });
  console.log(
    `${found.title}: NMSE ${found.nmse.toExponential(1)}, ${times.nmse.toFixed(2)} times; KL ${found.kl.toExponential(1)}, ${times.kl.toFixed(2)} times`,
  );
}
const sum = (pick: (figure: (typeof figures)[number]) => number) =>
  figures.reduce((total, figure) => total + pick(figure), 0);
const summary = {
  cases: figures.length,
  mostTimesNmse: Math.max(...figures.map(({ times }) => times.nmse)),
  mostTimesKl: Math.max(...figures.map(({ times }) => times.kl)),
  meanTimesNmse: sum(({ times }) => times.nmse) / figures.length,
  meanTimesKl: sum(({ times }) => times.kl) / figures.length,
  topShare: 1 - sum(({ wrongTop }) => wrongTop) / sum(({ clearPositions }) => clearPositions),
  decodedTopShare: 1 - sum(({ wrongDecoded }) => wrongDecoded) / sum(({ decoded }) => decoded),
};
const passes = summary.mostTimesNmse <= MOST_TIMES && summary.mostTimesKl <= MOST_TIMES;
const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>;
};
const result = {
  measuredAt: new Date().toISOString().slice(0, 10),
  adapter: description.description || `${description.vendor} ${description.architecture}`,
  features: description.features,
  webgpu: dependencies['webgpu'],
  bar: { mostTimes: MOST_TIMES },
  passes,
  summary,
  figures,
};
const name = `${description.vendor} ${description.architecture || description.device}`
  .toLowerCase()
  .replaceAll(/[^a-z0-9]+/g, '-');
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(3)) : value;
const path = new URL(`../results/llm-int8-vectors-${name}.json`, import.meta.url);
writeFileSync(path, `${JSON.stringify(result, rounded, 1)}\n`);
console.log(JSON.stringify({ passes, ...summary }));
process.exit(passes ? 0 : 1);
