import type { ByteSource, SourceDescriptor } from '../byte-source.ts';
import { runBenchmark } from '../gpu/benchmark.ts';
import type {
  AdapterChoice,
  AdapterDescription,
  WorkerCallKind,
  WorkerOutbound,
  TileResult,
  WorkerParameters,
  WorkerRequest,
  WorkerResult,
} from '../messages.ts';
import { templateMessages, templateTools } from './conversation.ts';
import { type Engines, type LanguageEngine, ownEngines } from './engines.ts';
import { badRequest } from './parameters.ts';
import { PersistentDevice } from './persistent-device.ts';
import { assertFree, Resident, ResidentGeneration, Residents } from './residents.ts';
import { readRequest, readRequestId, readRequestOrder } from './requests.ts';
import { HostTuning } from './tuning.ts';
import { toWorkerErrorShape } from './worker-service-error.ts';

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
  /** Frees everything and gives the device back. */
  close(): void;
}

type Handlers = { readonly [K in WorkerCallKind]: (parameters: WorkerParameters<K>) => Promise<WorkerResult<K>> };

/** Answers every call of `WorkerCalls` on one device, whatever the host. */
export function createWorkerService(environment: WorkerServiceEnvironment): WorkerService {
  const engines = environment.engines ?? ownEngines;
  const residents = new Residents();
  const tuning = new HostTuning(environment.runtimeVersion ?? 'unknown', (records) =>
    environment.post({ event: 'tuning', records }, []),
  );
  const gpu = new PersistentDevice({
    async openDevice(choice) {
      const opened = await environment.openDevice(choice);
      tuning.apply(opened.device, opened.description);
      return opened;
    },
    onLost: () => residents.drop(),
    restore: (run) => residents.restore(run),
    onRecovered: (description, message) => environment.post({ event: 'device-recovered', description, message }, []),
    onGivenUp(reason, message) {
      residents.clear();
      environment.post({ event: 'device-lost', reason, message }, []);
    },
  });

  const handlers: Handlers = {
    async 'open-adapter'({ adapter, ...settings }) {
      tuning.configure(settings);
      return gpu.open(adapter, () => residents.clear());
    },
    benchmark: () => gpu.run((device) => runBenchmark(device, () => performance.now())),
    async 'bench-model'({ source, copyBytesPerSecond, options }) {
      const { benchModel } = await import('../llm/profile/bench-model.ts');
      return gpu.run((device) =>
        withSource(source, (bytes) =>
          benchModel({ device, nowMs: () => performance.now(), copyBytesPerSecond }, bytes, options),
        ),
      );
    },
    async 'load-model'({ modelId, source, ...options }) {
      assertFree(residents.models, modelId, 'modelId');
      const load = (device: GPUDevice) =>
        withSource(source, (bytes) => engines.loadModel(device, bytes, { ...options, cutsRows: gpu.isReal }));
      const engine = await gpu.run(load, destroy);
      residents.models.set(modelId, new Resident(engine, load));
      return engine.description;
    },
    'estimate-model': ({ source, ...options }) =>
      gpu.run((device) => withSource(source, (bytes) => engines.estimateModel(device, bytes, options))),
    memory: () => Promise.resolve(gpu.memory),
    async 'unload-model'({ modelId }) {
      residents.unloadModel(modelId);
      return null;
    },
    async tokenize({ modelId, text, addBos }) {
      return { tokens: describedModel(modelId).tokenizer.encode(text, { addBos }) };
    },
    async detokenize({ modelId, tokens }) {
      const engine = describedModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      return { text: engine.tokenizer.decode(tokens) };
    },
    async 'encode-chat'({ modelId, messages, tools, clockSeconds }) {
      const options = {
        ...(tools === undefined ? {} : { tools: templateTools(tools) }),
        ...(clockSeconds === undefined ? {} : { now: new Date(clockSeconds * 1000) }),
      };
      return { tokens: describedModel(modelId).tokenizer.encodeChat(templateMessages(messages), options) };
    },
    async logits({ modelId, tokens }) {
      const engine = describedModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      const logits = await gpu.run(() => findModel(modelId).logits(tokens));
      return { logits, vocabularySize: engine.description.vocabularySize };
    },
    async score({ modelId, tokens }) {
      const engine = describedModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      return { logProbabilities: await gpu.run(() => findModel(modelId).score(tokens)) };
    },
    async embed({ modelId, tokens, pooling }) {
      const engine = describedModel(modelId);
      assertVocabulary(engine, 'tokens', tokens);
      return { embedding: await gpu.run(() => findModel(modelId).embed(tokens, pooling)) };
    },
    async 'open-generation'({ sessionId, sliceTargetMs, ...request }) {
      const { modelId, promptTokens, emittedTokens = [] } = request;
      const described = describedModel(modelId);
      assertFree(residents.generations, sessionId, 'sessionId');
      assertVocabulary(described, 'promptTokens', promptTokens);
      assertVocabulary(described, 'emittedTokens', emittedTokens);
      const started = performance.now();
      const opened = await gpu.run(
        async () => {
          const model = pacedModel(modelId, sliceTargetMs);
          return { model, engine: await model.openGeneration(request) };
        },
        ({ engine }) => engine.destroy(),
      );
      residents.generations.set(sessionId, new ResidentGeneration(request, opened));
      return { prefillMs: performance.now() - started };
    },
    async 'next-tokens'({ sessionId, maxTokens, sliceTargetMs }) {
      const generation = residents.generation(sessionId);
      const started = performance.now();
      return generation.inTurn(async () => {
        // Several at once: the engine decodes them together and looks after the errors of its own submits.
        const chunk = await gpu.runShared(() =>
          residents.generation(sessionId).next(maxTokens, pacedModel(generation.modelId, sliceTargetMs)),
        );
        generation.keep(chunk);
        return { ...chunk, durationMs: performance.now() - started };
      });
    },
    async 'close-generation'({ sessionId }) {
      residents.closeGeneration(sessionId);
      return null;
    },
    async replay({ modelId, promptTokens, outputTokens, sampling }) {
      const engine = describedModel(modelId);
      assertVocabulary(engine, 'promptTokens', promptTokens);
      assertVocabulary(engine, 'outputTokens', outputTokens);
      const started = performance.now();
      const { gaps } = await gpu.run(() => findModel(modelId).replay(promptTokens, outputTokens, sampling));
      return { gaps, durationMs: performance.now() - started };
    },
    async 'load-scene'({ sceneId, source, settings, environment }) {
      assertFree(residents.scenes, sceneId, 'sceneId');
      const load = (device: GPUDevice) =>
        withSource(source, (bytes) =>
          environment === undefined
            ? engines.openScene(device, bytes, settings)
            : withSource(environment, (light) => engines.openScene(device, bytes, settings, { environment: light })),
        );
      const engine = await gpu.run(load, destroy);
      residents.scenes.set(sceneId, { settings, resident: new Resident(engine, load) });
      return engine.description;
    },
    'estimate-scene': ({ source, environment, settings, ...options }) =>
      gpu.run((device) =>
        withSource(source, (bytes) =>
          environment === undefined
            ? engines.estimateScene(device, bytes, settings, options)
            : withSource(environment, (light) =>
                engines.estimateScene(device, bytes, settings, { ...options, environment: light }),
              ),
        ),
      ),
    'render-tile': (parameters) => renderTile(parameters, 'renderTile'),
    denoise: async (picture) => ({ color: await gpu.run((device) => engines.denoise(device, picture)) }),
    'render-guides': (parameters) => renderTile(parameters, 'renderGuides'),
    async 'unload-scene'({ sceneId }) {
      residents.unloadScene(sceneId);
      return null;
    },
    async release() {
      residents.clear();
      return null;
    },
  };

  async function renderTile(
    { sceneId, tile, firstSample, sampleCount, sliceTargetMs }: WorkerParameters<'render-tile'>,
    what: 'renderTile' | 'renderGuides',
  ): Promise<TileResult> {
    const { settings } = residents.scene(sceneId);
    if (tile.x1 > settings.widthPixels) throw badRequest('tile.x1', tile.x1, `at most ${settings.widthPixels}`);
    if (tile.y1 > settings.heightPixels) throw badRequest('tile.y1', tile.y1, `at most ${settings.heightPixels}`);
    const pace = sliceTargetMs === undefined ? {} : { sliceTargetMs };
    const started = performance.now();
    const sums = await gpu.run(() =>
      residents.scene(sceneId).resident.engine[what](tile, firstSample, sampleCount, pace),
    );
    return { tile, firstSample, sampleCount, sums, durationMs: performance.now() - started };
  }

  function findModel(modelId: string): LanguageEngine {
    return residents.model(modelId).engine;
  }

  function pacedModel(modelId: string, sliceTargetMs: number | undefined): LanguageEngine {
    const model = findModel(modelId);
    if (sliceTargetMs !== undefined) model.pace(sliceTargetMs);
    return model;
  }

  /** For its words and sizes, which are there while the device is not. */
  function describedModel(modelId: string): LanguageEngine {
    return residents.model(modelId).described;
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
    close() {
      residents.clear();
      gpu.close();
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

function assertVocabulary(engine: LanguageEngine, field: string, tokens: readonly number[]): void {
  const { vocabularySize } = engine.description;
  const index = tokens.findIndex((token) => token >= vocabularySize);
  if (index !== -1) throw badRequest(`${field}[${index}]`, tokens[index], `below ${vocabularySize}, the vocabulary`);
}
