/**
 * Runs models whose vectors are rounded to eight bits, token by token through the kernels of decoding, and holds their error to twice that of
 * llama.cpp on the quantised files: against llama.cpp's log-probabilities of the F32 twins, and for more models of the same
 * kind against ours in f32, which are within 1e-6 (NMSE) of them. Errors of a kind's models are added up. Writes
 * bench/results/llm-int8-vectors-<adapter>.json. Usage: npm run test:oracle:int8 (HEARTH_SOFTWARE_ADAPTER chooses).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ARCHITECTURE_CASES, type ArchitectureCase } from '../../tests/fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../../tests/fixtures/llm/gguf-writer.ts';
import { INT8_CASES } from '../../tests/fixtures/llm/int8-cases.ts';
import { randomArchitecture } from '../../tests/fixtures/llm/random-architecture.ts';
import { logSoftmax } from '../../tests/gpu/reference/compare.ts';
import { getTestAdapter } from '../../tests/gpu/test-device.ts';
import {
  type ArchitectureFigures,
  type ArchitectureGolden,
  createLoadedHost,
  measureCase,
  readGolden,
} from '../../tests/llm/architecture-oracle.ts';
import { readJsonFixture } from '../../tests/llm/embedded-model.ts';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel } from '../../worker/llm/index.ts';

/** Of llama.cpp's own error. */
const MOST_TIMES = 2;

interface Kind {
  readonly title: string;
  readonly figures: ArchitectureFigures[];
  readonly llamaCpp: { readonly nmse: number; readonly kl: number }[];
}

const { device, description } = await getTestAdapter();
const openAs = (vectors: 'f32' | 'int8') =>
  createLoadedHost((bytes) => loadModel(device, createMemorySource(bytes), { vectors }));
const kinds = new Map<string, Kind>();

async function measure(shape: ArchitectureCase, golden: ArchitectureGolden): Promise<void> {
  const found = await measureCase(openAs('int8'), shape, golden, 3);
  const kind = kinds.get(shape.title) ?? { title: shape.title, figures: [], llamaCpp: [] };
  kinds.set(shape.title, kind);
  kind.figures.push(found);
  kind.llamaCpp.push({ nmse: golden.quantisedNmse, kl: golden.quantisedKl });
  const times = found.nmse / golden.quantisedNmse;
  console.log(`${shape.title}: NMSE ${found.nmse.toExponential(1)}, ${times.toFixed(2)} times llama.cpp's`);
}

const golden = readGolden(ARCHITECTURE_CASES);
const titles = new Set([...INT8_CASES.map(({ title }) => title), 'llama Q4_K and Q6_K in one file']);
for (const shape of ARCHITECTURE_CASES.filter(({ title }) => titles.has(title))) {
  const expected = golden.get(shape.title);
  if (expected === undefined) throw new Error(`no golden rows for ${shape.title}`);
  await measure(shape, expected);
}
const { cases } = readJsonFixture('golden-int8.json') as { cases: Omit<ArchitectureGolden, 'rows'>[] };
for (const [index, shape] of INT8_CASES.entries()) {
  const entry = cases[index];
  if (entry === undefined) throw new Error(`no golden entry ${index}`);
  const model = await openAs('f32')(writeGguf(randomArchitecture(shape.options).file));
  const logits = await model.logits(shape.tokens);
  await model.close();
  const { vocabularySize } = shape.options;
  const rows = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += vocabularySize) {
    rows.set(logSoftmax(logits.subarray(start, start + vocabularySize)), start);
  }
  await measure(shape, { ...entry, rows });
}

const add = <Item>(items: readonly Item[], pick: (item: Item) => number) =>
  items.reduce((total, item) => total + pick(item), 0);
const measured = [...kinds.values()].map((kind) => ({
  ...kind,
  times: {
    nmse: add(kind.figures, ({ nmse }) => nmse) / add(kind.llamaCpp, ({ nmse }) => nmse),
    kl: add(kind.figures, ({ kl }) => kl) / add(kind.llamaCpp, ({ kl }) => kl),
  },
}));
const all = measured.flatMap(({ figures }) => figures);
const singles = measured.flatMap(({ figures, llamaCpp }) =>
  figures.map(({ nmse, kl }, index) => ({
    nmse: nmse / (llamaCpp[index]?.nmse ?? 0),
    kl: kl / (llamaCpp[index]?.kl ?? 0),
  })),
);
const summary = {
  kinds: measured.length,
  models: all.length,
  mostTimesNmse: Math.max(...measured.map(({ times }) => times.nmse)),
  mostTimesKl: Math.max(...measured.map(({ times }) => times.kl)),
  meanTimesNmse: add(measured, ({ times }) => times.nmse) / measured.length,
  meanTimesKl: add(measured, ({ times }) => times.kl) / measured.length,
  /** Of one model by itself. */
  mostTimesOfOne: { nmse: Math.max(...singles.map(({ nmse }) => nmse)), kl: Math.max(...singles.map(({ kl }) => kl)) },
  topShare: 1 - add(all, ({ wrongTop }) => wrongTop) / add(all, ({ clearPositions }) => clearPositions),
  decodedTopShare: 1 - add(all, ({ wrongDecoded }) => wrongDecoded) / add(all, ({ decoded }) => decoded),
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
  measured,
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
