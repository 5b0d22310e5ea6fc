import { readTuningRecords } from '../gpu/autotune/tuning-record.ts';
import type { WorkerCallKind, WorkerParameters, WorkerRequest } from '../messages.ts';
import { readMessages, readTools } from './conversation.ts';
import {
  badRequest,
  type RawParameters,
  readBenchOptions,
  readBudget,
  readBoolean,
  readIdentifier,
  readInteger,
  readModelLoad,
  readObject,
  readPooling,
  readPace,
  readRenderSettings,
  readNumbers,
  readSampleRange,
  readSampling,
  readSource,
  readSpeculation,
  readText,
  readTexts,
  readTile,
  readTokenCount,
  readTokens,
  readTuningMode,
} from './parameters.ts';

type Readers = { readonly [K in WorkerCallKind]: (parameters: RawParameters) => WorkerParameters<K> };

/** One reader per call; each builds a fresh object, so a field that is not named here never gets through. */
const readers: Readers = {
  'open-adapter': ({ adapter, tuningRecords, tuningMode }) => ({
    adapter: readText(adapter, 'adapter', 200),
    ...(tuningRecords === undefined ? {} : { tuningRecords: readTuningRecords(tuningRecords) }),
    ...(tuningMode === undefined ? {} : { tuningMode: readTuningMode(tuningMode, 'tuningMode') }),
  }),
  benchmark: () => ({}),
  'bench-model': ({ source, copyBytesPerSecond, options }) => ({
    source: readSource(source, 'source'),
    copyBytesPerSecond: readInteger(copyBytesPerSecond, 'copyBytesPerSecond', 1, Number.MAX_SAFE_INTEGER),
    options: readBenchOptions(options, 'options'),
  }),
  'load-model': (parameters) => ({
    modelId: readIdentifier(parameters['modelId'], 'modelId'),
    ...readModelLoad(parameters),
  }),
  'estimate-model': readModelLoad,
  memory: () => ({}),
  'unload-model': ({ modelId }) => ({ modelId: readIdentifier(modelId, 'modelId') }),
  tokenize: ({ modelId, text, addBos }) => ({
    modelId: readIdentifier(modelId, 'modelId'),
    text: readText(text, 'text'),
    addBos: readBoolean(addBos, 'addBos'),
  }),
  detokenize: ({ modelId, tokens }) => ({
    modelId: readIdentifier(modelId, 'modelId'),
    tokens: readTokens(tokens, 'tokens', 0),
  }),
  'encode-chat': ({ modelId, messages, tools, clockSeconds }) => ({
    modelId: readIdentifier(modelId, 'modelId'),
    messages: readMessages(messages, 'messages'),
    ...(tools === undefined ? {} : { tools: readTools(tools, 'tools') }),
    ...(clockSeconds === undefined
      ? {}
      : { clockSeconds: readInteger(clockSeconds, 'clockSeconds', 0, 0xff_ff_ff_ff) }),
  }),
  logits: ({ modelId, tokens }) => ({
    modelId: readIdentifier(modelId, 'modelId'),
    tokens: readTokens(tokens, 'tokens', 1),
  }),
  'open-generation': (parameters) => {
    const { stopStrings, logProbabilities, speculation, emittedTokens } = parameters;
    return {
      sessionId: readIdentifier(parameters['sessionId'], 'sessionId'),
      modelId: readIdentifier(parameters['modelId'], 'modelId'),
      promptTokens: readTokens(parameters['promptTokens'], 'promptTokens', 1),
      maxTokens: readTokenCount(parameters['maxTokens'], 'maxTokens'),
      sampling: readSampling(parameters['sampling'], 'sampling'),
      ...(stopStrings === undefined ? {} : { stopStrings: readTexts(stopStrings, 'stopStrings') }),
      ...(logProbabilities === undefined
        ? {}
        : { logProbabilities: readInteger(logProbabilities, 'logProbabilities', 0, 20) }),
      ...(speculation === undefined ? {} : { speculation: readSpeculation(speculation, 'speculation') }),
      ...(emittedTokens === undefined ? {} : { emittedTokens: readTokens(emittedTokens, 'emittedTokens', 0) }),
      ...readPace(parameters),
    };
  },
  score: ({ modelId, tokens }) => ({
    modelId: readIdentifier(modelId, 'modelId'),
    tokens: readTokens(tokens, 'tokens', 1),
  }),
  embed: ({ modelId, tokens, pooling }) => ({
    modelId: readIdentifier(modelId, 'modelId'),
    tokens: readTokens(tokens, 'tokens', 1),
    pooling: readPooling(pooling, 'pooling'),
  }),
  'next-tokens': (parameters) => ({
    sessionId: readIdentifier(parameters['sessionId'], 'sessionId'),
    maxTokens: readTokenCount(parameters['maxTokens'], 'maxTokens'),
    ...readPace(parameters),
  }),
  'close-generation': ({ sessionId }) => ({ sessionId: readIdentifier(sessionId, 'sessionId') }),
  replay: ({ modelId, promptTokens, outputTokens, sampling }) => ({
    modelId: readIdentifier(modelId, 'modelId'),
    promptTokens: readTokens(promptTokens, 'promptTokens', 1),
    outputTokens: readTokens(outputTokens, 'outputTokens', 0),
    sampling: readSampling(sampling, 'sampling'),
  }),
  'load-scene': ({ sceneId, source, settings, environment }) => ({
    sceneId: readIdentifier(sceneId, 'sceneId'),
    source: readSource(source, 'source'),
    settings: readRenderSettings(settings, 'settings'),
    ...(environment === undefined ? {} : { environment: readSource(environment, 'environment') }),
  }),
  'estimate-scene': ({ source, settings, environment, tilePixels, budgetBytes }) => ({
    source: readSource(source, 'source'),
    settings: readRenderSettings(settings, 'settings'),
    ...(environment === undefined ? {} : { environment: readSource(environment, 'environment') }),
    tilePixels: readInteger(tilePixels, 'tilePixels', 1, 2 ** 28),
    ...readBudget(budgetBytes),
  }),
  'render-tile': readTileRequest,
  'render-guides': readTileRequest,
  denoise: ({ widthPixels, heightPixels, color, guides }) => {
    const width = readInteger(widthPixels, 'widthPixels', 1, 16_384);
    const height = readInteger(heightPixels, 'heightPixels', 1, 16_384);
    return {
      widthPixels: width,
      heightPixels: height,
      color: readNumbers(color, 'color', width * height * 4),
      guides: readNumbers(guides, 'guides', width * height * 8),
    };
  },
  'unload-scene': ({ sceneId }) => ({ sceneId: readIdentifier(sceneId, 'sceneId') }),
  release: () => ({}),
};

function readTileRequest(parameters: RawParameters): WorkerParameters<'render-tile'> {
  return {
    sceneId: readIdentifier(parameters['sceneId'], 'sceneId'),
    tile: readTile(parameters['tile'], 'tile'),
    ...readSampleRange(parameters),
    ...readPace(parameters),
  };
}

/** The id a reply can go to, or null when the message has none and nobody can be answered. */
export function readRequestId(message: unknown): number | null {
  if (typeof message !== 'object' || message === null || !('id' in message)) return null;
  return typeof message.id === 'number' && Number.isSafeInteger(message.id) ? message.id : null;
}

/** Whether a request is answered in its turn, beside others, or only when all before it are done. */
export function readRequestOrder(message: unknown): 'ordered' | 'shared' | 'exclusive' {
  const kind = typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
  if (kind === 'next-tokens') return 'shared';
  return kind === 'unload-model' || kind === 'release' || kind === 'open-adapter' ? 'exclusive' : 'ordered';
}

/** @throws WorkerServiceError BAD_REQUEST naming the field and its limit. */
export function readRequest(message: unknown, id: number): WorkerRequest {
  const { kind, parameters } = readObject(message, 'request');
  if (typeof kind !== 'string' || !Object.hasOwn(readers, kind)) {
    throw badRequest('kind', kind, `one of ${Object.keys(readers).join(', ')}`);
  }
  const read = readers[kind as WorkerCallKind];
  // The pair of kind and parameters is right by construction of `readers`; TypeScript cannot relate the two through the union.
  return { id, kind, parameters: read(readObject(parameters, 'parameters')) } as WorkerRequest;
}
