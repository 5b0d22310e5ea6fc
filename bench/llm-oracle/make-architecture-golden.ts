/**
 * Writes tests/fixtures/llm/golden-architectures.{json,f32}: every architecture with every weight type, and golden-int8.json: what
 * llama.cpp loses on more models of some of them. See README.md.
 */
import type { ArchitectureCase } from '../../tests/fixtures/llm/architecture-cases.ts';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getLlama, type Token } from 'node-llama-cpp';

const checkout = process.env['HEARTH'] ?? join(import.meta.dirname, '../..');
const load = <T>(path: string): Promise<T> => import(pathToFileURL(join(checkout, path)).href) as Promise<T>;
const { ARCHITECTURE_CASES } = await load<typeof import('../../tests/fixtures/llm/architecture-cases.ts')>(
  'tests/fixtures/llm/architecture-cases.ts',
);
const { INT8_CASES } = await load<typeof import('../../tests/fixtures/llm/int8-cases.ts')>(
  'tests/fixtures/llm/int8-cases.ts',
);
const { randomArchitecture } = await load<typeof import('../../tests/fixtures/llm/random-architecture.ts')>(
  'tests/fixtures/llm/random-architecture.ts',
);
const { writeGguf } = await load<typeof import('../../tests/fixtures/llm/gguf-writer.ts')>(
  'tests/fixtures/llm/gguf-writer.ts',
);

/** A twin and its quantised file differ by llama.cpp's rounding of activations; a layout misread would be off by 1. */
const MOST_DIFFERENCE = 2e-2;

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true });
const folder = mkdtempSync(join(tmpdir(), 'hearth-oracle-'));

async function logProbabilities(
  bytes: Uint8Array,
  tokens: readonly number[],
  vocabularySize: number,
): Promise<Float32Array<ArrayBuffer>> {
  const modelPath = join(folder, 'model.gguf');
  writeFileSync(modelPath, bytes);
  const model = await llama.loadModel({ modelPath, gpuLayers: 0, useMmap: false });
  const context = await model.createContext({ contextSize: 256, sequences: 1, flashAttention: false, threads: 1 });
  const options = { generateNext: { token: true, probabilities: true, options: { temperature: 0 } } } as const;
  const evaluated = await context.getSequence().controlledEvaluate(tokens.map((token) => [token as Token, options]));
  const rows = new Float32Array(tokens.length * vocabularySize);
  evaluated.forEach((item, position) => {
    const probabilities = item?.next.probabilities;
    if (probabilities?.size !== vocabularySize) throw new Error(`${probabilities?.size} probabilities`);
    for (const [token, probability] of probabilities) rows[position * vocabularySize + token] = Math.log(probability);
  });
  await context.dispose();
  await model.dispose();
  return rows;
}

function normalisedError(found: Float32Array, expected: Float32Array): number {
  let error = 0;
  let power = 0;
  expected.forEach((value, index) => {
    error += (value - (found[index] ?? NaN)) ** 2;
    power += value * value;
  });
  return error / power;
}

/** Mean over positions of KL(golden || found), in nats. */
function divergence(found: Float32Array, golden: Float32Array, positions: number): number {
  let sum = 0;
  golden.forEach((value, index) => (sum += Math.exp(value) * (value - (found[index] ?? NaN))));
  return sum / positions;
}

const rounded = (value: number): number => Number(value.toPrecision(3));

interface MeasuredCase {
  readonly title: string;
  readonly sha256: string;
  readonly quantisedNmse: number;
  readonly quantisedKl: number;
}

/** llama.cpp on the F32 twin, and what it loses on the file itself. */
async function measure({
  title,
  options,
  tokens,
}: ArchitectureCase): Promise<[MeasuredCase, Float32Array<ArrayBuffer>]> {
  const { file, twin } = randomArchitecture(options);
  const bytes = writeGguf(file);
  const golden = await logProbabilities(writeGguf(twin), tokens, options.vocabularySize);
  const own = await logProbabilities(bytes, tokens, options.vocabularySize);
  const quantisedNmse = normalisedError(own, golden);
  console.log(`${title}: llama.cpp on the quantised file is off by NMSE ${quantisedNmse.toExponential(2)}`);
  if (!(quantisedNmse < MOST_DIFFERENCE)) {
    if (process.env['SURVEY'] === undefined) throw new Error(`${title}: the dequantiser reads another layout`);
    console.log(`FAR ${title}`);
  }
  const quantisedKl = divergence(own, golden, tokens.length);
  const sha256 = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return [{ title, sha256, quantisedNmse: rounded(quantisedNmse), quantisedKl: rounded(quantisedKl) }, golden];
}

const cases: MeasuredCase[] = [];
const rows: Float32Array<ArrayBuffer>[] = [];
for (const shape of ARCHITECTURE_CASES) {
  const [found, golden] = await measure(shape);
  cases.push(found);
  rows.push(golden);
}
const int8Cases: MeasuredCase[] = [];
for (const shape of INT8_CASES) int8Cases.push((await measure(shape))[0]);
rmSync(folder, { recursive: true });
const fixtures = join(checkout, 'tests/fixtures/llm');
writeFileSync(join(fixtures, 'golden-architectures.f32'), Buffer.concat(rows.map((row) => new Uint8Array(row.buffer))));
const madeWith = `llama.cpp ${llama.llamaCppRelease.release}`;
const write = (name: string, list: readonly MeasuredCase[]) =>
  writeFileSync(join(fixtures, name), `${JSON.stringify({ madeWith, cases: list }, undefined, 1)}\n`);
write('golden-architectures.json', cases);
write('golden-int8.json', int8Cases);
process.exit(0);
