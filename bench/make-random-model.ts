/**
 * Writes a llama GGUF with random weights: node bench/make-random-model.ts SHAPE TYPE OUT.gguf [SEED]. Eight megabytes at a time, whatever
 * the size of the model; the same arguments give the same bytes on every machine.
 */
import { open } from 'node:fs/promises';
import { findModelShape, modelShapes } from '../worker/llm/profile/random-model/model-shapes.ts';
import { createRandomModel } from '../worker/llm/profile/random-model/random-model.ts';

const pieceBytes = 8 * 1024 * 1024;

const [shapeName, format, path, seed = '0'] = process.argv.slice(2);
if (shapeName === undefined || format === undefined || path === undefined || !/^\d{1,9}$/.test(seed)) {
  console.error('usage: node bench/make-random-model.ts SHAPE TYPE OUT.gguf [SEED]');
  console.error(`shapes: ${modelShapes.map(({ name }) => name).join(', ')}; types: F16, Q8_0, Q4_0, Q4_K, Q6_K`);
  process.exit(2);
}

const source = createRandomModel({ shape: findModelShape(shapeName), format, seed: Number(seed) });
const startedMs = performance.now();
const file = await open(path, 'w');
try {
  for (let offset = 0; offset < source.sizeBytes; offset += pieceBytes) {
    await file.write(await source.read(offset, Math.min(pieceBytes, source.sizeBytes - offset)));
  }
} finally {
  await file.close();
}
const seconds = (performance.now() - startedMs) / 1000;
const { maxRSS } = process.resourceUsage();
console.log(
  `${path}: ${source.sizeBytes} bytes in ${seconds.toFixed(1)} s, ${Math.round(maxRSS / 1024)} MB of memory at most`,
);
