/** The HTTP endpoint where any x402 client buys: two paths, bounded in every direction. It answers strangers and holds nothing. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { errorText } from '../../../protocol/errors.ts';
import { NetworkError } from '../../network/network-error.ts';
import { createRateLimiter } from '../../network/rate-limiter.ts';
import { PaymentError } from '../../payment/index.ts';
import { paymentSignatureHeader } from '../../payment/x402-http/index.ts';
import type { HttpAnswer } from '../../payment/x402-http/index.ts';
import { requestQuota, x402Limits } from './limits.ts';
import { json, type ChatDesk } from './sell-chats.ts';

export interface X402Endpoint {
  /** Of the completions. */
  readonly url: string;
  /** Takes no more requests; resolves when those under way are answered or cut off. */
  close(): Promise<void>;
}

export interface X402Address {
  /** 0 takes any free one. */
  readonly port: number;
  readonly host: string;
}

const completionsPath = '/v1/chat/completions';
const modelsPath = '/v1/models';
/** For answers under way when the node stops. */
const closeWithinMs = 3_000;

/** @param openDesk gets the address that payers are told. @throws NetworkError LISTEN */
export async function openX402Endpoint(
  address: X402Address,
  openDesk: (url: string) => ChatDesk,
  log: (line: string) => void,
  limits: { readonly headersWithinMs: number; readonly requestWithinMs: number } = x402Limits,
): Promise<X402Endpoint> {
  const allowed = createRateLimiter(requestQuota);
  let working = 0;
  const server = createServer(
    {
      maxHeaderSize: x402Limits.headerBytes,
      headersTimeout: limits.headersWithinMs,
      requestTimeout: limits.requestWithinMs,
      // Node looks for those that are late only this often.
      connectionsCheckingInterval: limits.headersWithinMs / 4,
      keepAliveTimeout: x402Limits.keepAliveMs,
    },
    (request, response) => void handle(request, response),
  );
  server.maxConnections = x402Limits.connections;
  const port = await listen(server, address);
  const url = `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}${completionsPath}`;
  const desk = openDesk(url);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    working += 1;
    try {
      send(response, await answer(request, response));
    } catch (error) {
      // Broken off, or cut off as too slow: there is nobody to answer, and strangers do not fill the log.
      if (!request.complete) return;
      // A chain that does not answer is no fault of the request; the watch over claims tells the owner.
      if (error instanceof PaymentError) {
        send(response, later(503, error.code, 'the payment cannot be checked now', 10));
        return;
      }
      log(`A request over HTTP failed: ${errorText(error)}`);
      send(response, refusal(500, 'INTERNAL', 'the node failed to answer'));
    } finally {
      working -= 1;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<HttpAnswer> {
    if (!allowed.allow(request.socket.remoteAddress ?? '')) return later(429, 'RATE', 'too many requests', 10);
    if (working > x402Limits.requestsAtOnce) return later(503, 'BUSY', 'too many requests at once', 2);
    const path = (request.url ?? '/').split(/[?#]/, 1)[0];
    if (path === modelsPath) return request.method === 'GET' ? desk.listModels() : wrongMethod('GET');
    if (path !== completionsPath) return refusal(404, 'NOT_FOUND', `there are ${completionsPath} and ${modelsPath}`);
    const header = request.headers[paymentSignatureHeader.toLowerCase()];
    const payment = typeof header === 'string' ? header : null;
    if (request.method === 'GET') return desk.settle(payment);
    if (request.method !== 'POST') return wrongMethod('GET, POST');
    const body = await readBody(request);
    if (body === null) {
      const message = `a request has at most ${x402Limits.bodyBytes} bytes`;
      return {
        ...refusal(413, 'BODY_TOO_LARGE', message),
        headers: { 'content-type': 'application/json', connection: 'close' },
      };
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return desk.sell({ body, payment, stop: gone.signal });
  }

  return {
    url,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), closeWithinMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

/** Null when there is more than a request may have. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > x402Limits.bodyBytes) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function refusal(status: number, code: string, message: string): HttpAnswer {
  return json(status, { error: { code, message } });
}

function later(status: number, code: string, message: string, seconds: number): HttpAnswer {
  return json(status, { error: { code, message } }, { 'retry-after': String(seconds) });
}

function wrongMethod(allow: string): HttpAnswer {
  return json(405, { error: { code: 'METHOD_NOT_ALLOWED', message: `only ${allow} here` } }, { allow });
}

function listen(server: Server, { port, host }: X402Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is in use; choose another with --x402-port' : `cannot be used: ${error.message}`;
      reject(new NetworkError('LISTEN', `port ${port} on ${host} ${why}`, { data: { port, host }, cause: error }));
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
