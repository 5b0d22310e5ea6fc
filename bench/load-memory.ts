/**
 * What loading a 1 GB model costs the worker's process: node --import ./worker/host/raw-modules.mjs bench/load-memory.ts. Generates the
 * file, loads it in a fresh process on a software adapter (whose buffers are this process's memory) and writes
 * bench/results/load-memory-<adapter>.json. Bars: JS heap under 200 MB; growth of resident memory under 1.3 x the buffers made.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getTestAdapter } from '../tests/gpu/test-device.ts';
import { openFileSource } from '../worker/host/file-source.ts';
import { loadModel } from '../worker/llm/index.ts';
import { createRandomModel } from '../worker/llm/profile/random-model/random-model.ts';

const PIECE_BYTES = 8 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;
const BAR = { heapMebibytes: 200, residentPerBuffer: 1.3 };
const CONTEXT_LENGTH = 512;

const SHAPE = {
  name: '1 GB',
  vocabularySize: 32_000,
  embeddingLength: 2048,
  layerCount: 38,
  headCount: 16,
  keyValueHeadCount: 4,
  feedForwardLength: 5632,
  contextLength: 2048,
  isTied: true,
};

const megabytes = (bytes: number) => Number((bytes / MEBIBYTE).toFixed(1));

async function generate(path: string): Promise<void> {
  const source = createRandomModel({ shape: SHAPE, format: 'Q4_0', seed: 1 });
  const file = await open(path, 'w');
  for (let offset = 0; offset < source.sizeBytes; offset += PIECE_BYTES) {
    await file.write(await source.read(offset, Math.min(PIECE_BYTES, source.sizeBytes - offset)));
  }
  await file.close();
}

async function measure(path: string): Promise<void> {
  const { device, description } = await getTestAdapter();
  const source = await openFileSource(path);
  let bufferBytes = 0;
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    bufferBytes += descriptor.size;
    return createBuffer(descriptor);
  };
  const peaks = { heapBytes: 0, arrayBufferBytes: 0, residentBytes: 0 };
  const sample = () => {
    const usage = process.memoryUsage();
    peaks.heapBytes = Math.max(peaks.heapBytes, usage.heapUsed);
    peaks.arrayBufferBytes = Math.max(peaks.arrayBufferBytes, usage.arrayBuffers);
    peaks.residentBytes = Math.max(peaks.residentBytes, usage.rss);
  };
  const before = process.memoryUsage().rss;
  const startedMs = performance.now();
  const sampled = {
    ...source,
    async read(offsetBytes: number, lengthBytes: number) {
      const bytes = await source.read(offsetBytes, lengthBytes);
      sample();
      return bytes;
    },
  };
  // A cache of one request: its pages are not touched before they are used, and would make the bar easier to hold.
  const model = await loadModel(device, sampled, { contextLength: CONTEXT_LENGTH, cacheTokens: CONTEXT_LENGTH });
  sample();
  const seconds = (performance.now() - startedMs) / 1000;
  const growth = peaks.residentBytes - before;

  const heapMebibytes = megabytes(peaks.heapBytes);
  const residentPerBuffer = Number((growth / bufferBytes).toFixed(3));
  const result = {
    measuredAt: new Date().toISOString().slice(0, 10),
    adapter: description.description,
    node: process.versions.node,
    file: { format: 'Q4_0', sizeMebibytes: megabytes(source.sizeBytes) },
    bar: BAR,
    passes: heapMebibytes < BAR.heapMebibytes && residentPerBuffer < BAR.residentPerBuffer,
    heapMebibytes,
    arrayBufferMebibytes: megabytes(peaks.arrayBufferBytes),
    bufferMebibytes: megabytes(bufferBytes),
    residentGrowthMebibytes: megabytes(growth),
    residentPerBuffer,
    seconds: Number(seconds.toFixed(1)),
  };
  model.destroy();
  await source.close();
  const name = `${description.vendor}-${description.architecture || description.device}`;
  const file = `results/load-memory-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.json`;
  writeFileSync(new URL(file, import.meta.url), `${JSON.stringify(result, undefined, 1)}\n`);
  console.log(readFileSync(new URL(file, import.meta.url), 'utf8'));
  process.exit(result.passes ? 0 : 1);
}

const [, , path] = process.argv;
if (path !== undefined) {
  await measure(path);
} else {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-load-'));
  const file = join(folder, 'model.gguf');
  await generate(file);
  const { status } = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), file], {
    stdio: 'inherit',
  });
  rmSync(folder, { recursive: true });
  process.exit(status ?? 1);
}
