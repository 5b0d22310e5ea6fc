import { createHash } from 'node:crypto';
import { createMemorySource } from '../../worker/byte-source.ts';
import { type LanguageModel, type LoadOptions, loadModel } from '../../worker/llm/index.ts';
import type { ArchitectureCase } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { indexOfHighest, logSoftmax } from '../gpu/reference/compare.ts';
import { readFixture, readJsonFixture } from './embedded-model.ts';

/** What llama.cpp said of the F32 twin of every case, by title. */
export interface ArchitectureGolden {
  readonly sha256: string;
  /** Errors of llama.cpp itself on the quantised file, as below. */
  readonly quantisedNmse: number;
  readonly quantisedKl: number;
  /** Log-probabilities [tokens][vocabulary]. */
  readonly rows: Float32Array;
}

export interface ArchitectureFigures {
  readonly title: string;
  /** Of log-probabilities, over all positions. */
  readonly nmse: number;
  /** Mean over positions of KL(golden || ours), in nats. */
  readonly kl: number;
  /** Positions whose best golden token leads by more than 0.1. */
  readonly clearPositions: number;
  /** Of these, where ours is another; the batch kernels. */
  readonly wrongTop: number;
  /** Of these, where a token is decoded by itself, which walks other kernels. */
  readonly wrongDecoded: number;
  readonly decoded: number;
}

/** A model as the oracle needs it, wherever it runs. */
export interface OracleModel {
  /** Row-major [tokens][vocabulary]; the batch kernels. */
  logits(tokens: readonly number[]): Promise<Float32Array>;
  /** The greedy token after a prompt, decoded by itself. */
  nextToken(promptTokens: readonly number[]): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Opens a model of a file's bytes. */
export type OracleHost = (bytes: Uint8Array<ArrayBuffer>) => Promise<OracleModel>;

const CLEAR_GAP = 0.1;

/** The engine called in this process. */
export function createDeviceHost(device: GPUDevice, options: LoadOptions = {}): OracleHost {
  return createLoadedHost((bytes) => loadModel(device, createMemorySource(bytes), options));
}

/** The same with a way of loading of its own. */
export function createLoadedHost(load: (bytes: Uint8Array<ArrayBuffer>) => Promise<LanguageModel>): OracleHost {
  return async (bytes) => {
    const model = await load(bytes);
    return {
      logits: (tokens) => model.logits(tokens),
      async nextToken(promptTokens) {
        const session = await model.openGeneration({
          promptTokens,
          maxTokens: 1,
          sampling: { temperature: 0, seed: 0 },
        });
        const { tokens } = await session.next(1);
        session.destroy();
        return tokens[0];
      },
      async close() {
        model.destroy();
      },
    };
  };
}

export function readGolden(cases: readonly ArchitectureCase[]): ReadonlyMap<string, ArchitectureGolden> {
  const { cases: entries } = readJsonFixture('golden-architectures.json') as {
    cases: Omit<ArchitectureGolden & { title: string }, 'rows'>[];
  };
  const all = new Float32Array(readFixture('golden-architectures.f32').buffer);
  const golden = new Map<string, ArchitectureGolden>();
  let offset = 0;
  cases.forEach(({ title, options, tokens }, index) => {
    const entry = entries[index];
    if (entry?.title !== title) throw new Error(`golden case ${index} is ${entry?.title}, not ${title}`);
    const rows = all.subarray(offset, (offset += tokens.length * options.vocabularySize));
    golden.set(title, { ...entry, rows });
  });
  if (offset !== all.length) throw new Error(`golden rows hold ${all.length} numbers, the cases ${offset}`);
  return golden;
}

/** Runs a case: log-probabilities of all tokens in one batch, then single tokens after prefixes whose successor is clear. */
export async function measureCase(
  open: OracleHost,
  { title, options, tokens }: ArchitectureCase,
  golden: ArchitectureGolden,
  decodedPositions: number,
): Promise<ArchitectureFigures> {
  const bytes = writeGguf(randomArchitecture(options).file);
  const sha256 = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  if (sha256 !== golden.sha256) throw new Error(`${title}: the generator makes another file than llama.cpp was given`);
  const model = await open(bytes);
  try {
    const { vocabularySize } = options;
    const logits = await model.logits(tokens);
    let error = 0;
    let power = 0;
    let divergence = 0;
    let wrongTop = 0;
    const clear: { position: number; best: number }[] = [];
    for (let position = 0; position < tokens.length; position++) {
      const range = [position * vocabularySize, (position + 1) * vocabularySize] as const;
      const expected = golden.rows.subarray(...range);
      const found = logSoftmax(logits.subarray(...range));
      expected.forEach((value, token) => {
        const difference = value - (found[token] ?? NaN);
        error += difference * difference;
        power += value * value;
        divergence += Math.exp(value) * difference;
      });
      const best = indexOfHighest(expected);
      const second = expected.reduce(
        (most, value, token) => (token === best ? most : Math.max(most, value)),
        -Infinity,
      );
      if ((expected[best] ?? NaN) - second <= CLEAR_GAP) continue;
      clear.push({ position, best });
      if (indexOfHighest(found) !== best) wrongTop += 1;
    }
    let wrongDecoded = 0;
    const decoded = clear.slice(-decodedPositions);
    for (const { position, best } of decoded) {
      if ((await model.nextToken(tokens.slice(0, position + 1))) !== best) wrongDecoded += 1;
    }
    return {
      title,
      nmse: error / power,
      kl: divergence / tokens.length,
      clearPositions: clear.length,
      wrongTop,
      wrongDecoded,
      decoded: decoded.length,
    };
  } finally {
    await model.close();
  }
}
