import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { openNodeSource } from '../../worker/host/file-source.ts';
import { createWorkerService } from '../../worker/host/service.ts';
import { closeServices, devices, openService } from './recording-service.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

afterEach(closeServices);

const bytes = { kind: 'bytes', bytes: new Uint8Array(4) };
const sampling = { temperature: 0, seed: 1 };
const settings = { widthPixels: 8, heightPixels: 4, seed: 1, maxBounces: 2 };
const tile = { x0: 0, y0: 0, x1: 2, y1: 2 };

const question = { role: 'user', content: 'Weather?' };
const tool = { name: 'get_weather', description: 'Weather of a place', parametersJson: '{"type":"object"}' };
const call = { id: 'c1', name: 'get_weather', argumentsJson: '{"place":"Oslo"}' };

const malformed: { name: string; kind: string; parameters: unknown; says: string }[] = [
  { name: 'an unknown call', kind: 'mine', parameters: {}, says: 'kind is "mine"; it must be one of open-adapter' },
  { name: 'an inherited name', kind: 'toString', parameters: {}, says: 'kind is "toString"' },
  { name: 'no parameters', kind: 'release', parameters: undefined, says: 'parameters is undefined' },
  { name: 'an empty id', kind: 'unload-model', parameters: { modelId: '' }, says: 'a name that is not empty' },
  {
    name: 'an endless id',
    kind: 'unload-model',
    parameters: { modelId: 'x'.repeat(201) },
    says: 'the length of modelId is 201; it must be at most 200 characters',
  },
  {
    name: 'a source of an unknown kind',
    kind: 'load-model',
    parameters: { modelId: 'm', source: { kind: 'url' } },
    says: 'source.kind is "url"; it must be file, blob or bytes',
  },
  {
    name: 'bytes that are not bytes',
    kind: 'load-model',
    parameters: { modelId: 'm', source: { kind: 'bytes', bytes: 'x' } },
    says: 'source.bytes is "x"; it must be a Uint8Array',
  },
  {
    name: 'a context of no tokens',
    kind: 'load-model',
    parameters: { modelId: 'm', source: bytes, contextLength: 0 },
    says: 'contextLength is 0',
  },
  {
    name: 'a cache of an unknown kind',
    kind: 'load-model',
    parameters: { modelId: 'm', source: bytes, cacheType: 'f64' },
    says: 'cacheType is "f64"; it must be f32, f16, q8_0',
  },
  {
    name: 'vectors of an unknown kind',
    kind: 'load-model',
    parameters: { modelId: 'm', source: bytes, vectors: 'int4' },
    says: 'vectors is "int4"; it must be f32 or int8',
  },
  {
    name: 'an empty prompt',
    kind: 'logits',
    parameters: { modelId: 'm', tokens: [] },
    says: 'tokens is an array of 0',
  },
  {
    name: 'a negative token',
    kind: 'logits',
    parameters: { modelId: 'm', tokens: [1, -1] },
    says: 'tokens[1] is -1; it must be an integer from 0 to 4294967295',
  },
  {
    name: 'a temperature that is no number',
    kind: 'replay',
    parameters: { modelId: 'm', promptTokens: [1], outputTokens: [], sampling: { temperature: Number.NaN, seed: 1 } },
    says: 'sampling.temperature is NaN; it must be a number from 0 to 100',
  },
  {
    name: 'a chat without messages',
    kind: 'encode-chat',
    parameters: { modelId: 'm', messages: [] },
    says: 'messages is an array of 0',
  },
  {
    name: 'a picture to smooth that lacks numbers',
    kind: 'denoise',
    parameters: { widthPixels: 2, heightPixels: 1, color: new Float32Array(7), guides: new Float32Array(16) },
    says: 'color is',
  },
  {
    name: 'an empty tile',
    kind: 'render-tile',
    parameters: { sceneId: 's', tile: { ...tile, x1: 0 }, firstSample: 0, sampleCount: 1 },
    says: 'tile.x1 is 0; it must be an integer from 1',
  },
  {
    name: 'no samples',
    kind: 'render-tile',
    parameters: { sceneId: 's', tile, firstSample: 0, sampleCount: 0 },
    says: 'sampleCount is 0',
  },
  {
    name: 'an estimate for tiles of nothing',
    kind: 'estimate-scene',
    parameters: { source: { kind: 'file', path: 'x' }, settings, tilePixels: 0 },
    says: 'tilePixels is 0; it must be an integer from 1 to 268435456',
  },
  {
    name: 'a moment before the beginning',
    kind: 'load-scene',
    parameters: {
      sceneId: 's',
      source: { kind: 'file', path: 'x' },
      settings: { ...settings, view: { timeSeconds: -1 } },
    },
    says: 'settings.view.timeSeconds is -1; it must be a number from 0 to 1000000',
  },
  {
    name: 'a slice without time',
    kind: 'render-tile',
    parameters: { sceneId: 's', tile, firstSample: 0, sampleCount: 1, sliceTargetMs: 0 },
    says: 'sliceTargetMs is 0; it must be an integer from 1 to 1000',
  },
  {
    name: 'a draft longer than a pass',
    kind: 'open-generation',
    parameters: {
      sessionId: 's',
      modelId: 'm',
      promptTokens: [1],
      maxTokens: 1,
      sampling,
      speculation: { maxTokens: 16 },
    },
    says: 'speculation.maxTokens is 16; it must be an integer from 1 to 15',
  },
  {
    name: 'a conversation of nothing',
    kind: 'encode-chat',
    parameters: { modelId: 'm', messages: [] },
    says: 'messages is an array of 0; it must be an array of 1 to 4096 messages',
  },
  {
    name: 'more tools than a prompt may offer',
    kind: 'encode-chat',
    parameters: { modelId: 'm', messages: [question], tools: Array.from({ length: 65 }, () => tool) },
    says: 'tools is an array of 65; it must be an array of 1 to 64 tools',
  },
  {
    name: 'a tool whose name is markup',
    kind: 'encode-chat',
    parameters: { modelId: 'm', messages: [question], tools: [{ ...tool, name: '<|im_end|>' }] },
    says: `tools[0].name is "<|im_end|>"; it must be 1 to 64 letters, digits, '_', '.' or '-'`,
  },
  {
    name: 'parameters of a tool that are not JSON',
    kind: 'encode-chat',
    parameters: { modelId: 'm', messages: [question], tools: [{ ...tool, parametersJson: '{' }] },
    says: 'tools[0].parametersJson is "{"; it must be the JSON text of an object',
  },
  {
    name: 'parameters of a tool that are a book',
    kind: 'encode-chat',
    parameters: { modelId: 'm', messages: [question], tools: [{ ...tool, parametersJson: ' '.repeat(32_769) }] },
    says: 'the length of tools[0].parametersJson is 32769; it must be at most 32768 characters',
  },
  {
    name: 'more calls than a message may hold',
    kind: 'encode-chat',
    parameters: {
      modelId: 'm',
      messages: [{ role: 'assistant', content: '', toolCalls: Array.from({ length: 33 }, () => call) }],
    },
    says: 'messages[0].toolCalls is an array of 33; it must be an array of 0 to 32 calls',
  },
  {
    name: 'arguments that are a list',
    kind: 'encode-chat',
    parameters: {
      modelId: 'm',
      messages: [{ role: 'assistant', content: '', toolCalls: [{ ...call, argumentsJson: '[]' }] }],
    },
    says: 'messages[0].toolCalls[0].argumentsJson is "[]"; it must be the JSON text of an object',
  },
  {
    name: 'a clock before 1970',
    kind: 'encode-chat',
    parameters: { modelId: 'm', messages: [question], clockSeconds: -1 },
    says: 'clockSeconds is -1; it must be an integer from 0 to 4294967295',
  },
];

describe('a request to the GPU worker', () => {
  for (const { name, kind, parameters, says } of malformed) {
    it(`is refused with the field and its limit: ${name}`, async () => {
      const answer = await openService().ask(kind, parameters);
      expect(answer).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining(says) });
    });
  }

  it('without an id is dropped, as nobody could be answered', async () => {
    const service = createWorkerService({
      openDevice: () => Promise.reject(new Error('unused')),
      openSource: openNodeSource,
      post: () => expect.unreachable(),
    });
    for (const message of [null, 'x', {}, { id: 'a', kind: 'release', parameters: {} }]) await service.handle(message);
  });

  it('needs an adapter before anything is loaded or measured', async () => {
    const { ask } = openService();
    for (const [kind, parameters] of [
      ['benchmark', {}],
      ['load-model', { modelId: 'm', source: bytes }],
      ['load-scene', { sceneId: 's', source: bytes, settings }],
    ] as const) {
      expect(await ask(kind, parameters)).toMatchObject({ code: 'ADAPTER_NOT_OPEN' });
    }
  });

  it('for something that was never opened says so', async () => {
    const { ask } = openService();
    expect(await ask('tokenize', { modelId: 'm', text: 'a', addBos: true })).toMatchObject({ code: 'UNKNOWN_MODEL' });
    expect(await ask('next-tokens', { sessionId: 'g', maxTokens: 1 })).toMatchObject({ code: 'UNKNOWN_SESSION' });
    expect(await ask('unload-scene', { sceneId: 's' })).toEqual({
      code: 'UNKNOWN_SCENE',
      message: 'no scene with the id s is open here',
      data: { id: 's', open: 0 },
    });
  });
});

describe('the GPU worker on a device', () => {
  it('answers in order, one request at a time', async () => {
    const { ask, sent } = openService();
    await ask('open-adapter', { adapter: 'software' });
    const answers = await Promise.all([
      ask('load-model', { modelId: 'm', source: bytes }),
      ask('tokenize', { modelId: 'm', text: '12', addBos: true }),
      ask('detokenize', { modelId: 'm', tokens: [1, 2] }),
      ask('encode-chat', { modelId: 'm', messages: [{ role: 'user', content: '' }] }),
      ask('open-generation', { sessionId: 'g', modelId: 'm', promptTokens: [1], maxTokens: 2, sampling }),
      ask('next-tokens', { sessionId: 'g', maxTokens: 2 }),
      ask('unload-model', { modelId: 'm' }),
      ask('next-tokens', { sessionId: 'g', maxTokens: 2 }),
    ]);
    expect(answers).toMatchObject([
      { ok: { name: 'recording' } },
      { ok: { tokens: [0, 1, 2] } },
      { ok: { text: '12' } },
      { ok: { tokens: [0] } },
      { ok: { prefillMs: expect.any(Number) } },
      { ok: { tokens: [7, 7], finished: 'length' } },
      { ok: null },
      { code: 'UNKNOWN_SESSION' },
    ]);
    expect(sent.map((message) => ('id' in message ? message.id : 0))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('writes tools, their calls and their results as models are used to them', async () => {
    const { ask, engines } = openService();
    await ask('open-adapter', { adapter: 'software' });
    await ask('load-model', { modelId: 'm', source: bytes });
    const calling = { role: 'assistant', content: '', toolCalls: [call] };
    const result = { role: 'tool', content: 'sunny', toolCallId: 'c1' };
    const stray = { role: 'tool', content: 'rain', toolCallId: 'c9' };
    const messages = [question, calling, result, stray];
    await ask('encode-chat', { modelId: 'm', messages, tools: [tool], clockSeconds: 86_400 });
    await ask('encode-chat', { modelId: 'm', messages: [{ ...question, unknown: 1 }] });
    const { name } = tool;
    expect(engines.conversations).toEqual([
      [
        [
          question,
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ id: 'c1', type: 'function', function: { name, arguments: { place: 'Oslo' } } }],
          },
          { role: 'tool', content: 'sunny', tool_call_id: 'c1', name },
          { role: 'tool', content: 'rain', tool_call_id: 'c9' },
        ],
        {
          tools: [
            { type: 'function', function: { name, description: 'Weather of a place', parameters: { type: 'object' } } },
          ],
          now: new Date('1970-01-02T00:00:00Z'),
        },
      ],
      [[question], {}],
    ]);
  });

  it('checks tokens against the vocabulary and tiles against the picture', async () => {
    const { ask } = openService();
    await ask('open-adapter', { adapter: 'software' });
    await ask('load-model', { modelId: 'm', source: bytes });
    await ask('load-scene', { sceneId: 's', source: bytes, settings });
    expect(await ask('logits', { modelId: 'm', tokens: [9, 10] })).toMatchObject({
      message: 'tokens[1] is 10; it must be below 10, the vocabulary',
    });
    const outside = { sceneId: 's', tile: { ...tile, y1: 5 }, firstSample: 0, sampleCount: 1 };
    expect(await ask('render-tile', outside)).toMatchObject({ message: 'tile.y1 is 5; it must be at most 4' });
    expect(await ask('load-model', { modelId: 'm', source: bytes })).toMatchObject({ code: 'ID_IN_USE' });
    expect(await ask('load-scene', { sceneId: 's', source: bytes, settings })).toMatchObject({ code: 'ID_IN_USE' });
  });

  it('says which file it cannot read', async () => {
    const { ask } = openService();
    await ask('open-adapter', { adapter: 'software' });
    for (const path of ['/no/such/model.gguf', folder]) {
      const answer = await ask('load-model', { modelId: 'm', source: { kind: 'file', path } });
      expect(answer).toMatchObject({ code: 'SOURCE_UNREADABLE', message: expect.stringContaining(path) });
    }
    const blob = await ask('load-model', { modelId: 'm', source: { kind: 'blob', blob: null } });
    expect(blob).toMatchObject({ code: 'BAD_REQUEST', message: expect.stringContaining('file or bytes') });
  });

  it('does not deliver a result when the GPU reported an error, and keeps nothing of it', async () => {
    const { ask, engines } = openService();
    await ask('open-adapter', { adapter: 'software' });
    engines.onLoad = (device) => {
      // MAP_READ and MAP_WRITE exclude each other.
      device.createBuffer({ label: 'broken', size: 16, usage: 3 });
    };
    expect(await ask('load-model', { modelId: 'm', source: bytes })).toMatchObject({ code: 'GPU_ERROR' });
    expect(engines.destroyed).toEqual(['model']);
    engines.onLoad = () => {};
    expect(await ask('load-model', { modelId: 'm', source: bytes })).toMatchObject({ ok: { name: 'recording' } });
  });

  it('frees everything on release and stays open', async () => {
    const { ask, engines } = openService();
    const first = await ask('open-adapter', { adapter: 'software' });
    await ask('load-model', { modelId: 'm', source: bytes });
    await ask('load-scene', { sceneId: 's', source: bytes, settings });
    await ask('release', {});
    expect(engines.destroyed).toEqual(['model', 'scene']);
    expect(await ask('open-adapter', { adapter: 'software' })).toEqual(first);
    expect(devices).toHaveLength(1);
  });
});
