import type { ByteSource, SourceDescriptor } from '../byte-source.ts';
import { runBenchmark } from '../gpu/benchmark.ts';
import type {
  AdapterChoice,
  AdapterDescription,
  RenderSettings,
  WorkerCallKind,
  WorkerOutbound,
  WorkerParameters,
  WorkerRequest,
  WorkerResult,
} from '../messages.ts';
import { templateMessages, templateTools } from './conversation.ts';
import { DeviceHolder } from './device-holder.ts';
import { type Engines, type GenerationEngine, type LanguageEngine, ownEngines, type SceneEngine } from './engines.ts';
import { badRequest } from './parameters.ts';
import { readRequest, readRequestId, readRequestOrder } from './requests.ts';
import { HostTuning } from './tuning.ts';
import { toWorkerErrorShape, WorkerServiceError } from './worker-service-error.ts';

/** What an environment gives: how it opens devices and sources, and how it answers. */
export interface WorkerServiceEnvironment {
  openDevice(choice: AdapterChoice): Promise<{ device: GPUDevice; description: AdapterDescription }>;
  /** @throws when this host cannot open that form of source, or the source cannot be read. */
  openSource(descriptor: SourceDescriptor): Promise<ByteSource>;
  /** `transfer` lists buffers that are not needed here any more. */
  post(message: WorkerOutbound, transfer: ArrayBuffer[]): void;
  readonly engines?: Engines;
  /** Of the WebGPU implementation: another may want other kernel variants. */
  readonly runtimeVersion?: string;
}

export interface WorkerService {
  /** Resolves when the reply is posted; never rejects. Requests are answered in order, but 'next-tokens' beside each other. */
  handle(message: unknown): Promise<void>;
}

interface Scene {
  readonly engine: SceneEngine;
  readonly settings: RenderSettings;
}

interface Session {
  readonly engine: GenerationEngine;
  readonly modelId: string;
}

type Handlers = { readonly [K in WorkerCallKind]: (parameters: WorkerParameters<K>) => Promise<WorkerResult<K>> };

/** Answers every call of `WorkerCalls` on one device, whatever the host. */
export function createWorkerService(environment: WorkerServiceEnvironment): WorkerService {
  const engines = environment.engines ?? ownEngines;
  const models = new Map<string, LanguageEngine>();
  const scenes = new Map<string, Scene>();
  const sessions = new Map<string, Session>();
  const tuning = new HostTuning(environment.runtimeVersion ?? 'unknown', (records) =>
    environment.post({ event: 'tuning', records }, []),
  );
  const holder = new DeviceHolder({
    async openDevice(choice) {
      const opened = await environment.openDevice(choice);
      tuning.apply(opened.device, opened.description);
      return opened;
    },
    onLost: (reason, message) => {
      releaseAll();
      environment.post({ event: 'device-lost', reason, message }, []);
    },
  });

  const handlers: Handlers = {
    async 'open-adapter'({ adapter, ...settings }) {
      tuning.configure(settings);
      const open = holder.describe(adapter);
      if (open !== undefined) return open;
      releaseAll();
      return holder.open(adapter);
    },
    benchmark: () => holder.run((device) => runBenchmark(device, () => performance.now())),
    async 'bench-model'({ source, copyBytesPerSecond, options }) {
      const { benchModel } = await import('../llm/profile/bench-model.ts');
      return holder.run((device) =>
        withSource(source, (bytes) =>
          benchModel({ device, nowMs: () => performance.now(), copyBytesPerSecond }, bytes, options),
        ),
      );
    },
    async 'load-model'({ modelId, source, ...options }) {
      assertFree(models, modelId, 'modelId');
      const engine = await holder.run(
        (device) => withSource(source, (bytes) => engines.loadModel(device, bytes, options)),
        destroy,
      );
      models.set(modelId, engine);
      return engine.description;
    },
    'estimate-model': ({ source, ...options }) =>
      holder.run((device) => withSource(source, (bytes) => engines.estimateModel(device, bytes, options))),
    memory: () => Promise.resolve(holder.memory),
    async 'unload-model'({ modelId }) {
      const engine = findModel(modelId);
      for (const [sessionId, session] of sessions) {
        if (session.modelId === modelId) closeSession(sessionId, session);
      }
      models.delete(modelId);
      engine.destroy();
      return null;
    },
    async tokenize({ modelId, text, addBos }) {
      return { tokens: findModel(modelId).tokenizer.encode(text, { addBos }) };
    },
    async detokenize({ modelId, tokens }) {
      const engine = findModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      return { text: engine.tokenizer.decode(tokens) };
    },
    async 'encode-chat'({ modelId, messages, tools, clockSeconds }) {
      const options = {
        ...(tools === undefined ? {} : { tools: templateTools(tools) }),
        ...(clockSeconds === undefined ? {} : { now: new Date(clockSeconds * 1000) }),
      };
      return { tokens: findModel(modelId).tokenizer.encodeChat(templateMessages(messages), options) };
    },
    async logits({ modelId, tokens }) {
      const engine = findModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      const logits = await holder.run(() => engine.logits(tokens));
      return { logits, vocabularySize: engine.description.vocabularySize };
    },
    async score({ modelId, tokens }) {
      const engine = findModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      return { logProbabilities: await holder.run(() => engine.score(tokens)) };
    },
    async embed({ modelId, tokens, pooling }) {
      const engine = findModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      return { embedding: await holder.run(() => engine.embed(tokens, pooling)) };
    },
    async 'open-generation'({ sessionId, modelId, ...request }) {
      const { promptTokens } = request;
      const engine = findModel(modelId);
      assertFree(sessions, sessionId, 'sessionId');
      assertVocabulary(engine, 'promptTokens', promptTokens);
      const started = performance.now();
      const generation = await holder.run(() => engine.openGeneration(request), destroy);
      sessions.set(sessionId, { engine: generation, modelId });
      return { prefillMs: performance.now() - started };
    },
    async 'next-tokens'({ sessionId, maxTokens }) {
      const session = find(sessions, sessionId, 'UNKNOWN_SESSION', 'generation');
      const started = performance.now();
      // Several at once: the engine decodes them together and looks after the errors of its own submits.
      const chunk = await holder.runShared(() => session.engine.next(maxTokens));
      return { ...chunk, durationMs: performance.now() - started };
    },
    async 'close-generation'({ sessionId }) {
      closeSession(sessionId, find(sessions, sessionId, 'UNKNOWN_SESSION', 'generation'));
      return null;
    },
    async replay({ modelId, promptTokens, outputTokens, sampling }) {
      const engine = findModel(modelId);
      assertVocabulary(engine, 'promptTokens', promptTokens);
      assertVocabulary(engine, 'outputTokens', outputTokens);
      const started = performance.now();
      const { gaps } = await holder.run(() => engine.replay(promptTokens, outputTokens, sampling));
      return { gaps, durationMs: performance.now() - started };
    },
    async 'load-scene'({ sceneId, source, settings, environment }) {
      assertFree(scenes, sceneId, 'sceneId');
      const engine = await holder.run(
        (device) =>
          withSource(source, (bytes) =>
            environment === undefined
              ? engines.openScene(device, bytes, settings)
              : withSource(environment, (light) => engines.openScene(device, bytes, settings, { environment: light })),
          ),
        destroy,
      );
      scenes.set(sceneId, { engine, settings });
      return engine.description;
    },
    async 'render-tile'({ sceneId, tile, firstSample, sampleCount, sliceTargetMs }) {
      const { engine, settings } = find(scenes, sceneId, 'UNKNOWN_SCENE', 'scene');
      if (tile.x1 > settings.widthPixels) throw badRequest('tile.x1', tile.x1, `at most ${settings.widthPixels}`);
      if (tile.y1 > settings.heightPixels) throw badRequest('tile.y1', tile.y1, `at most ${settings.heightPixels}`);
      const pace = sliceTargetMs === undefined ? {} : { sliceTargetMs };
      const started = performance.now();
      const sums = await holder.run(() => engine.renderTile(tile, firstSample, sampleCount, pace));
      return { tile, firstSample, sampleCount, sums, durationMs: performance.now() - started };
    },
    async 'unload-scene'({ sceneId }) {
      const scene = find(scenes, sceneId, 'UNKNOWN_SCENE', 'scene');
      scenes.delete(sceneId);
      scene.engine.destroy();
      return null;
    },
    async release() {
      releaseAll();
      return null;
    },
  };

  function findModel(modelId: string): LanguageEngine {
    return find(models, modelId, 'UNKNOWN_MODEL', 'model');
  }

  /** Engines read their source only while they load. */
  async function withSource<Result>(
    descriptor: SourceDescriptor,
    load: (bytes: ByteSource) => Promise<Result>,
  ): Promise<Result> {
    const bytes = await environment.openSource(descriptor);
    try {
      return await load(bytes);
    } finally {
      await bytes.close();
    }
  }

  function closeSession(sessionId: string, session: Session): void {
    sessions.delete(sessionId);
    session.engine.destroy();
  }

  function releaseAll(): void {
    for (const [sessionId, session] of sessions) closeSession(sessionId, session);
    for (const engine of models.values()) engine.destroy();
    for (const { engine } of scenes.values()) engine.destroy();
    models.clear();
    scenes.clear();
  }

  async function answer(message: unknown, id: number): Promise<void> {
    try {
      const result = await dispatch(handlers, readRequest(message, id));
      environment.post({ id, ok: true, result }, transferables(result));
    } catch (error) {
      environment.post({ id, ok: false, error: toWorkerErrorShape(error) }, []);
    }
  }

  let queue = Promise.resolve();
  /** Resolves when all token requests received so far are answered. */
  let shared: Promise<unknown> = Promise.resolve();
  return {
    handle(message) {
      const id = readRequestId(message);
      if (id === null) return Promise.resolve();
      const kind = readRequestOrder(message);
      // Tokens of several sessions are asked for beside each other; only what takes their model away waits for them.
      const before = kind === 'exclusive' ? Promise.all([queue, shared]) : queue;
      const turn = before.then(() => answer(message, id));
      if (kind === 'shared') shared = Promise.all([shared, turn]);
      else queue = turn;
      return turn;
    },
  };
}

function destroy(engine: { destroy(): void }): void {
  engine.destroy();
}

function dispatch(handlers: Handlers, request: WorkerRequest): Promise<unknown> {
  // Kind and parameters belong together in WorkerRequest; the union is too wide for TypeScript to see it.
  const handler = handlers[request.kind] as (parameters: unknown) => Promise<unknown>;
  return handler(request.parameters);
}

/** The result's own buffers: the service keeps none of what it returns. */
function transferables(result: unknown): ArrayBuffer[] {
  if (typeof result !== 'object' || result === null) return [];
  return Object.values(result).flatMap((value) =>
    value instanceof Float32Array && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
}

function find<Value>(
  values: ReadonlyMap<string, Value>,
  id: string,
  code: 'UNKNOWN_MODEL' | 'UNKNOWN_SESSION' | 'UNKNOWN_SCENE',
  noun: string,
): Value {
  const value = values.get(id);
  if (value !== undefined) return value;
  throw new WorkerServiceError(code, `no ${noun} with the id ${id} is open here`, { data: { id, open: values.size } });
}

function assertFree(values: ReadonlyMap<string, unknown>, id: string, field: string): void {
  if (!values.has(id)) return;
  throw new WorkerServiceError('ID_IN_USE', `${field} ${id} is in use; close it first or take another`, {
    data: { field, id },
  });
}

function assertVocabulary(engine: LanguageEngine, field: string, tokens: readonly number[]): void {
  const { vocabularySize } = engine.description;
  const index = tokens.findIndex((token) => token >= vocabularySize);
  if (index !== -1) throw badRequest(`${field}[${index}]`, tokens[index], `below ${vocabularySize}, the vocabulary`);
}
