/** Reads an OpenAI-style chat completion that anybody may have written. What would change the answer and is not offered is refused. */
import { refuse, type Refusal } from '../../../protocol/errors.ts';
import type { ChatMessage, ChatTask } from '../../../protocol/tasks.ts';
import { taskCodec } from '../../../protocol/wire/task-codec.ts';
import { WireError } from '../../../protocol/wire/wire-error.ts';
import { x402Limits } from './limits.ts';

export type ChatRequestRefusal = 'BAD_REQUEST' | 'NOT_OFFERED';

/** A chat whose model is still a name; null: whichever the node has. */
export type NamedChat = Omit<ChatTask, 'modelSha256'> & { readonly model: string | null };

const roles: readonly string[] = ['system', 'user', 'assistant'] satisfies readonly ChatMessage['role'][];
/** Taken as they must be, and passed over. */
const withoutEffect = ['user', 'metadata', 'store'];

export function readChatRequest(
  body: string,
): { readonly ok: true; readonly chat: NamedChat } | Refusal<ChatRequestRefusal> {
  let fields: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return bad('the body must be a JSON object');
    fields = { ...value };
  } catch {
    return bad('the body is not JSON');
  }
  const {
    model,
    messages,
    max_tokens,
    max_completion_tokens,
    temperature = 1,
    seed = 0,
    stream,
    n,
    ...others
  } = fields;
  if (stream === true)
    return refuse('NOT_OFFERED', 'stream is not offered: the price of an answer is known at its end');
  if (n !== undefined && n !== 1) return refuse('NOT_OFFERED', `n must be 1, it is ${shown(n)}`);
  const unknown = Object.keys(others).find((name) => !withoutEffect.includes(name));
  if (unknown !== undefined) {
    return refuse(
      'NOT_OFFERED',
      `"${unknown.slice(0, 64)}" is not offered; known are model, messages, max_tokens, temperature, seed`,
    );
  }
  if (model !== undefined && (typeof model !== 'string' || model.length > 256))
    return bad('model must be a name or a sha256');
  const maxTokens = max_completion_tokens ?? max_tokens ?? x402Limits.usualAnswerTokens;
  if (!isWhole(maxTokens, 1, x402Limits.answerTokens)) {
    return bad(`max_tokens must be a whole number from 1 to ${x402Limits.answerTokens}, it is ${shown(maxTokens)}`);
  }
  if (typeof temperature !== 'number' || !(temperature >= 0 && temperature <= 2)) {
    return bad(`temperature must be a number from 0 to 2, it is ${shown(temperature)}`);
  }
  if (!isWhole(seed, 0, 0xffff_ffff))
    return bad(`seed must be a whole number from 0 to 4294967295, it is ${shown(seed)}`);
  const read = readMessages(messages);
  if (read === null)
    return bad('messages must be a list of {"role": "system" | "user" | "assistant", "content": text}');
  const chat = {
    kind: 'chat',
    messages: read,
    prefixTokens: [],
    maxTokens,
    temperatureMillionths: Math.round(temperature * 1e6),
    seed,
  } as const;
  try {
    // The limits of a task between peers hold here too.
    taskCodec.encode({ ...chat, modelSha256: '0'.repeat(64) });
  } catch (error) {
    if (error instanceof WireError) return bad(error.message);
    throw error;
  }
  return { ok: true, chat: { ...chat, model: model ?? null } };
}

function readMessages(messages: unknown): readonly ChatMessage[] | null {
  if (!Array.isArray(messages)) return null;
  const read: ChatMessage[] = [];
  for (const message of messages) {
    if (typeof message !== 'object' || message === null) return null;
    const { role, content }: { role?: unknown; content?: unknown } = message;
    if (!isRole(role) || typeof content !== 'string' || !content.isWellFormed()) return null;
    read.push({ role, content });
  }
  return read;
}

function isRole(role: unknown): role is ChatMessage['role'] {
  return typeof role === 'string' && roles.includes(role);
}

function isWhole(value: unknown, lowest: number, highest: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= lowest && value <= highest;
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 40) ?? 'left out';
}

function bad(message: string): Refusal<ChatRequestRefusal> {
  return refuse('BAD_REQUEST', message);
}
