/**
 * A GPU worker without a GPU: a model whose next token is a hash of seed, position and the token before, and a scene whose
 * samples are hashes of seed, pixel and sample number. Deterministic, so that answers can be checked; and it can be told to
 * die, to stall and to cheat.
 */
import { type GpuWorker, GpuWorkerError } from '../../main/node/gpu-worker.ts';
import type { InputKind } from '../../main/store/input-store.ts';
import type {
  GenerationChunk,
  ModelDescription,
  ReplayResult,
  SceneDescription,
  TileResult,
  WorkerCallKind,
  WorkerCalls,
  WorkerEvent,
  WorkerParameters,
  WorkerResult,
} from '../../worker/messages.ts';

export const toyModelSha256 = 'ab'.repeat(32);
export const toySceneSha256 = 'cd'.repeat(32);
export const toyEnvironmentSha256 = 'ef'.repeat(32);
const toyInputs = new Map<string, InputKind>([
  [toyModelSha256, 'model'],
  [toySceneSha256, 'scene'],
  [toyEnvironmentSha256, 'environment'],
]);
export const toyStore = {
  find(sha256: string) {
    const kind = toyInputs.get(sha256);
    return Promise.resolve(kind === undefined ? null : { sha256, kind, path: `/toy/${kind}`, sizeBytes: 1 });
  },
};

export type Cheat = 'changed-token' | 'early-stop' | 'other-text' | 'flat-tile' | 'fewer-samples';

export interface ToyWorkerOptions {
  readonly cheat?: Cheat;
  /** Called before each call; may throw, or wait. */
  readonly before?: (kind: WorkerCallKind, worker: ToyWorker) => void | Promise<void>;
  /** What is not freed by a release. */
  readonly keptBytes?: number;
  /** What a call says it took. */
  readonly chunkMs?: number;
}

export interface ToyWorker extends GpuWorker {
  readonly calls: Record<string, number>;
  /** The slice targets that came with calls that compute. */
  readonly paces: Set<number | undefined>;
  /** Everything that was loaded is gone; the call under way fails. */
  die(): void;
}

const stopToken = 0;

function mix(...values: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const value of values) {
    hash = Math.imul(hash ^ value, 0x01000193);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x2c1b3c6d);
    hash ^= hash >>> 12;
  }
  return hash >>> 0;
}

/** Letters, and now and then the stop token. */
export function toyToken(seed: number, position: number, before: number): number {
  const hash = mix(seed, position, before);
  return hash % 1_009 === 0 ? stopToken : 97 + (hash % 26);
}

function sample(seed: number, x: number, y: number, index: number, channel: number): number {
  return (mix(seed, x, y, index, channel) % 16_384) / 16_384;
}

function letters(tokens: readonly number[]): string {
  return String.fromCharCode(...tokens.filter((token) => token !== stopToken));
}

function need(known: boolean, code: string): void {
  if (!known) throw new GpuWorkerError(code, `${code} in the toy worker`);
}

interface Session {
  readonly sequence: number[];
  readonly promptLength: number;
  readonly maxTokens: number;
  readonly seed: number;
  finished: 'stop' | 'length' | null;
}

const modelDescription: ModelDescription = {
  name: 'toy',
  architecture: 'toy',
  parameterCount: 1,
  layerCount: 1,
  embeddingLength: 1,
  headCount: 1,
  keyValueHeadCount: 1,
  feedForwardLength: 1,
  vocabularySize: 256,
  contextLength: 4096,
  cacheType: 'f32',
  tensorTypes: {},
  weightBytes: 1,
  bosToken: null,
  eosToken: stopToken,
  chatTemplate: null,
  matrices: 'f32',
  matricesReason: null,
  vectors: 'f32',
};

const sceneDescription: SceneDescription = {
  triangleCount: 1,
  emissiveTriangleCount: 1,
  meshCount: 1,
  materialCount: 1,
  nodeCount: 1,
  boundingBox: { minimum: [0, 0, 0], maximum: [1, 1, 1] },
  gpuBytes: 1,
};

type Handlers = { readonly [K in WorkerCallKind]?: (parameters: WorkerCalls[K][0]) => WorkerCalls[K][1] };

export function createToyWorker(options: ToyWorkerOptions = {}): ToyWorker {
  const { cheat, before } = options;
  const models = new Set<string>();
  const scenes = new Map<string, number>();
  const sessions = new Map<string, Session>();
  const calls: Record<string, number> = {};
  const paces = new Set<number | undefined>();
  const listeners = new Set<(event: WorkerEvent) => void>();
  let generation = 0;

  const generate = (session: Session, maxTokens: number): number[] => {
    const tokens: number[] = [];
    while (tokens.length < maxTokens && session.finished === null) {
      const position = session.sequence.length;
      let token = toyToken(session.seed, position, session.sequence.at(-1) ?? 0);
      if (cheat === 'changed-token' && position === session.promptLength + 20) token = 97 + ((token + 1) % 26);
      session.sequence.push(token);
      tokens.push(token);
      const produced = session.sequence.length - session.promptLength;
      if (token === stopToken || (cheat === 'early-stop' && produced === 20)) session.finished = 'stop';
      else if (produced >= session.maxTokens) session.finished = 'length';
    }
    return tokens;
  };
  const handlers: Handlers = {
    'load-model': ({ modelId }) => {
      need(!models.has(modelId), 'ID_IN_USE');
      models.add(modelId);
      return modelDescription;
    },
    'unload-model': ({ modelId }) => {
      need(models.delete(modelId), 'UNKNOWN_MODEL');
      return null;
    },
    'encode-chat': ({ modelId, messages, tools, clockSeconds }) => {
      need(models.has(modelId), 'UNKNOWN_MODEL');
      const spoken = messages.map(({ content }) => content).join('\n');
      const written = tools === undefined ? spoken : JSON.stringify({ tools, messages, clockSeconds });
      return { tokens: [...written].map((letter) => letter.charCodeAt(0) & 127) };
    },
    detokenize: ({ tokens }) => ({ text: letters(tokens) }),
    'open-generation': ({ sessionId, modelId, promptTokens, maxTokens, sampling, emittedTokens = [] }) => {
      need(models.has(modelId), 'UNKNOWN_MODEL');
      sessions.set(sessionId, {
        sequence: [...promptTokens, ...emittedTokens],
        promptLength: promptTokens.length,
        maxTokens,
        seed: sampling.seed,
        finished: null,
      });
      return { prefillMs: 1 };
    },
    'next-tokens': ({ sessionId, maxTokens, sliceTargetMs }): GenerationChunk => {
      paces.add(sliceTargetMs);
      const session = sessions.get(sessionId);
      if (session === undefined) throw new GpuWorkerError('UNKNOWN_SESSION', 'no session');
      const tokens = generate(session, maxTokens);
      const ending = session.finished === 'stop' ? tokens.slice(0, -1) : tokens;
      const text = cheat === 'other-text' ? letters(ending).toUpperCase() : letters(ending);
      return { tokens, text, finished: session.finished, durationMs: options.chunkMs ?? tokens.length };
    },
    'close-generation': ({ sessionId }) => {
      need(sessions.delete(sessionId), 'UNKNOWN_SESSION');
      return null;
    },
    replay: ({ promptTokens, outputTokens, sampling }): ReplayResult => {
      const sequence = [...promptTokens, ...outputTokens];
      const gaps = outputTokens.map((token, index) => {
        const position = promptTokens.length + index;
        return token === toyToken(sampling.seed, position, sequence[position - 1] ?? 0) ? 0 : 1;
      });
      return { gaps, durationMs: 1 };
    },
    memory: () => ({ liveBytes: options.keptBytes ?? 0, liveCount: 1, peakBytes: 0 }),
    release: () => {
      forgetAll();
      return null;
    },
    'load-scene': ({ sceneId, settings, environment }) => {
      need(!scenes.has(sceneId), 'ID_IN_USE');
      // A picture of something else has other samples.
      const shown = `${JSON.stringify(settings.view ?? {})}${JSON.stringify(environment ?? null)}`;
      const letters = shown === '{}null' ? [] : Array.from(shown, (letter) => letter.charCodeAt(0));
      scenes.set(sceneId, letters.length === 0 ? settings.seed : mix(settings.seed, ...letters));
      return sceneDescription;
    },
    'unload-scene': ({ sceneId }) => {
      need(scenes.delete(sceneId), 'UNKNOWN_SCENE');
      return null;
    },
    'render-tile': ({ sceneId, tile, firstSample, sampleCount, sliceTargetMs }): TileResult => {
      paces.add(sliceTargetMs);
      const seed = scenes.get(sceneId);
      if (seed === undefined) throw new GpuWorkerError('UNKNOWN_SCENE', 'no scene');
      const width = tile.x1 - tile.x0;
      const sums = new Float32Array(width * (tile.y1 - tile.y0) * 4);
      const count = cheat === 'fewer-samples' ? Math.max(1, sampleCount - 1) : sampleCount;
      for (let index = 0; index < sums.length; index += 1) {
        const pixel = Math.floor(index / 4);
        const x = tile.x0 + (pixel % width);
        const y = tile.y0 + Math.floor(pixel / width);
        let sum = 0;
        for (let offset = 0; offset < count; offset += 1) sum += sample(seed, x, y, firstSample + offset, index % 4);
        sums[index] = cheat === 'flat-tile' ? sampleCount / 2 : sum;
      }
      const durationMs = options.chunkMs ?? 10;
      return { tile, firstSample, sampleCount, sums, durationMs };
    },
  };

  function forgetAll(): void {
    models.clear();
    scenes.clear();
    sessions.clear();
  }

  const worker: ToyWorker = {
    calls,
    paces,
    closedReason: null,
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    die() {
      generation += 1;
      forgetAll();
    },
    async call<K extends WorkerCallKind>(
      kind: K,
      parameters: WorkerParameters<K>,
      call: { readonly signal?: AbortSignal } = {},
    ): Promise<WorkerResult<K>> {
      calls[kind] = (calls[kind] ?? 0) + 1;
      const born = generation;
      await before?.(kind, worker);
      if (call.signal?.aborted === true) throw new GpuWorkerError('ABORTED', `${kind} was cancelled`);
      if (born !== generation) throw new GpuWorkerError('WORKER_GONE', `the toy worker died during ${kind}`);
      const handler = handlers[kind];
      if (handler === undefined) throw new GpuWorkerError('BAD_REQUEST', `the toy worker knows no ${kind}`);
      return handler(parameters);
    },
  };
  return worker;
}
