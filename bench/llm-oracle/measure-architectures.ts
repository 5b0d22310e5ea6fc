/**
 * Runs every case of tests/fixtures/llm/architecture-cases.ts on one adapter against llama.cpp's log-probabilities, and writes
 * bench/results/llm-oracle-<adapter>.json. Usage: npm run test:oracle (HEARTH_SOFTWARE_ADAPTER or HEARTH_TEST_ADAPTER chooses), or
 * npm run test:oracle -- --host chromium: the worker that ships, in a headless Chromium on its own software adapter.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ARCHITECTURE_CASES } from '../../tests/fixtures/llm/architecture-cases.ts';
import { getTestAdapter } from '../../tests/gpu/test-device.ts';
import {
  createDeviceHost,
  measureCase,
  readGolden,
  type ArchitectureFigures,
  type OracleHost,
} from '../../tests/llm/architecture-oracle.ts';
import { createChromiumHost, openChromiumAdapter } from '../../tests/ui/chromium-oracle-host.ts';
import { openWorkerBrowser } from '../../tests/ui/worker-browser.ts';
import type { AdapterDescription } from '../../worker/messages.ts';

const BAR = { nmse: 1e-4, kl: 1e-4, topShare: 0.99 };

interface Measured {
  readonly open: OracleHost;
  readonly description: AdapterDescription;
  /** Of the file of results. */
  readonly name: string;
  /** What carried out our WebGPU calls. */
  readonly versions: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

function fileNameOf(...parts: readonly string[]): string {
  return parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
}

async function openNode(): Promise<Measured> {
  const { device, description } = await getTestAdapter();
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return {
    open: createDeviceHost(device),
    description,
    name: fileNameOf(description.vendor, description.architecture || description.device),
    versions: { webgpu: dependencies['webgpu'] ?? '' },
    close: async () => undefined,
  };
}

async function openChromium(): Promise<Measured> {
  const { page, browserVersion, close } = await openWorkerBrowser();
  const description = await openChromiumAdapter(page);
  return {
    open: createChromiumHost(page),
    description,
    name: fileNameOf('chromium', description.architecture || description.device),
    versions: { chromium: browserVersion },
    close,
  };
}

const { host } = parseArgs({ options: { host: { type: 'string', default: 'node' } } }).values;
if (host !== 'node' && host !== 'chromium') {
  console.error(`--host is ${host}; it must be node or chromium`);
  process.exit(2);
}
const { open, description, name, versions, close } = await (host === 'node' ? openNode() : openChromium());
const golden = readGolden(ARCHITECTURE_CASES);
const figures: ArchitectureFigures[] = [];
for (const shape of ARCHITECTURE_CASES) {
  const expected = golden.get(shape.title);
  if (expected === undefined) throw new Error(`no golden rows for ${shape.title}`);
  const found = await measureCase(open, shape, expected, 3);
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
