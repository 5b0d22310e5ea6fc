import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessagesFile, readToolsFile } from '../../main/headless/chat-files.ts';

let directory: string;
let path: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-chat-'));
  path = join(directory, 'chat.json');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function write(value: unknown): Promise<string> {
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

const call = { id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"place":"Oslo"}' } };

describe('a conversation in a file', () => {
  it('is that of the OpenAI API', async () => {
    const file = await write([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Wea' },
          { type: 'text', text: 'ther?' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'assistant', content: 'x', tool_calls: [{ ...call, function: { name: 'f', arguments: { a: 1 } } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
    ]);
    expect(await readMessagesFile('--messages', file)).toEqual([
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: 'c1', name: 'get_weather', argumentsJson: '{"place":"Oslo"}' }],
      },
      { role: 'assistant', content: 'x', toolCalls: [{ id: 'c1', name: 'f', argumentsJson: '{"a":1}' }] },
      { role: 'tool', content: 'sunny', toolCallId: 'c1' },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['something that is not JSON', 'hello', 'it is not JSON: '],
    ['one message', { role: 'user', content: 'x' }, 'the file must be an array'],
    ['a message without a role', [{ content: 'x' }], '[0].role must be a text'],
    ['a picture', [{ role: 'user', content: [{ type: 'image_url' }] }], '[0].content[0].text must be a text'],
    [
      'a call without a function',
      [{ role: 'assistant', tool_calls: [{ id: 'c' }] }],
      '[0].tool_calls[0].function must be an object',
    ],
    [
      'arguments that are a number',
      [{ role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: 1 } }] }],
      '[0].tool_calls[0].function.arguments must be an object',
    ],
  ])('is refused with the place: %s', async (_, value, why) => {
    const file = await write(value);
    await expect(readMessagesFile('--messages', file)).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringContaining(`--messages: ${file}: ${why}`),
    });
  });

  it('is refused beyond 4 MiB', async () => {
    const file = await write('x'.repeat(4 * 1024 * 1024 + 1));
    await expect(readMessagesFile('--messages', file)).rejects.toThrow('has 4194305 bytes, the limit is 4194304');
  });
});

describe('tools in a file', () => {
  it('are those of the OpenAI API, with what may be left out', async () => {
    const parameters = { type: 'object', properties: { place: { type: 'string' } } };
    const file = await write([
      { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters } },
      { type: 'function', function: { name: 'now' } },
    ]);
    expect(await readToolsFile('--tools', file)).toEqual([
      { name: 'get_weather', description: 'Weather', parametersJson: JSON.stringify(parameters) },
      { name: 'now', description: '', parametersJson: '{}' },
    ]);
  });

  it('are refused when they are nested without end', async () => {
    const deep = `[{"function":{"name":"f","parameters":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}}]`;
    await expect(readToolsFile('--tools', await write(deep))).rejects.toThrow(
      '[0].function.parameters must be nested less deeply',
    );
  });

  it('are refused with the place', async () => {
    await expect(readToolsFile('--tools', await write([{ name: 'now' }]))).rejects.toThrow(
      '[0].function must be an object',
    );
  });
});
