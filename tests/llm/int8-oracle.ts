import type { ModelLoadParameters } from '../../worker/messages.ts';
import { ARCHITECTURE_CASES, type ArchitectureCase } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { INT8_CASES, INT8_TYPES } from '../fixtures/llm/int8-cases.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { logSoftmax } from '../gpu/reference/compare.ts';
import {
  type ArchitectureFigures,
  type ArchitectureGolden,
  measureCase,
  type OracleHost,
  readGolden,
} from './architecture-oracle.ts';
import { readJsonFixture } from './embedded-model.ts';

/** A model that is decoded in eight bits, and what llama.cpp's own processor kernels, which round too, lose on it. */
export interface Int8Case {
  readonly shape: ArchitectureCase;
  /** Without rows where llama.cpp was not asked for them: ours in f32 stand for them, which are within 1e-6 (NMSE). */
  readonly golden: Omit<ArchitectureGolden, 'rows'> & { readonly rows?: Float32Array };
}

export interface Int8Figures extends ArchitectureFigures {
  readonly llamaCpp: { readonly nmse: number; readonly kl: number };
  /** Our errors over llama.cpp's. */
  readonly times: { readonly nmse: number; readonly kl: number };
}

const IS_INT8 = new RegExp(` (${INT8_TYPES.join('|')})$| in one file$`);

/** The most of it that one model may have. */
export const MOST_TIMES = 2;

/** Every model of architecture-cases.ts that is decoded so, mixed files too, and those of int8-cases.ts. */
export function readInt8Cases(): Int8Case[] {
  const golden = readGolden(ARCHITECTURE_CASES);
  const { cases } = readJsonFixture('golden-int8.json') as { cases: Omit<ArchitectureGolden, 'rows'>[] };
  return [
    ...ARCHITECTURE_CASES.filter(({ title }) => IS_INT8.test(title)).map((shape) => ({
      shape,
      golden: golden.get(shape.title),
    })),
    ...INT8_CASES.map((shape, index) => ({ shape, golden: cases[index] })),
  ].map(({ shape, golden }) => {
    if (golden === undefined) throw new Error(`llama.cpp was not asked for ${shape.title}`);
    return { shape, golden };
  });
}

/** `open` gives hosts that load with these parameters, on one adapter. */
export async function measureInt8(
  open: (load: ModelLoadParameters) => OracleHost,
  { shape, golden }: Int8Case,
  decodedPositions: number,
): Promise<Int8Figures> {
  const rows = golden.rows ?? (await logProbabilities(open({ vectors: 'f32' }), shape));
  const figures = await measureCase(open({ vectors: 'int8' }), shape, { ...golden, rows }, decodedPositions);
  const llamaCpp = { nmse: golden.quantisedNmse, kl: golden.quantisedKl };
  return { ...figures, llamaCpp, times: { nmse: figures.nmse / llamaCpp.nmse, kl: figures.kl / llamaCpp.kl } };
}

async function logProbabilities(open: OracleHost, { options, tokens }: ArchitectureCase): Promise<Float32Array> {
  const model = await open(writeGguf(randomArchitecture(options).file));
  const logits = await model.logits(tokens);
  await model.close();
  const rows = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += options.vocabularySize) {
    rows.set(logSoftmax(logits.subarray(start, start + options.vocabularySize)), start);
  }
  return rows;
}
