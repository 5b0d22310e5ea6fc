import type { ToolCall, ToolDefinition } from '../../protocol/tasks.ts';
import type { ConversationMessage } from '../../worker/messages.ts';
import { CommandError } from './cli-errors.ts';
import { readTextFile } from './files.ts';

const fileLimitBytes = 4 * 1024 * 1024;

/**
 * A conversation in a JSON file, in the form of the OpenAI API: an array of `{ role, content, tool_calls?, tool_call_id? }`, contents as text or
 * text parts. Lengths and counts are checked by the worker.
 *
 * @throws CommandError FILE_UNREADABLE, FILE_INVALID naming the place in the file
 */
export async function readMessagesFile(option: string, path: string): Promise<ConversationMessage[]> {
  const file = await readJsonFile(option, path);
  return file.list('', file.value).map((item, index) => {
    const place = `[${index}]`;
    const message = file.object(place, item);
    const { tool_calls: calls, tool_call_id: callId } = message;
    return {
      role: file.text(`${place}.role`, message['role']),
      content: readContent(file, `${place}.content`, message['content']),
      ...(calls === undefined || calls === null ? {} : { toolCalls: readCalls(file, `${place}.tool_calls`, calls) }),
      ...(callId === undefined ? {} : { toolCallId: file.text(`${place}.tool_call_id`, callId) }),
    };
  });
}

/** Tools in a JSON file, in the form of the OpenAI API: an array of `{ type: 'function', function: { name, description?, parameters? } }`. */
export async function readToolsFile(option: string, path: string): Promise<ToolDefinition[]> {
  const file = await readJsonFile(option, path);
  return file.list('', file.value).map((item, index) => {
    const place = `[${index}].function`;
    const { name, description = '', parameters = {} } = file.object(place, file.object(`[${index}]`, item)['function']);
    return {
      name: file.text(`${place}.name`, name),
      description: file.text(`${place}.description`, description),
      parametersJson: file.json(`${place}.parameters`, parameters),
    };
  });
}

type Fields = Readonly<Record<string, unknown>>;

/** What a file holds, and readers that say where in it something else was expected. */
interface JsonFile {
  readonly value: unknown;
  list(place: string, value: unknown): readonly unknown[];
  object(place: string, value: unknown): Fields;
  text(place: string, value: unknown): string;
  /** The text of an object. */
  json(place: string, value: unknown): string;
}

async function readJsonFile(option: string, path: string): Promise<JsonFile> {
  const text = await readTextFile(option, path, fileLimitBytes);
  const invalid = (why: string) => new CommandError('FILE_INVALID', `${option}: ${path}: ${why}`, { data: { path } });
  const wrong = (place: string, expected: string) =>
    invalid(`${place === '' ? 'the file' : place} must be ${expected}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const object = (place: string, item: unknown): Fields => {
    if (typeof item === 'object' && item !== null && !Array.isArray(item)) return item as Fields;
    throw wrong(place, 'an object');
  };
  return {
    value,
    object,
    list(place, item) {
      if (Array.isArray(item)) return item;
      throw wrong(place, 'an array');
    },
    text(place, item) {
      if (typeof item === 'string') return item;
      throw wrong(place, 'a text');
    },
    json(place, item) {
      const fields = object(place, item);
      try {
        return JSON.stringify(fields);
      } catch {
        // The reader takes any depth, the writer calls itself.
        throw wrong(place, 'nested less deeply');
      }
    },
  };
}

/** Null beside calls of tools, or parts of text. */
function readContent(file: JsonFile, place: string, content: unknown): string {
  if (content === null || content === undefined) return '';
  if (!Array.isArray(content)) return file.text(place, content);
  return content.map((part, index) => file.text(`${place}[${index}].text`, file.object(place, part)['text'])).join('');
}

function readCalls(file: JsonFile, place: string, calls: unknown): ToolCall[] {
  return file.list(place, calls).map((item, index) => {
    const here = `${place}[${index}]`;
    const call = file.object(here, item);
    const { name, arguments: given } = file.object(`${here}.function`, call['function']);
    return {
      id: file.text(`${here}.id`, call['id']),
      name: file.text(`${here}.function.name`, name),
      // The API has them as JSON text; people write objects.
      argumentsJson: typeof given === 'string' ? given : file.json(`${here}.function.arguments`, given),
    };
  });
}
