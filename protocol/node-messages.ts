/**
 * The messages that carry a NodeApi over WebSocket, HTTP or a port: one request, exactly one reply with its id, and
 * snapshots unasked. Everything that arrives is checked at run time, whoever sent it.
 */
import { refuse, type ErrorShape, type Refusal } from './errors.ts';
import type { NodeRequestName, NodeRequests, NodeSnapshot } from './node-api.ts';

export interface NodeRequestMessage<Name extends NodeRequestName = NodeRequestName> {
  readonly id: number;
  readonly name: Name;
  readonly parameters: NodeRequests[Name][0];
}

export type NodeReplyMessage =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorShape };

export type NodeOutboundMessage = NodeReplyMessage | { readonly event: 'snapshot'; readonly snapshot: NodeSnapshot };

export type NodeMessageRefusalCode = 'BAD_MESSAGE' | 'UNKNOWN_REQUEST' | 'BAD_PARAMETERS';

/** Longest pause the owner may ask for at once: a week. */
export const maxPauseMinutes = 7 * 24 * 60;

/** Returns what is wrong with the parameters, or null. */
type ParameterCheck = (parameters: Readonly<Record<string, unknown>>) => string | null;

const takesNothing: ParameterCheck = (parameters) => {
  const unexpected = Object.keys(parameters)[0];
  return unexpected === undefined ? null : `takes no parameters, got "${quote(unexpected)}"`;
};

/** The type makes a forgotten request a compile error. */
const parameterChecks: Record<NodeRequestName, ParameterCheck> = {
  getSnapshot: takesNothing,
  pause(parameters) {
    const unexpected = Object.keys(parameters).find((key) => key !== 'minutes');
    if (unexpected !== undefined) return `takes only "minutes", got "${quote(unexpected)}"`;
    const { minutes } = parameters;
    if (minutes === undefined) return null;
    const isValid = typeof minutes === 'number' && minutes >= 1 && minutes <= maxPauseMinutes;
    return isValid ? null : `minutes must be from 1 to ${maxPauseMinutes}, got ${quote(minutes)}`;
  },
  listEarnings(parameters) {
    const unexpected = Object.keys(parameters).find((key) => key !== 'after' && key !== 'limit');
    if (unexpected !== undefined) return `takes only "after" and "limit", got "${quote(unexpected)}"`;
    const { after = 0, limit = 1 } = parameters;
    if (!Number.isSafeInteger(after) || Number(after) < 0) return `after must be a whole number, got ${quote(after)}`;
    const isLimit = Number.isSafeInteger(limit) && Number(limit) >= 1 && Number(limit) <= 500;
    return isLimit ? null : `limit must be from 1 to 500, got ${quote(limit)}`;
  },
  listChannels: takesNothing,
  resume: takesNothing,
  finish: takesNothing,
  claim: takesNothing,
  refund(parameters) {
    const unexpected = Object.keys(parameters).find((key) => key !== 'channelId');
    if (unexpected !== undefined) return `takes only "channelId", got "${quote(unexpected)}"`;
    const { channelId } = parameters;
    const isValid = channelId === undefined || (typeof channelId === 'string' && /^0x[0-9a-f]{64}$/i.test(channelId));
    return isValid ? null : `channelId must be 0x and 64 hex digits, got ${quote(channelId)}`;
  },
  stop: takesNothing,
};

export const nodeRequestNames = Object.keys(parameterChecks) as readonly NodeRequestName[];

export type ParsedNodeRequest =
  | { readonly ok: true; readonly request: NodeRequestMessage }
  | (Refusal<NodeMessageRefusalCode> & { readonly id: number | null });

/** A refusal has `id` null when the message did not even carry one: then nobody can be answered. */
export function parseNodeRequest(message: unknown): ParsedNodeRequest {
  if (!isRecord(message) || !Number.isSafeInteger(message['id'])) {
    return { ...refuse('BAD_MESSAGE', 'a request is a JSON object with an integer "id"'), id: null };
  }
  const id = Number(message['id']);
  const { name, parameters = {} } = message;
  if (!isRequestName(name)) {
    const known = nodeRequestNames.join(', ');
    return { ...refuse('UNKNOWN_REQUEST', `there is no request "${quote(name)}"; known are ${known}`), id };
  }
  const fault = isRecord(parameters) ? parameterChecks[name](parameters) : 'parameters must be an object';
  if (fault !== null) return { ...refuse('BAD_PARAMETERS', `${name}: ${fault}`), id };
  return { ok: true, request: { id, name, parameters: parameters as NodeRequests[typeof name][0] } };
}

/** Reads what a node sent; null for anything that is not one of ours. */
export function parseNodeOutbound(message: unknown): NodeOutboundMessage | null {
  if (!isRecord(message)) return null;
  if (message['event'] === 'snapshot') {
    return isRecord(message['snapshot']) ? (message as unknown as NodeOutboundMessage) : null;
  }
  if (!Number.isSafeInteger(message['id'])) return null;
  if (message['ok'] === true) return message as unknown as NodeOutboundMessage;
  const error = message['error'];
  const isError = isRecord(error) && typeof error['message'] === 'string' && typeof error['code'] === 'string';
  return message['ok'] === false && isError ? (message as unknown as NodeOutboundMessage) : null;
}

function isRequestName(name: unknown): name is NodeRequestName {
  return typeof name === 'string' && Object.hasOwn(parameterChecks, name);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quote(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 64) : typeof value;
}
