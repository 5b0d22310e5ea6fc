/**
 * The asking end: a NodeApi over whichever port is attached at the moment. The core may be restarted under it: what was
 * asked of the old one fails with CORE_GONE, what is asked before the new one is there waits for it.
 */
import { HearthError } from '../../protocol/errors.ts';
import type { NodeApi, NodeRequestName, NodeRequests, NodeSnapshot } from '../../protocol/node-api.ts';
import { DesktopError } from './desktop-error.ts';
import { parseNodeOutbound } from '../../protocol/node-messages.ts';
import type { NodeRequestMessage } from '../../protocol/node-messages.ts';
import type { DesktopPort } from './ports.ts';

/** Requests that wait for a core; a user interface that asks more has lost its way. */
const MAX_WAITING_REQUESTS = 100;

interface PendingRequest {
  readonly message: NodeRequestMessage;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface PortNodeApi extends NodeApi {
  attach(port: DesktopPort): void;
}

export function createPortNodeApi(): PortNodeApi {
  const listeners = new Set<(snapshot: NodeSnapshot) => void>();
  const sent = new Map<number, PendingRequest>();
  const waiting: PendingRequest[] = [];
  let port: DesktopPort | null = null;
  let nextId = 1;

  function receive(value: unknown): void {
    const message = parseNodeOutbound(value);
    if (message === null) return;
    if ('event' in message) {
      for (const listener of listeners) listener(message.snapshot);
      return;
    }
    const pending = sent.get(message.id);
    if (pending === undefined) return;
    sent.delete(message.id);
    if (message.ok) pending.resolve(message.result);
    else pending.reject(new HearthError(message.error.code, message.error.message, { data: message.error.data }));
  }

  function detach(from: DesktopPort): void {
    if (port !== from) return;
    port = null;
    const lost = [...sent.values()];
    sent.clear();
    for (const { message, reject } of lost) {
      reject(new DesktopError('CORE_GONE', `The node core ended before it answered "${message.name}".`));
    }
  }

  function dispatch(pending: PendingRequest, to: DesktopPort): void {
    sent.set(pending.message.id, pending);
    to.send(pending.message);
  }

  return {
    attach(newPort) {
      if (port !== null) detach(port);
      port = newPort;
      newPort.onClose(() => detach(newPort));
      newPort.onMessage((message) => {
        if (port === newPort) receive(message);
      });
      for (const pending of waiting.splice(0)) dispatch(pending, newPort);
    },
    request<Name extends NodeRequestName>(name: Name, parameters: NodeRequests[Name][0]) {
      return new Promise<NodeRequests[Name][1]>((resolve, reject) => {
        const pending: PendingRequest = {
          message: { id: nextId++, name, parameters },
          resolve: (result) => resolve(result as NodeRequests[Name][1]),
          reject,
        };
        if (port !== null) dispatch(pending, port);
        else if (waiting.length < MAX_WAITING_REQUESTS) waiting.push(pending);
        else
          reject(
            new DesktopError(
              'CORE_GONE',
              `The node core is not running and ${MAX_WAITING_REQUESTS} requests wait for it already.`,
            ),
          );
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
