/** One WebSocket of the local API: answers requests and pushes snapshots, the newest one only to a reader that is slow. */
import type { WebSocket } from 'ws';
import type { NodeApi, NodeSnapshot } from '../../protocol/node-api.ts';
import { type NodeOutboundMessage, type NodeRequestMessage, parseNodeRequest } from '../../protocol/node-messages.ts';
import { answerRequest } from './api-answer.ts';
import { apiLimits } from './api-limits.ts';

/** WebSocket close codes, RFC 6455 §7.4.1. */
const policyViolation = 1008;
const internalError = 1011;

export function serveSocket(socket: WebSocket, api: NodeApi): void {
  let openRequests = 0;
  let waiting: NodeSnapshot | undefined;
  let isAlive = true;

  const send = (message: NodeOutboundMessage): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message), sendWaiting);
  };
  function sendWaiting(): void {
    if (waiting === undefined || socket.bufferedAmount > apiLimits.bufferedBytesPerSocket) return;
    const snapshot = waiting;
    waiting = undefined;
    send({ event: 'snapshot', snapshot });
  }
  const unsubscribe = api.subscribe((snapshot) => {
    waiting = snapshot;
    sendWaiting();
  });
  const heartbeat = setInterval(() => {
    if (!isAlive) {
      socket.terminate();
      return;
    }
    isAlive = false;
    socket.ping();
  }, apiLimits.heartbeatMs);
  heartbeat.unref();

  socket.on('pong', () => {
    isAlive = true;
  });
  socket.on('message', (data, isBinary) => {
    const parsed = isBinary ? undefined : parseNodeRequest(parseJson(String(data)));
    if (parsed === undefined || (!parsed.ok && parsed.id === null)) {
      socket.close(policyViolation, 'a request is a JSON object with an integer "id"');
      return;
    }
    if (!parsed.ok) {
      send({ id: parsed.id ?? 0, ok: false, error: { code: parsed.code, message: parsed.message } });
      return;
    }
    if (openRequests >= apiLimits.openRequestsPerSocket) {
      socket.close(policyViolation, `more than ${apiLimits.openRequestsPerSocket} requests are unanswered`);
      return;
    }
    openRequests++;
    void answer(parsed.request);
  });
  socket.on('close', () => {
    unsubscribe();
    clearInterval(heartbeat);
  });
  // A frame over the cap or broken UTF-8 ends this socket; the library has sent the close code already.
  socket.on('error', () => socket.terminate());

  void greet();

  async function answer(request: NodeRequestMessage): Promise<void> {
    openRequests++;
    const { reply } = await answerRequest(api, request);
    openRequests--;
    send(reply);
  }

  /** A page that has just connected shows the present state, not the next change. */
  async function greet(): Promise<void> {
    const { reply } = await answerRequest(api, { id: 0, name: 'getSnapshot', parameters: {} });
    if (!reply.ok) {
      socket.close(internalError, 'the node has no snapshot');
      return;
    }
    // A push that came first is newer than this answer.
    waiting ??= reply.result as NodeSnapshot;
    sendWaiting();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
