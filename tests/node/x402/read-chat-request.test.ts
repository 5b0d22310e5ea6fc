import { expect, test } from 'vitest';
import { readChatRequest } from '../../../main/node/x402/read-chat-request.ts';

const good = { messages: [{ role: 'user', content: 'Hello' }] };

test('what is left out has a usual value', () => {
  expect(readChatRequest(JSON.stringify(good))).toEqual({
    ok: true,
    chat: {
      kind: 'chat',
      model: null,
      messages: [{ role: 'user', content: 'Hello' }],
      prefixTokens: [],
      maxTokens: 256,
      temperatureMillionths: 1_000_000,
      seed: 0,
    },
  });
});

test('what a client of OpenAI sends is understood', () => {
  const request = {
    ...good,
    model: 'tiny',
    max_completion_tokens: 9,
    max_tokens: 5_000,
    temperature: 0.25,
    seed: 4_294_967_295,
    n: 1,
    stream: false,
    user: 'somebody',
  };
  expect(readChatRequest(JSON.stringify(request))).toMatchObject({
    chat: { model: 'tiny', maxTokens: 9, temperatureMillionths: 250_000, seed: 4_294_967_295 },
  });
});

test.each<[what: string, body: unknown, code: string, message: RegExp]>([
  ['nothing', '', 'BAD_REQUEST', /not JSON/],
  ['half of it', '{"messages":', 'BAD_REQUEST', /not JSON/],
  ['a list', [], 'BAD_REQUEST', /a JSON object/],
  ['null', null, 'BAD_REQUEST', /a JSON object/],
  ['no messages', {}, 'BAD_REQUEST', /messages must be a list/],
  ['an empty list of messages', { messages: [] }, 'BAD_REQUEST', /at least one message/],
  ['a message of null', { messages: [null] }, 'BAD_REQUEST', /messages must be a list/],
  ['another role', { messages: [{ role: 'tool', content: '' }] }, 'BAD_REQUEST', /messages must be a list/],
  ['content in parts', { messages: [{ role: 'user', content: [] }] }, 'BAD_REQUEST', /messages must be a list/],
  ['half a character', `{"messages":[{"role":"user","content":"\\ud800"}]}`, 'BAD_REQUEST', /messages must be a list/],
  ['too many messages', { messages: Array(300).fill(good.messages[0]) }, 'BAD_REQUEST', /256/],
  ['too long a message', { messages: [{ role: 'user', content: 'x'.repeat(70_000) }] }, 'BAD_REQUEST', /65536/],
  ['a model that is no text', { ...good, model: 7 }, 'BAD_REQUEST', /model/],
  ['a model of a thousand letters', { ...good, model: 'x'.repeat(1_000) }, 'BAD_REQUEST', /model/],
  ['no tokens', { ...good, max_tokens: 0 }, 'BAD_REQUEST', /from 1 to 1024, it is 0/],
  ['too many tokens', { ...good, max_tokens: 1_025 }, 'BAD_REQUEST', /it is 1025/],
  ['half a token', { ...good, max_tokens: 1.5 }, 'BAD_REQUEST', /it is 1.5/],
  ['tokens in words', { ...good, max_tokens: 'many' }, 'BAD_REQUEST', /it is "many"/],
  ['a temperature below zero', { ...good, temperature: -0.1 }, 'BAD_REQUEST', /from 0 to 2/],
  ['no temperature', { ...good, temperature: null }, 'BAD_REQUEST', /it is null/],
  ['a seed below zero', { ...good, seed: -1 }, 'BAD_REQUEST', /seed must be/],
  ['a stream', { ...good, stream: true }, 'NOT_OFFERED', /stream is not offered/],
  ['two answers', { ...good, n: 2 }, 'NOT_OFFERED', /n must be 1/],
  ['tools', { ...good, tools: [] }, 'NOT_OFFERED', /"tools" is not offered/],
])('%s is refused by name', (_what, body, code, message) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  expect(readChatRequest(text)).toEqual({ ok: false, code, message: expect.stringMatching(message) });
});
