/**
 * Runs models whose vectors are rounded to eight bits, token by token through the kernels of decoding, and holds the error of every single one to
 * twice that of llama.cpp on the same quantised file: against llama.cpp's log-probabilities of the F32 twins, and for more models of the same
 * kind against ours in f32, which are within 1e-6 (NMSE) of them. Writes bench/results/llm-int8-vectors-<adapter>.json.
 * Usage: npm run test:oracle:int8 (HEARTH_SOFTWARE_ADAPTER chooses), or npm run test:oracle:int8 -- --host chromium.
 */
import { writeFileSync } from 'node:fs';
import { type Int8Figures, measureInt8, MOST_TIMES, readInt8Cases } from '../../tests/llm/int8-oracle.ts';
import { openHost } from './open-host.ts';

const LEAST_TOP_SHARE = 0.99;

const { kind: host, open, description, name, versions, close } = await openHost();
const figures: Int8Figures[] = [];
// A browser's adapter takes seconds to compile each: the models whose rows llama.cpp gave, at least one of each kind.
const cases = readInt8Cases().filter(({ golden }) => host === 'node' || golden.rows !== undefined);
for (const entry of cases) {
  const found = await measureInt8(open, entry, 3);
  figures.push(found);
  const { nmse, kl } = found.times;
  console.log(`${found.title}: ${nmse.toFixed(2)} times llama.cpp's NMSE, ${kl.toFixed(2)} times its KL`);
}
await close();

const sum = (items: readonly Int8Figures[], pick: (item: Int8Figures) => number) =>
  items.reduce((total, item) => total + pick(item), 0);
const most = (items: readonly { readonly nmse: number; readonly kl: number }[]) => ({
  nmse: Math.max(...items.map(({ nmse }) => nmse)),
  kl: Math.max(...items.map(({ kl }) => kl)),
});
/** Errors of a kind's models added up, over llama.cpp's. */
const kinds = [...Map.groupBy(figures, ({ title }) => title)].map(([title, items]) => ({
  title,
  nmse: sum(items, ({ nmse }) => nmse) / sum(items, ({ llamaCpp }) => llamaCpp.nmse),
  kl: sum(items, ({ kl }) => kl) / sum(items, ({ llamaCpp }) => llamaCpp.kl),
}));
const summary = {
  models: figures.length,
  mostTimes: most(figures.map(({ times }) => times)),
  kinds: kinds.length,
  mostTimesOfKind: most(kinds),
  meanTimesOfKind: {
    nmse: kinds.reduce((total, { nmse }) => total + nmse, 0) / kinds.length,
    kl: kinds.reduce((total, { kl }) => total + kl, 0) / kinds.length,
  },
  /** Of clear positions, all of which are decoded: in one text, and some again by themselves behind a prompt. */
  topShare:
    1 -
    sum(figures, ({ wrongTop, wrongDecoded }) => wrongTop + wrongDecoded) /
      sum(figures, ({ clearPositions, decoded }) => clearPositions + decoded),
};
const passes =
  summary.mostTimes.nmse <= MOST_TIMES && summary.mostTimes.kl <= MOST_TIMES && summary.topShare >= LEAST_TOP_SHARE;
const result = {
  measuredAt: new Date().toISOString().slice(0, 10),
  adapter: description.description || `${description.vendor} ${description.architecture}`,
  host,
  features: description.features,
  ...versions,
  bar: { mostTimes: MOST_TIMES, leastTopShare: LEAST_TOP_SHARE },
  passes,
  summary,
  kinds,
  figures,
};
const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(3)) : value;
const path = new URL(`../results/llm-int8-vectors-${name}.json`, import.meta.url);
writeFileSync(path, `${JSON.stringify(result, rounded, 1)}\n`);
console.log(JSON.stringify({ passes, ...summary }));
process.exit(passes ? 0 : 1);
