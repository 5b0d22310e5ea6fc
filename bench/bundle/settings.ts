import type { AttentionSpec } from '../kernels/measure-attention.ts';
import type { SubgroupTile } from '../../worker/llm/kernels/matrix-units.ts';
import type { MatrixSpec } from '../kernels/random-matrix.ts';
import type { MatrixChoice, VectorVariant } from '../../worker/messages.ts';
import type { ModelBenchOptions } from '../../worker/llm/profile/bench-result.ts';

export interface ModelSpec {
  readonly shape: string;
  readonly format: string;
  readonly matrices: MatrixChoice;
  readonly vectors: VectorVariant;
}

export interface BenchSettings {
  readonly isQuick: boolean;
  readonly adapter: string;
  /** The results file. */
  readonly outPath: string;
  /** Shortest time of a kernel measurement. */
  readonly targetMs: number;
  /** Weights walked through by a kernel measurement. */
  readonly coldBytes: number;
  readonly formats: readonly string[];
  readonly vectorShapes: readonly Pick<MatrixSpec, 'rows' | 'columns'>[];
  /** Columns of the same matrices where a few requests are decoded together. */
  readonly fewTokens: readonly number[];
  readonly batchShapes: readonly Pick<MatrixSpec, 'rows' | 'columns'>[];
  readonly batchTokens: number;
  /** Tiles that matrix units are tried with, where the adapter has them. */
  readonly subgroupTiles: readonly SubgroupTile[];
  readonly attention: readonly AttentionSpec[];
  readonly models: readonly ModelSpec[];
  readonly model: ModelBenchOptions;
}

export const usage = `usage: ./run.sh [--quick] [--adapter real|software|lavapipe|NAME] [--out FILE.json] [--formats Q4_0,Q8_0] [--models 8b:Q4_0,1b:Q4_0]
  --quick    tiny shapes and models: does everything work here? Not a measurement.
  --adapter  default real: a software adapter is measured only on request.
  --out      default: hearth-bench-DATE.json in the folder you are in.
  --formats  GGML types of the kernel measurements.
  --models   end to end runs, SHAPE:TYPE, SHAPE:TYPE:MATRICES or SHAPE:TYPE:MATRICES:VECTORS each; "none" leaves them out. MATRICES:
             auto (matrix units where they compute right numbers, else f32), f32, f16 or subgroup-matrix. VECTORS: f32, or int8
             (decoded tokens by integer dot products).`;

/** @throws RangeError with the reason, for the usage text. */
export function readSettings(parameters: readonly string[], date: Date): BenchSettings {
  const values = new Map<string, string>();
  const isQuick = parameters.includes('--quick');
  const rest = parameters.filter((parameter) => parameter !== '--quick');
  for (let index = 0; index < rest.length; index += 2) {
    const [name = '', value] = [rest[index], rest[index + 1]];
    if (!['--adapter', '--out', '--formats', '--models'].includes(name)) throw new RangeError(`unknown option ${name}`);
    if (value === undefined) throw new RangeError(`${name} needs a value`);
    values.set(name, value);
  }
  const list = (name: string, fallback: string): string[] => {
    const text = values.get(name) ?? fallback;
    return text === 'none' ? [] : text.split(',');
  };
  const day = date.toISOString().slice(0, 10);
  const common = {
    isQuick,
    adapter: values.get('--adapter') ?? 'real',
    outPath: values.get('--out') ?? `hearth-bench-${day}.json`,
    formats: list('--formats', isQuick ? 'Q4_0,Q8_0,F16' : 'Q4_0,Q8_0,F16,Q4_K,Q6_K'),
    models: list('--models', isQuick ? 'tiny:Q4_0,tiny:Q4_0:auto:int8' : fullModels).map(readModel),
  };
  return isQuick ? { ...common, ...quick } : { ...common, ...full };
}

const fullModels = '1b:Q4_0,1b:Q4_0:f32,1b:Q4_0:auto:int8,1b:Q8_0,8b:Q4_0,8b:Q4_0:auto:int8,8b:Q8_0';

const matrixChoices: readonly MatrixChoice[] = ['auto', 'f32', 'f16', 'subgroup-matrix'];

function readModel(text: string): ModelSpec {
  const [shape, format, wanted = 'auto', vectors = 'f32', ...more] = text.split(':');
  const matrices = matrixChoices.find((choice) => choice === wanted);
  const isVariant = vectors === 'f32' || vectors === 'int8';
  if (shape === undefined || format === undefined || matrices === undefined || !isVariant || more.length > 0) {
    throw new RangeError(
      `--models takes SHAPE:TYPE such as 8b:Q4_0, SHAPE:TYPE:f32 or SHAPE:TYPE:auto:int8, not ${text}`,
    );
  }
  return { shape, format, matrices, vectors };
}

/** Decode and prefill at every length; the other caches for one row only: they are there to be compared with. */
function attentionSpecs(
  heads: Pick<AttentionSpec, 'headCount' | 'keyValueHeadCount'>,
  headLengths: readonly number[],
  lengths: readonly number[],
  rows: { decodeRows: readonly number[]; prefillRows: number },
): AttentionSpec[] {
  const phases = [
    ...rows.decodeRows.map((count) => ({ cacheType: 'f16', phase: 'decode', rows: count }) as const),
    { cacheType: 'f16', phase: 'prefill', rows: rows.prefillRows },
    { cacheType: 'f32', phase: 'decode', rows: 1 },
    { cacheType: 'q8_0', phase: 'decode', rows: 1 },
  ] as const;
  return headLengths.flatMap((headLength) =>
    phases.flatMap((phase) => lengths.map((length) => ({ ...heads, headLength, ...phase, length }))),
  );
}

const tile = (
  rows: number,
  tokens: number,
  gridRows: number,
  gridTokens: number,
  ahead: SubgroupTile['ahead'] = 1,
): SubgroupTile => ({ rows, tokens, gridRows, gridTokens, ahead });

const quick = {
  targetMs: 5,
  coldBytes: 1,
  vectorShapes: [
    { rows: 256, columns: 256 },
    { rows: 509, columns: 512 },
  ],
  fewTokens: [5],
  batchShapes: [{ rows: 131, columns: 256 }],
  batchTokens: 33,
  subgroupTiles: [tile(64, 32, 4, 1)],
  attention: attentionSpecs({ headCount: 8, keyValueHeadCount: 2 }, [32], [150], {
    decodeRows: [1, 3],
    prefillRows: 37,
  }),
  model: { prefillTokens: 32, decodeTokens: 8, depths: [0, 64], batches: [3], repetitions: 1, profile: true },
} as const;

/** The matrices of an 8B llama model, and its largest one at the width of a prefill. */
const full = {
  targetMs: 50,
  coldBytes: 512 * 1024 * 1024,
  vectorShapes: [
    { rows: 4096, columns: 4096 },
    { rows: 14336, columns: 4096 },
    { rows: 4096, columns: 14336 },
    { rows: 128256, columns: 4096 },
  ],
  fewTokens: [8],
  batchShapes: [
    { rows: 4096, columns: 4096 },
    { rows: 4096, columns: 14336 },
  ],
  batchTokens: 512,
  subgroupTiles: [
    tile(128, 128, 2, 2),
    tile(128, 128, 2, 2, 2),
    tile(128, 128, 2, 4),
    tile(128, 128, 2, 4, 2),
    tile(128, 64, 2, 2),
    tile(64, 64, 2, 2, 2),
  ],
  // Heads of an 8B model, and those of a 1B one.
  attention: attentionSpecs({ headCount: 32, keyValueHeadCount: 8 }, [128, 64], [512, 4096, 16_384], {
    decodeRows: [1, 16],
    prefillRows: 512,
  }),
  model: {
    prefillTokens: 512,
    decodeTokens: 128,
    depths: [0, 4096],
    batches: [2, 4, 8, 16],
    repetitions: 5,
    profile: true,
  },
} as const;
