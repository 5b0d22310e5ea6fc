/**
 * What a decoded token costs on the processor, for a llama of 16 layers whose numbers are few, so that the software adapter is not what is
 * measured: dispatches, and microseconds from the creation of the encoder to the return of its submit on the worker's thread. In a
 * headless Chromium, whose WebGPU is what the desktop ships, with the software adapter kept on a processor of its own, and in Node, where Dawn validates on the same thread, on a backend of Dawn's that
 * computes nothing and takes no processor away. In Node a driver's share comes on top: the portable bench says how much on a real card.
 * Usage: node --import ./worker/host/raw-modules.mjs bench/host-time.ts, on a quiet machine; writes bench/results/host-time.json.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { create, globals } from 'webgpu';
import { openChromiumAdapter } from '../tests/ui/chromium-oracle-host.ts';
import { openWorkerBrowser, type WorkerPage } from '../tests/ui/worker-browser.ts';
import { benchModel } from '../worker/llm/profile/bench-model.ts';
import { createRandomModel } from '../worker/llm/profile/random-model/random-model.ts';
import type { ModelBenchOptions, ModelBenchResult } from '../worker/messages.ts';

/** Kept by the module: Dawn aborts the process when an instance is collected. */
const nullInstance = create(['backend=null']);

const shape = {
  name: 'sixteen layers',
  vocabularySize: 512,
  embeddingLength: 64,
  layerCount: 16,
  headCount: 4,
  keyValueHeadCount: 2,
  feedForwardLength: 128,
  contextLength: 256,
  isTied: true,
};
const options: ModelBenchOptions = {
  prefillTokens: 8,
  decodeTokens: 128,
  // Within the first 64 positions attention is one dispatch less.
  depths: [0, 100],
  batches: [],
  repetitions: 1,
  profile: false,
};

/** One submit a token, as on any card: a software adapter's steps are too long for one. */
const chromiumOptions: ModelBenchOptions = { ...options, depths: [0], sliceBudgetMs: 60_000 };

/** Its processors are shared: what other machines leave of them changes by the minute, so all runs are kept, fastest first. */
const nodeRuns = 9;

/** By depth, as a key of the result. */
function hostMicroseconds({ decode }: ModelBenchResult): Record<string, number> {
  return Object.fromEntries(
    decode.map(({ depth, hostMicrosecondsPerToken }) => [`from ${depth} on`, Math.round(hostMicrosecondsPerToken)]),
  );
}

function figuresOf(result: ModelBenchResult) {
  const { counters } = result;
  return {
    hostMicrosecondsPerToken: hostMicroseconds(result),
    tokens: options.decodeTokens * options.repetitions,
    dispatchesPerToken: counters.dispatchesPerToken,
    submitsPerToken: counters.submitsPerToken,
    buffersCreatedPerToken: counters.buffersCreatedPerToken,
    bindGroupsCreatedPerToken: counters.bindGroupsCreatedPerToken,
  };
}

/**
 * Gives the process that stands for the graphics card a processor of its own: the software adapter would take both, and a page whose
 * thread waits for a processor measures that.
 */
function keepGpuProcessApart(): void {
  const parents = new Map<string, string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(pid, /^PPid:\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0');
    } catch {
      // It has ended.
    }
  }
  const isOurs = (pid: string | undefined): boolean =>
    pid !== undefined && (pid === String(process.pid) || isOurs(parents.get(pid)));
  for (const pid of parents.keys()) {
    if (pid === String(process.pid) || !isOurs(pid)) continue;
    const isGpu = readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=gpu-process');
    execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', isGpu ? '0' : '1', pid]);
  }
}

async function measureChromium() {
  const source = createRandomModel({ shape, format: 'Q4_0', seed: 1 });
  const file = new Uint8Array(await source.read(0, source.sizeBytes));
  const { page, browserVersion, close } = await openWorkerBrowser();
  try {
    const adapter = await openChromiumAdapter(page);
    if (process.platform === 'linux' && cpus().length > 1) keepGpuProcessApart();
    const result = await page.evaluate(
      async ({ encoded, options }) => {
        const { askWorker } = globalThis as unknown as WorkerPage;
        const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
        return askWorker('bench-model', { source: { kind: 'bytes', bytes }, copyBytesPerSecond: 1e9, options });
      },
      { encoded: Buffer.from(file).toString('base64'), options: chromiumOptions },
    );
    return {
      host: `Chromium ${browserVersion}`,
      adapter: adapter.device || adapter.architecture,
      ...figuresOf(result),
    };
  } finally {
    await close();
  }
}

async function measureNode() {
  Object.assign(globalThis, globals);
  const adapter = await nullInstance.requestAdapter();
  if (adapter === null) throw new Error('Dawn has no null backend');
  const environment = {
    device: await adapter.requestDevice(),
    nowMs: () => performance.now(),
    copyBytesPerSecond: 1e9,
  };
  const runs: ModelBenchResult[] = [];
  for (let run = 0; run < nodeRuns; run++) {
    runs.push(await benchModel(environment, createRandomModel({ shape, format: 'Q4_0', seed: 1 }), options));
  }
  const micros = runs.map(hostMicroseconds);
  const sorted = Object.fromEntries(
    Object.keys(micros[0] ?? {}).map((depth) => [
      depth,
      micros.map((each) => each[depth]).toSorted((a, b) => (a ?? 0) - (b ?? 0)),
    ]),
  );
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return {
    host: `Node ${process.version}, webgpu ${dependencies.webgpu}`,
    adapter: 'null',
    ...figuresOf(runs[0] as ModelBenchResult),
    hostMicrosecondsPerToken: sorted,
  };
}

const result = {
  madeOn: new Date().toISOString().slice(0, 10),
  processors: cpus().length,
  processor: cpus()[0]?.model,
  loadOfMachine: Number((loadavg()[0] ?? 0).toFixed(1)),
  layers: shape.layerCount,
  // Chromium last: its adapter's threads take the processors.
  hosts: [await measureNode(), await measureChromium()],
};
writeFileSync(new URL('results/host-time.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result, null, 2));
process.exit(0);
