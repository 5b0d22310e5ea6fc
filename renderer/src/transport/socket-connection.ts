/** Browser: the local API's WebSocket, opened again whenever it is lost. */
import { HearthError } from '../../../protocol/errors.ts';
import type { NodeApi, NodeRequestName, NodeRequests, NodeSnapshot } from '../../../protocol/node-api.ts';
import { type NodeReplyMessage, parseNodeOutbound } from '../../../protocol/node-messages.ts';
import type { Connection, ConnectionState } from './connection.ts';

const retryDelaysMs = [250, 500, 1000, 2000, 5000];

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** `readToken` is asked at every attempt: a new link in the same tab brings a new token. */
export function createSocketConnection(origin: string, readToken: () => string | null): Connection {
  const listeners = new Set<(snapshot: NodeSnapshot) => void>();
  const pending = new Map<number, Pending>();
  let report: ((state: ConnectionState) => void) | undefined;
  let socket: WebSocket | undefined;
  let nextId = 1;
  let failures = 0;

  function receive(text: string): void {
    const message = parseNodeOutbound(JSON.parse(text));
    if (message === null) return;
    if ('event' in message) for (const listener of listeners) listener(message.snapshot);
    else settle(message);
  }

  function settle(reply: NodeReplyMessage): void {
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.ok) call?.resolve(reply.result);
    else call?.reject(new HearthError(reply.error.code, reply.error.message));
  }

  function open(): void {
    const token = readToken();
    if (token === null) {
      report?.('refused');
      return;
    }
    const opened = new WebSocket(`${origin.replace(/^http/, 'ws')}/api/events`, ['hearth.v1', `hearth.token.${token}`]);
    socket = opened;
    opened.addEventListener('open', () => {
      failures = 0;
      report?.('open');
    });
    opened.addEventListener('message', ({ data }) => receive(String(data)));
    opened.addEventListener('close', () => void handleClose(opened));
  }

  async function handleClose(closed: WebSocket): Promise<void> {
    if (socket !== closed) return;
    socket = undefined;
    for (const { reject } of pending.values()) reject(connectionLost());
    pending.clear();
    // A browser hides why a WebSocket was refused; the same token over HTTP says it.
    if (await isRefused()) {
      report?.('refused');
      return;
    }
    report?.('lost');
    setTimeout(open, retryDelaysMs[Math.min(failures++, retryDelaysMs.length - 1)]);
  }

  async function isRefused(): Promise<boolean> {
    try {
      const response = await fetch(`${origin}/api/request`, {
        method: 'POST',
        headers: { authorization: `Bearer ${readToken() ?? ''}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'getSnapshot', parameters: {} }),
      });
      return response.status === 401;
    } catch {
      return false;
    }
  }

  const api: NodeApi = {
    request<Name extends NodeRequestName>(name: Name, parameters: NodeRequests[Name][0]) {
      return new Promise<NodeRequests[Name][1]>((resolve, reject) => {
        if (socket?.readyState !== WebSocket.OPEN) {
          reject(connectionLost());
          return;
        }
        const id = nextId++;
        pending.set(id, { resolve: (result) => resolve(result as NodeRequests[Name][1]), reject });
        socket.send(JSON.stringify({ id, name, parameters }));
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    api,
    onStateChange(listener) {
      report = listener;
    },
    start: open,
  };
}

function connectionLost(): HearthError {
  return new HearthError('NODE_UNREACHABLE', 'the node does not answer');
}
