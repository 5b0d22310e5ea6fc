/**
 * Runs every case of tests/fixtures/llm/architecture-cases.ts on one adapter against llama.cpp's log-probabilities, and writes
 * bench/results/llm-oracle-<adapter>.json. Usage: npm run test:oracle (HEARTH_SOFTWARE_ADAPTER or HEARTH_TEST_ADAPTER chooses), or
 * npm run test:oracle -- --host chromium: the worker that ships, in a headless Chromium on its own software adapter.
 */
import { writeFileSync } from 'node:fs';
import { ARCHITECTURE_CASES } from '../../tests/fixtures/llm/architecture-cases.ts';
import { measureCase, readGolden, type ArchitectureFigures } from '../../tests/llm/architecture-oracle.ts';
import { openHost } from './open-host.ts';

const BAR = { nmse: 1e-4, kl: 1e-4, topShare: 0.99 };

const { kind: host, open, description, name, versions, close } = await openHost();
const golden = readGolden(ARCHITECTURE_CASES);
const figures: ArchitectureFigures[] = [];
for (const shape of ARCHITECTURE_CASES) {
  const expected = golden.get(shape.title);
  if (expected === undefined) throw new Error(`no golden rows for ${shape.title}`);
  const found = await measureCase(open(), shape, expected, 3);
  figures.push(found);
  console.log(`${found.title}: NMSE ${found.nmse.toExponential(1)}, KL ${found.kl.toExponential(1)}`);
}
await close();
const sum = (pick: (figure: ArchitectureFigures) => number) => figures.reduce((total, item) => total + pick(item), 0);
const worst = (pick: (figure: ArchitectureFigures) => number) => Math.max(...figures.map(pick));
const summary = {
  cases: figures.length,
  worstNmse: worst(({ nmse }) => nmse),
  worstKl: worst(({ kl }) => kl),
  topShare: 1 - sum(({ wrongTop }) => wrongTop) / sum(({ clearPositions }) => clearPositions),
  decodedTopShare: 1 - sum(({ wrongDecoded }) => wrongDecoded) / sum(({ decoded }) => decoded),
};
const passes =
  summary.worstNmse <= BAR.nmse &&
  summary.worstKl <= BAR.kl &&
  summary.topShare >= BAR.topShare &&
  summary.decodedTopShare >= BAR.topShare;
const rounded = figures.map((item) => ({
  ...item,
  nmse: Number(item.nmse.toPrecision(3)),
  kl: Number(item.kl.toPrecision(3)),
}));
const result = {
  measuredAt: new Date().toISOString().slice(0, 10),
  adapter: description.description || `${description.vendor} ${description.architecture}`,
  host,
  features: description.features,
  ...versions,
  bar: BAR,
  passes,
  summary,
  figures: rounded,
};
writeFileSync(
  new URL(`../results/llm-oracle-${name}.json`, import.meta.url),
  `${JSON.stringify(result, undefined, 1)}\n`,
);
console.log(JSON.stringify({ passes, ...summary }));
process.exit(passes ? 0 : 1);
