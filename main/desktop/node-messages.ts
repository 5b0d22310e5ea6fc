/**
 * What crosses a port between a window (or the tray) and the node core. Everything that arrives is checked at run time:
 * a dashboard that was taken over can ask only what `NodeRequests` names, with parameters of the right form.
 */
import type { ErrorShape, Refusal } from '../../protocol/errors.ts';
import { refuse } from '../../protocol/errors.ts';
import type { NodeRequestName, NodeRequests, NodeSnapshot } from '../../protocol/node-api.ts';
import type { DesktopErrorCode } from './desktop-error.ts';

export interface NodeRequestMessage<Name extends NodeRequestName = NodeRequestName> {
  readonly id: number;
  readonly name: Name;
  readonly parameters: NodeRequests[Name][0];
}

export type NodeReplyMessage =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: ErrorShape };

export type NodeOutboundMessage = NodeReplyMessage | { readonly event: 'snapshot'; readonly snapshot: NodeSnapshot };

/** Longest pause the owner may ask for at once: a week. */
export const MAX_PAUSE_MINUTES = 7 * 24 * 60;

type ParameterCheck = (parameters: Readonly<Record<string, unknown>>) => string | null;

const takesNothing: ParameterCheck = (parameters) => {
  const unexpected = Object.keys(parameters)[0];
  return unexpected === undefined ? null : `takes no parameters, got "${unexpected}"`;
};

/** Every request of NodeApi with the check of its parameters; the type makes a forgotten one a compile error. */
const parameterChecks: Record<NodeRequestName, ParameterCheck> = {
  getSnapshot: takesNothing,
  pause(parameters) {
    const unexpected = Object.keys(parameters).find((key) => key !== 'minutes');
    if (unexpected !== undefined) return `takes only "minutes", got "${unexpected}"`;
    const { minutes } = parameters;
    if (minutes === undefined) return null;
    const valid = typeof minutes === 'number' && minutes > 0 && minutes <= MAX_PAUSE_MINUTES;
    return valid ? null : `minutes must be above 0 and at most ${MAX_PAUSE_MINUTES}, got ${describe(minutes)}`;
  },
  resume: takesNothing,
  finish: takesNothing,
  claim: takesNothing,
  stop: takesNothing,
};

export const NODE_REQUEST_NAMES = Object.keys(parameterChecks) as readonly NodeRequestName[];

function describe(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 64) : typeof value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRequestName(name: unknown): name is NodeRequestName {
  return typeof name === 'string' && Object.hasOwn(parameterChecks, name);
}

export type ParsedRequest =
  | { readonly ok: true; readonly request: NodeRequestMessage }
  | (Refusal<DesktopErrorCode> & { readonly id: number | null });

/** Reads a request off a port. A refusal has `id` null when the message did not even name one: nobody can be answered. */
export function parseNodeRequest(message: unknown): ParsedRequest {
  if (!isRecord(message) || !Number.isSafeInteger(message['id'])) {
    return {
      ...refuse('BAD_MESSAGE', `a request is an object with an integer id, got ${describe(message)}`),
      id: null,
    };
  }
  const id = message['id'] as number;
  const name = message['name'];
  if (!isRequestName(name)) {
    return {
      ...refuse('UNKNOWN_REQUEST', `no request "${describe(name)}"; known are ${NODE_REQUEST_NAMES.join(', ')}`),
      id,
    };
  }
  const parameters = message['parameters'] ?? {};
  const fault = isRecord(parameters) ? parameterChecks[name](parameters) : 'parameters must be an object';
  if (fault !== null) return { ...refuse('BAD_PARAMETERS', `${name}: ${fault}`), id };
  return { ok: true, request: { id, name, parameters: parameters as NodeRequests[typeof name][0] } };
}

/** Reads what the core sent; null for anything that is not one of ours. */
export function parseNodeOutbound(message: unknown): NodeOutboundMessage | null {
  if (!isRecord(message)) return null;
  if (message['event'] === 'snapshot' && isRecord(message['snapshot']))
    return message as unknown as NodeOutboundMessage;
  if (!Number.isSafeInteger(message['id'])) return null;
  if (message['ok'] === true) return message as unknown as NodeOutboundMessage;
  const error = message['error'];
  const wellFormed = message['ok'] === false && isRecord(error) && typeof error['message'] === 'string';
  return wellFormed ? (message as unknown as NodeOutboundMessage) : null;
}
