import type { SourceDescriptor } from '../byte-source.ts';
import { CACHE_TYPES, type CacheType } from '../llm/cache/cache-type.ts';
import type {
  MatrixChoice,
  ModelBenchOptions,
  ModelLoadParameters,
  RenderSettings,
  SamplingParameters,
  SceneView,
  Tile,
  TuningMode,
  VectorVariant,
} from '../messages.ts';
import { WorkerServiceError } from './worker-service-error.ts';

/** Parameters as they came over the boundary: nothing about them is known yet. */
export type RawParameters = Readonly<Record<string, unknown>>;

const limits = {
  identifierCharacters: 200,
  textCharacters: 4 * 1024 * 1024,
  tokens: 1024 * 1024,
  biases: 1024,
  texts: 16,
  stopCharacters: 256,
  draftTokens: 15,
  pictureSidePixels: 16384,
  samples: 2 ** 32 - 1,
  samplesPerCall: 65536,
  bounces: 64,
  timeSeconds: 1e6,
} as const;

const largestUint32 = 2 ** 32 - 1;

export function badRequest(field: string, value: unknown, rule: string): WorkerServiceError {
  const shown = typeof value === 'string' ? `"${value.slice(0, 60)}"` : describe(value);
  return new WorkerServiceError('BAD_REQUEST', `${field} is ${shown}; it must be ${rule}`, { data: { field } });
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

export function readObject(value: unknown, field: string): RawParameters {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(field, value, 'an object');
  return value as RawParameters;
}

export function readInteger(value: unknown, field: string, minimum: number, maximum: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < minimum || value > maximum) {
    throw badRequest(field, value, `an integer from ${minimum} to ${maximum}`);
  }
  return value;
}

export function readText(value: unknown, field: string, maximum: number = limits.textCharacters): string {
  if (typeof value !== 'string') throw badRequest(field, value, 'a text');
  if (value.length > maximum) {
    throw badRequest(`the length of ${field}`, value.length, `at most ${maximum} characters`);
  }
  return value;
}

export function readIdentifier(value: unknown, field: string): string {
  const text = readText(value, field, limits.identifierCharacters);
  if (text === '') throw badRequest(field, text, 'a name that is not empty');
  return text;
}

export function readBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw badRequest(field, value, 'true or false');
  return value;
}

/** Unsigned integers; whether they are in the vocabulary is checked against the model. */
export function readTokens(value: unknown, field: string, minimumLength: number): number[] {
  if (!Array.isArray(value) || value.length < minimumLength || value.length > limits.tokens) {
    throw badRequest(field, value, `an array of ${minimumLength} to ${limits.tokens} tokens`);
  }
  return value.map((token, index) => readInteger(token, `${field}[${index}]`, 0, largestUint32));
}

export function readTokenCount(value: unknown, field: string): number {
  return readInteger(value, field, 1, limits.tokens);
}

/** Ranges beyond these are checked by the engine, which knows the vocabulary. */
export function readSampling(value: unknown, field: string): SamplingParameters {
  const sampling = readObject(value, field);
  const temperature = sampling['temperature'];
  if (typeof temperature !== 'number' || !(temperature >= 0 && temperature <= 100)) {
    throw badRequest(`${field}.temperature`, temperature, 'a number from 0 to 100');
  }
  const rules: Record<string, number> = {};
  for (const name of samplingNumbers) {
    const number = sampling[name];
    if (number === undefined) continue;
    if (typeof number !== 'number' || !Number.isFinite(number))
      throw badRequest(`${field}.${name}`, number, 'a number');
    rules[name] = number;
  }
  const logitBias = sampling['logitBias'] === undefined ? {} : { logitBias: readBias(sampling['logitBias'], field) };
  return {
    temperature,
    seed: readInteger(sampling['seed'], `${field}.seed`, 0, largestUint32),
    ...rules,
    ...logitBias,
  };
}

const samplingNumbers = [
  'topK',
  'topP',
  'minP',
  'repetitionPenalty',
  'presencePenalty',
  'frequencyPenalty',
  'penaltyTokens',
] as const satisfies readonly (keyof SamplingParameters)[];

function readBias(value: unknown, field: string): NonNullable<SamplingParameters['logitBias']> {
  if (!Array.isArray(value) || value.length > limits.biases) {
    throw badRequest(`${field}.logitBias`, value, `an array of at most ${limits.biases} entries`);
  }
  return value.map((item, index) => {
    const name = `${field}.logitBias[${index}]`;
    const { token, bias } = readObject(item, name);
    if (typeof bias !== 'number' || !Number.isFinite(bias)) throw badRequest(`${name}.bias`, bias, 'a number');
    return { token: readInteger(token, `${name}.token`, 0, largestUint32), bias };
  });
}

export function readTexts(value: unknown, field: string): string[] {
  if (!Array.isArray(value) || value.length > limits.texts) {
    throw badRequest(field, value, `an array of at most ${limits.texts} texts`);
  }
  return value.map((text, index) => readText(text, `${field}[${index}]`, limits.stopCharacters));
}

export function readSpeculation(value: unknown, field: string): { maxTokens: number } {
  const { maxTokens } = readObject(value, field);
  return { maxTokens: readInteger(maxTokens, `${field}.maxTokens`, 1, limits.draftTokens) };
}

export function readPooling(value: unknown, field: string): 'mean' | 'last' | 'cls' {
  if (value === 'mean' || value === 'last' || value === 'cls') return value;
  throw badRequest(field, value, 'mean, last or cls');
}

export function readTuningMode(value: unknown, field: string): TuningMode {
  if (value === 'real' || value === 'always' || value === 'never') return value;
  throw badRequest(field, value, 'real, always or never');
}

export function readSource(value: unknown, field: string): SourceDescriptor {
  const source = readObject(value, field);
  switch (source['kind']) {
    case 'file':
      return { kind: 'file', path: readText(source['path'], `${field}.path`, 4096) };
    case 'blob':
      return { kind: 'blob', blob: source['blob'] };
    case 'bytes': {
      const { bytes } = source;
      if (!(bytes instanceof Uint8Array) || !(bytes.buffer instanceof ArrayBuffer)) {
        throw badRequest(`${field}.bytes`, bytes, 'a Uint8Array');
      }
      return { kind: 'bytes', bytes: bytes as Uint8Array<ArrayBuffer> };
    }
    default:
      throw badRequest(`${field}.kind`, source['kind'], 'file, blob or bytes');
  }
}

export function readModelLoad({
  source,
  contextLength,
  cacheType,
  vectors,
  budgetBytes,
}: RawParameters): { source: SourceDescriptor } & ModelLoadParameters {
  return {
    source: readSource(source, 'source'),
    ...(contextLength === undefined ? {} : { contextLength: readTokenCount(contextLength, 'contextLength') }),
    ...(cacheType === undefined ? {} : { cacheType: readCacheType(cacheType, 'cacheType') }),
    ...(vectors === undefined ? {} : { vectors: readVectors(vectors, 'vectors') }),
    ...readBudget(budgetBytes),
  };
}

function readCacheType(value: unknown, field: string): CacheType {
  const found = CACHE_TYPES.find((type) => type === value);
  if (found !== undefined) return found;
  throw badRequest(field, value, CACHE_TYPES.join(', '));
}

export function readBudget(budgetBytes: unknown): { budgetBytes?: number } {
  if (budgetBytes === undefined) return {};
  return { budgetBytes: readInteger(budgetBytes, 'budgetBytes', 0, Number.MAX_SAFE_INTEGER) };
}

const matrixChoices: readonly MatrixChoice[] = ['auto', 'f32', 'f16', 'subgroup-matrix'];

function readMatrices(value: unknown, field: string): MatrixChoice {
  const choice = matrixChoices.find((known) => known === value);
  if (choice === undefined) throw badRequest(field, value, matrixChoices.join(', '));
  return choice;
}

function readVectors(value: unknown, field: string): VectorVariant {
  if (value === 'f32' || value === 'int8') return value;
  throw badRequest(field, value, 'f32 or int8');
}

export function readBenchOptions(value: unknown, field: string): ModelBenchOptions {
  const options = readObject(value, field);
  const { depths, batches } = options;
  if (!Array.isArray(depths) || depths.length === 0 || depths.length > 16) {
    throw badRequest(`${field}.depths`, depths, 'an array of 1 to 16 depths');
  }
  if (!Array.isArray(batches) || batches.length > 16) {
    throw badRequest(`${field}.batches`, batches, 'an array of at most 16 counts of requests');
  }
  return {
    prefillTokens: readTokenCount(options['prefillTokens'], `${field}.prefillTokens`),
    decodeTokens: readTokenCount(options['decodeTokens'], `${field}.decodeTokens`),
    depths: depths.map((depth, index) => readInteger(depth, `${field}.depths[${index}]`, 0, limits.tokens)),
    batches: batches.map((size, index) => readInteger(size, `${field}.batches[${index}]`, 1, 16)),
    repetitions: readInteger(options['repetitions'], `${field}.repetitions`, 1, 100),
    profile: readBoolean(options['profile'], `${field}.profile`),
    ...(options['matrices'] === undefined ? {} : { matrices: readMatrices(options['matrices'], `${field}.matrices`) }),
    ...(options['vectors'] === undefined ? {} : { vectors: readVectors(options['vectors'], `${field}.vectors`) }),
    ...(options['sliceBudgetMs'] === undefined
      ? {}
      : { sliceBudgetMs: readInteger(options['sliceBudgetMs'], `${field}.sliceBudgetMs`, 1, 1_000_000) }),
  };
}

export function readRenderSettings(value: unknown, field: string): RenderSettings {
  const settings = readObject(value, field);
  const side = limits.pictureSidePixels;
  return {
    widthPixels: readInteger(settings['widthPixels'], `${field}.widthPixels`, 1, side),
    heightPixels: readInteger(settings['heightPixels'], `${field}.heightPixels`, 1, side),
    seed: readInteger(settings['seed'], `${field}.seed`, 0, largestUint32),
    maxBounces: readInteger(settings['maxBounces'], `${field}.maxBounces`, 0, limits.bounces),
    ...(settings['view'] === undefined ? {} : { view: readSceneView(settings['view'], `${field}.view`) }),
  };
}

function readSceneView(value: unknown, field: string): SceneView {
  const { camera, timeSeconds, animation } = readObject(value, field);
  const isMoment = typeof timeSeconds === 'number' && timeSeconds >= 0 && timeSeconds <= limits.timeSeconds;
  if (timeSeconds !== undefined && !isMoment) {
    throw badRequest(`${field}.timeSeconds`, timeSeconds, `a number from 0 to ${limits.timeSeconds}`);
  }
  return {
    ...(camera === undefined ? {} : { camera: readIdentifier(camera, `${field}.camera`) }),
    ...(isMoment ? { timeSeconds } : {}),
    ...(animation === undefined ? {} : { animation: readIdentifier(animation, `${field}.animation`) }),
  };
}

/** Exactly `length` float32. */
export function readNumbers(value: unknown, field: string, length: number): Float32Array<ArrayBuffer> {
  if (value instanceof Float32Array && value.length === length && value.buffer instanceof ArrayBuffer)
    return value as Float32Array<ArrayBuffer>;
  throw badRequest(field, value, `a Float32Array of ${length} numbers`);
}

export function readTile(value: unknown, field: string): Tile {
  const tile = readObject(value, field);
  const side = limits.pictureSidePixels;
  const x0 = readInteger(tile['x0'], `${field}.x0`, 0, side - 1);
  const y0 = readInteger(tile['y0'], `${field}.y0`, 0, side - 1);
  return {
    x0,
    y0,
    x1: readInteger(tile['x1'], `${field}.x1`, x0 + 1, side),
    y1: readInteger(tile['y1'], `${field}.y1`, y0 + 1, side),
  };
}

export function readSampleRange(parameters: RawParameters): { firstSample: number; sampleCount: number } {
  const sampleCount = readInteger(parameters['sampleCount'], 'sampleCount', 1, limits.samplesPerCall);
  return {
    firstSample: readInteger(parameters['firstSample'], 'firstSample', 0, limits.samples - sampleCount),
    sampleCount,
  };
}

export function readPace({ sliceTargetMs }: RawParameters): { sliceTargetMs?: number } {
  return sliceTargetMs === undefined ? {} : { sliceTargetMs: readInteger(sliceTargetMs, 'sliceTargetMs', 1, 1000) };
}
