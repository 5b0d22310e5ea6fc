import { taskLimits, type ToolCall, type ToolDefinition } from '../../protocol/tasks.ts';
import type { ConversationMessage } from '../messages.ts';
import { badRequest, readIdentifier, readObject, readText } from './parameters.ts';

const messageCount = 4096;

type Json = string | number | boolean | null | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function readMessages(value: unknown, field: string): ConversationMessage[] {
  return readList(value, field, { minimum: 1, maximum: messageCount, noun: 'messages' }, (item, name) => {
    const { role, content, toolCalls, toolCallId } = readObject(item, name);
    return {
      role: readIdentifier(role, `${name}.role`),
      content: readText(content, `${name}.content`),
      ...(toolCalls === undefined ? {} : { toolCalls: readToolCalls(toolCalls, `${name}.toolCalls`) }),
      ...(toolCallId === undefined ? {} : { toolCallId: readToolCallId(toolCallId, `${name}.toolCallId`) }),
    };
  });
}

export function readTools(value: unknown, field: string): ToolDefinition[] {
  return readList(value, field, { minimum: 1, maximum: taskLimits.tools, noun: 'tools' }, (item, name) => {
    const { name: toolName, description, parametersJson } = readObject(item, name);
    return {
      name: readToolName(toolName, `${name}.name`),
      description: readText(description, `${name}.description`, taskLimits.toolDescriptionBytes),
      parametersJson: readJsonText(parametersJson, `${name}.parametersJson`, taskLimits.toolParametersBytes),
    };
  });
}

function readToolCalls(value: unknown, field: string): ToolCall[] {
  return readList(value, field, { minimum: 0, maximum: taskLimits.toolCalls, noun: 'calls' }, (item, name) => {
    const { id, name: toolName, argumentsJson } = readObject(item, name);
    return {
      id: readToolCallId(id, `${name}.id`),
      name: readToolName(toolName, `${name}.name`),
      argumentsJson: readJsonText(argumentsJson, `${name}.argumentsJson`, taskLimits.toolArgumentsBytes),
    };
  });
}

function readList<T>(
  value: unknown,
  field: string,
  limit: { readonly minimum: number; readonly maximum: number; readonly noun: string },
  read: (item: unknown, name: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length < limit.minimum || value.length > limit.maximum) {
    throw badRequest(field, value, `an array of ${limit.minimum} to ${limit.maximum} ${limit.noun}`);
  }
  return value.map((item, index) => read(item, `${field}[${index}]`));
}

function readToolName(value: unknown, field: string): string {
  if (typeof value === 'string' && taskLimits.toolName.test(value)) return value;
  throw badRequest(field, value, "1 to 64 letters, digits, '_', '.' or '-'");
}

function readToolCallId(value: unknown, field: string): string {
  return readText(value, field, taskLimits.toolCallIdBytes);
}

function readJsonText(value: unknown, field: string, maximum: number): string {
  const text = readText(value, field, maximum);
  parseObject(text, field);
  return text;
}

/** How deep it may be nested, and that it holds no number beyond float64, is checked where a prompt is made of it. */
function parseObject(text: string, field: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw badRequest(field, text, 'the JSON text of an object');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw badRequest(field, text, 'the JSON text of an object');
  }
  return parsed as JsonObject;
}

/** Messages in the form that models' templates were written for: the tools' names with their results, arguments as objects. */
export function templateMessages(messages: readonly ConversationMessage[]) {
  const names = new Map(messages.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id, name }) => [id, name] as const)));
  return messages.map(({ role, content, toolCalls, toolCallId }, index) => {
    const name = toolCallId === undefined ? undefined : names.get(toolCallId);
    return {
      role,
      content,
      ...(toolCalls === undefined || toolCalls.length === 0
        ? {}
        : {
            tool_calls: toolCalls.map((call) => ({
              id: call.id,
              type: 'function',
              function: {
                name: call.name,
                arguments: parseObject(call.argumentsJson, `messages[${index}].toolCalls`),
              },
            })),
          }),
      ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
      ...(name === undefined ? {} : { name }),
    };
  });
}

/** Tools as JSON schemas, in the form that models' templates were written for. */
export function templateTools(tools: readonly ToolDefinition[]) {
  return tools.map(({ name, description, parametersJson }, index) => ({
    type: 'function',
    function: { name, description, parameters: parseObject(parametersJson, `tools[${index}].parametersJson`) },
  }));
}
