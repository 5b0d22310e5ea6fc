import { describe, expect, test } from 'vitest';
import type { ChatTask, RenderTask, Task } from '../../protocol/tasks.ts';
import { messageCodec, messageField, repeatedField, unionCodec } from '../../protocol/wire/codec.ts';
import {
  amountField,
  booleanField,
  bytesField,
  choiceField,
  hexField,
  optionalUint64Field,
  packedUint32Field,
  textField,
  uint32Field,
  uint64Field,
} from '../../protocol/wire/fields.ts';
import { helloFrameCodec } from '../../protocol/wire/hello-messages.ts';
import { chatPayloadCodec, renderPayloadCodec } from '../../protocol/wire/payload-codecs.ts';
import { quoteFrameCodec } from '../../protocol/wire/quote-messages.ts';
import { receiptFrameCodec } from '../../protocol/wire/receipt-messages.ts';
import { taskCodec } from '../../protocol/wire/task-codec.ts';
import { type TaskFrame, taskFrameCodec } from '../../protocol/wire/task-messages.ts';
import { WireError } from '../../protocol/wire/wire-error.ts';
import { hashTask } from '../../protocol/hashing/task-hash.ts';
import { createRandom } from './random.ts';
import { sampleFrames } from './sample-frames.ts';

const everything = messageCodec({
  count: uint32Field(1),
  big: uint64Field(2),
  isOn: booleanField(3),
  word: choiceField(4, ['a', 'b']),
  bytes: bytesField(5, 4),
  text: textField(6, 8),
  hash: hexField(7, 2),
  amount: amountField(8),
  ids: packedUint32Field(9, 3),
  maybe: optionalUint64Field(10),
  list: repeatedField(11, messageCodec({ value: uint32Field(1) }), { count: 2, bytes: 8 }),
  inner: messageField(12, messageCodec({ value: uint32Field(1, { maximum: 9 }) }), 8),
});
const value = {
  count: 300,
  big: 2n ** 64n - 1n,
  isOn: true,
  word: 'b' as const,
  bytes: new Uint8Array([1, 2]),
  text: 'grüß',
  hash: '0xbeef' as const,
  amount: 2n ** 100n,
  ids: [0, 127, 4_000_000_000],
  maybe: 0n,
  list: [{ value: 1 }, { value: 0 }],
  inner: { value: 9 },
};
const bytes = everything.encode(value);

test('every kind of field comes back as it went', () => {
  expect(everything.decode(bytes)).toEqual(value);
});

test('the bytes are those any proto3 library writes', () => {
  const codec = messageCodec({ id: uint32Field(1), name: textField(2, 20), values: packedUint32Field(3, 9) });
  // From the protobuf documentation: field 1 = 150, field 2 = "testing", packed field.
  expect(Buffer.from(codec.encode({ id: 150, name: 'testing', values: [3, 270, 86_942] })).toString('hex')).toBe(
    '089601120774657374696e671a06038e029ea705',
  );
  expect(codec.encode({ id: 0, name: '', values: [] })).toHaveLength(0);
});

test('fields that a newer version adds are skipped', () => {
  const newer = messageCodec({
    inner: messageField(1, messageCodec({ value: uint32Field(1) }), 9),
    extra: textField(900, 9),
  });
  const older = messageCodec({ inner: messageField(1, messageCodec({}), 9) });
  expect(older.decode(newer.encode({ inner: { value: 3 }, extra: 'new' }))).toEqual({ inner: {} });
  const fixed = Uint8Array.from([0x39, 1, 2, 3, 4, 5, 6, 7, 8, 0x3d, 1, 2, 3, 4, 0x0a, 0]);
  expect(older.decode(fixed)).toEqual({ inner: {} });
});

test('a frame of a kind that a newer version adds decodes to nothing', () => {
  const newer = unionCodec({ novelty: messageField(77, messageCodec({ value: uint32Field(1) }), 9) });
  expect(taskFrameCodec.decode(newer.encode({ type: 'novelty', body: { value: 3 } }))).toBeNull();
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('what breaks the protocol is refused by field and reason', () => {
  test.each([
    [
      'a text that is too long',
      everything,
      '3209616161616161616161',
      'TOO_LONG',
      'text: 9 bytes exceed the limit of 8',
    ],
    ['a text that is not UTF-8', everything, '3202c328', 'UTF8', 'text: the bytes are not UTF-8'],
    ['a hash of the wrong length', everything, '3a01be', 'OUT_OF_RANGE', 'hash: 1 bytes are not the 2 required'],
    ['too many numbers', everything, '4a0401020304', 'TOO_MANY', 'ids: more than 3 values'],
    ['too many entries', everything, '5a005a005a00', 'TOO_MANY', 'list: more than 2 entries'],
    ['a nested number out of range', everything, '6202080a', 'OUT_OF_RANGE', 'inner.value: 10 is not between 0 and 9'],
    ['a word that is not in the list', everything, '2003', 'OUT_OF_RANGE', 'word: 3 is not between 1 and 2'],
    ['a field that occurs twice', everything, '08010801', 'DUPLICATE', 'count: the field occurs twice'],
    ['a number above 32 bits', everything, '08ffffffff7f', 'VARINT', 'count: 34359738367 does not fit 32 bits'],
    [
      'a number of eleven bytes',
      everything,
      '10ffffffffffffffffffffff01',
      'VARINT',
      'big: a number has more than 10 bytes',
    ],
    ['a number above 64 bits', everything, '10ffffffffffffffffff7f', 'VARINT', 'big: a number does not fit 64 bits'],
    ['another wire type', everything, '0d01020304', 'WIRE_TYPE', 'count: wire type 5 in place of 0'],
    ['a group', everything, '7b', 'WIRE_TYPE', 'wire type 3 is not one of 0, 1, 2, 5'],
    ['a length past the end', everything, '2a04ff', 'TRUNCATED', 'bytes: 4 bytes are claimed, 1 are left'],
    ['a claimed gigabyte', everything, '2affffffff03', 'TOO_LONG', 'bytes: 1073741823 bytes exceed the limit of 4'],
    [
      'an amount with a leading zero',
      everything,
      '42020001',
      'OUT_OF_RANGE',
      'amount: an amount starts with a zero byte',
    ],
    ['nothing where something is required', everything, '', 'MISSING', 'word: one of a, b is required'],
    ['two messages in one frame', taskFrameCodec, '62006a00', 'DUPLICATE', 'pong: the frame holds two messages'],
  ])('%s', (_, codec, input, code, message) => {
    expect(() => codec.decode(hex(input))).toThrow(expect.objectContaining({ code, message }));
  });

  test('and cannot be sent either', () => {
    expect(() => everything.encode({ ...value, text: 'more than eight' })).toThrow(
      'text: 15 characters exceed the limit',
    );
    expect(() => everything.encode({ ...value, ids: [1, 2, 3, 4] })).toThrow('ids: 4 values exceed the limit of 3');
    expect(() => everything.encode({ ...value, amount: 2n ** 128n })).toThrow('amount: ');
    expect(() => everything.encode({ ...value, text: '\ud800' })).toThrow('half a surrogate pair');
  });
});

const chat: ChatTask = {
  kind: 'chat',
  modelSha256: 'ab'.repeat(32),
  messages: [{ role: 'user', content: 'Hello' }],
  prefixTokens: [1, 2, 300],
  maxTokens: 64,
  temperatureMillionths: 800_000,
  seed: 7,
};
const render: RenderTask = {
  kind: 'render',
  sceneSha256: 'cd'.repeat(32),
  widthPixels: 100,
  heightPixels: 50,
  samplesPerPixel: 16,
  firstSample: 0,
  seed: 1,
  maxBounces: 8,
  tiles: [{ x0: 0, y0: 0, x1: 64, y1: 50 }],
};

test('a task has one encoding and one hash', () => {
  expect(taskCodec.decode(taskCodec.encode(chat))).toEqual(chat);
  expect(taskCodec.decode(taskCodec.encode(render))).toEqual(render);
  // Computed by another program from docs/protocol.md. Fixed for ever: a change here is a new protocol version.
  expect(hashTask(chat)).toBe(`0x${chatHash}`);
  expect(hashTask(render)).toBe(`0x${renderHash}`);
  const reordered = Object.fromEntries(Object.entries(chat).toReversed()) as unknown as Task;
  expect(hashTask(reordered)).toBe(hashTask(chat));
});
const chatHash = '724abc8172e228b1ef9f527d72826b4692953b86c12d7d6e3d67c1c74c0170e3';
const renderHash = '38c04d01a67ddff24016ff077b6361f67982aff80edf60004f374cfb4759799b';

const tool = { name: 'get_weather', description: 'Weather of a place', parametersJson: '{"type":"object"}' };
const call = { id: 'c1', name: 'get_weather', argumentsJson: '{"place":"Oslo"}' };
const withTools: ChatTask = {
  ...chat,
  messages: [
    { role: 'user', content: 'Weather?' },
    { role: 'assistant', content: '', toolCalls: [call] },
    { role: 'tool', content: 'sunny', toolCallId: 'c1' },
  ],
  tools: [tool],
  clockSeconds: 1_800_000_000,
};

test('a task carries tools, their calls, their results and a clock, each of which changes its hash', () => {
  expect(taskCodec.decode(taskCodec.encode(withTools))).toEqual(withTools);
  const [question, asking, told] = withTools.messages;
  const others: Task[] = [
    { ...withTools, clockSeconds: 1_800_000_001 },
    { ...withTools, tools: [{ ...tool, parametersJson: '{"type": "object"}' }] },
    { ...withTools, messages: [question!, { ...asking!, toolCalls: [] }, told!] },
    { ...withTools, messages: [question!, asking!, { role: 'tool', content: 'sunny', toolCallId: 'c2' }] },
  ];
  expect(new Set([withTools, ...others].map(hashTask)).size).toBe(5);
  // No tools and no clock are no bytes: the hash of a task without them stays what it was.
  expect(hashTask({ ...chat, tools: [], clockSeconds: 0 })).toBe(hashTask(chat));
});

test.each<[string, Task, string]>([
  [
    '65 tools',
    { ...withTools, tools: Array.from({ length: 65 }, () => tool) },
    'chat.tools: 65 entries exceed the limit of 64',
  ],
  [
    'a tool whose name is a sentence',
    { ...withTools, tools: [{ ...tool, name: 'get weather' }] },
    "chat.tools.0.name: the name is not 1 to 64 letters, digits, '_', '.' or '-'",
  ],
  [
    'parameters that are no object',
    { ...withTools, tools: [{ ...tool, parametersJson: '[1]' }] },
    'chat.tools.0: the text is not the JSON of an object',
  ],
  [
    'parameters that are too long',
    { ...withTools, tools: [{ ...tool, parametersJson: `{"a":"${'x'.repeat(32 * 1024)}"}` }] },
    'chat.tools.parametersJson: 32776 characters exceed the limit of 32768 bytes',
  ],
  [
    'arguments that are not JSON',
    { ...chat, messages: [{ role: 'assistant', content: '', toolCalls: [{ ...call, argumentsJson: '{place: 1}' }] }] },
    'chat.messages.0.toolCalls.0: the text is not the JSON of an object',
  ],
  [
    'a call by the user',
    { ...chat, messages: [{ role: 'user', content: '', toolCalls: [call] }] },
    'chat.messages.0: a message of the role user calls tools; only assistant does',
  ],
  [
    'a result from the system',
    { ...chat, messages: [{ role: 'system', content: '', toolCallId: 'c1' }] },
    'chat.messages.0: a message of the role system answers a call; only tool does',
  ],
])('a task with %s is refused before it is priced', (_, task, message) => {
  expect(() => taskCodec.encode(task)).toThrow(expect.objectContaining({ message }));
});

test.each<[string, Task, string]>([
  ['no message', { ...chat, messages: [] }, 'chat.messages: at least one message is required'],
  ['no token', { ...chat, maxTokens: 0 }, 'chat.maxTokens: 0 is not between 1 and 131072'],
  ['a fraction of a token', { ...chat, maxTokens: 1.5 }, 'chat.maxTokens: 1.5 is not between 1 and 131072'],
  ['a negative seed', { ...chat, seed: -1 }, 'chat.seed: -1 is not between 0 and 4294967295'],
  [
    '257 messages',
    { ...chat, messages: Array.from({ length: 257 }, () => ({ role: 'user' as const, content: '' })) },
    'chat.messages: 257 entries exceed the limit of 256',
  ],
  ['no tile', { ...render, tiles: [] }, 'render.tiles: at least one tile is required'],
  [
    'an empty tile',
    { ...render, tiles: [{ x0: 4, y0: 0, x1: 4, y1: 9 }] },
    'render.tiles.0: tile 4,0..4,9 is empty, outside 100 x 50 or wider than 512',
  ],
  [
    'a tile outside the picture',
    { ...render, tiles: [{ x0: 0, y0: 0, x1: 101, y1: 9 }] },
    'render.tiles.0: tile 0,0..101,9 is empty, outside 100 x 50 or wider than 512',
  ],
  ['no sample left', { ...render, firstSample: 16 }, 'render.firstSample: 16 is not below samplesPerPixel 16'],
])('a task with %s is refused', (_, task, message) => {
  expect(() => taskCodec.encode(task)).toThrow(expect.objectContaining({ message }));
});

test('a prompt that is as long as a task may be fits one frame', () => {
  const content = 'x'.repeat(64 * 1024);
  const long = { ...chat, messages: Array.from({ length: 7 }, () => ({ role: 'user' as const, content })) };
  expect(taskCodec.encode(long).length).toBeLessThan(480 * 1024);
  const longer = { ...long, messages: [...long.messages, ...long.messages] };
  expect(() => taskCodec.encode(longer)).toThrow(WireError);
});

test('payloads of both kinds come back as they went', () => {
  const text = { tokens: [1, 2, 3], text: 'abc', finished: 'more' as const };
  expect(chatPayloadCodec.decode(chatPayloadCodec.encode(text))).toEqual(text);
  const pass = { tileIndex: 2, firstSample: 4, sampleCount: 2, sums: Float32Array.from([1.5, 0, 3e30, -0]) };
  expect(renderPayloadCodec.decode(renderPayloadCodec.encode(pass))).toEqual(pass);
});

test('20,000 damaged frames are refused with a WireError or read, never anything else', () => {
  const random = createRandom(20_261);
  const codecs = [taskFrameCodec, helloFrameCodec, quoteFrameCodec, receiptFrameCodec, taskCodec];
  const originals = [
    ...sampleFrames.map((frame) => taskFrameCodec.encode(frame as TaskFrame)),
    taskCodec.encode(chat),
    taskCodec.encode(withTools),
    bytes,
  ];
  let refused = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const original = originals[random.integer(originals.length)]!;
    const damaged = Uint8Array.from(original.subarray(0, random.integer(original.length + 1)));
    for (let hits = random.integer(4); hits >= 0 && damaged.length > 0; hits -= 1) {
      damaged[random.integer(damaged.length)] = random.integer(256);
    }
    try {
      codecs[round % codecs.length]!.decode(damaged);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(10_000);
});

test('every kind of task frame comes back as it went', () => {
  for (const frame of sampleFrames) expect(taskFrameCodec.decode(taskFrameCodec.encode(frame))).toEqual(frame);
});
