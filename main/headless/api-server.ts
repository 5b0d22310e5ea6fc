/**
 * The local API of a node: HTTP and WebSocket on 127.0.0.1 only, with a bearer token that lies in the data folder.
 *   POST /api/request   {"name": "pause", "parameters": {"minutes": 30}}  ->  {"ok": true, "result": ...}
 *   GET  /api/events    WebSocket, subprotocols `hearth.v1` and `hearth.token.<token>`; messages of protocol/node-messages.ts
 *   GET  /              the dashboard
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { NodeApi } from '../../protocol/node-api.ts';
import { parseNodeRequest } from '../../protocol/node-messages.ts';
import { answerRequest, statusOf, toErrorShape } from './api-answer.ts';
import { ApiError } from './api-error.ts';
import { removeApiFile, writeApiFile } from './api-file.ts';
import { assertLocal, assertToken, readToken, subprotocol } from './api-guard.ts';
import { apiLimits } from './api-limits.ts';
import { serveSocket } from './api-socket.ts';
import { readDashboardFile, securityHeaders } from './dashboard-files.ts';
import { dashboardDirectory } from './project-files.ts';

export interface ApiServerOptions {
  readonly api: NodeApi;
  readonly dataDirectory: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Folder of the built dashboard; the project's own by default. */
  readonly dashboardDirectory?: string;
}

export interface ApiServer {
  readonly port: number;
  readonly token: string;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Opens the dashboard with the token; the page takes it out of the address at once. */
  readonly link: string;
  close(): Promise<void>;
}

/** @throws ApiError PORT_IN_USE naming the port, or LISTEN_FAILED. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { api, dataDirectory } = options;
  const directory = options.dashboardDirectory ?? dashboardDirectory;
  const token = randomBytes(32).toString('hex');
  const server = createServer(
    {
      maxHeaderSize: apiLimits.headerBytes,
      headersTimeout: apiLimits.headersTimeoutMs,
      requestTimeout: apiLimits.requestTimeoutMs,
      keepAliveTimeout: apiLimits.keepAliveTimeoutMs,
    },
    (request, response) => void handle(request, response),
  );
  server.maxConnections = apiLimits.connections;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: apiLimits.requestBodyBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });
  const port = await listen(server, options.port ?? 0);
  const headers = securityHeaders(port);
  server.on('upgrade', (request, socket, head) => {
    try {
      assertLocal(request, port);
      if (pathOf(request) !== '/api/events') throw new ApiError('NOT_FOUND', 'the WebSocket is at /api/events');
      assertToken(readToken(request), token);
      if (sockets.clients.size >= apiLimits.webSockets) {
        throw new ApiError('TOO_MANY_CONNECTIONS', `at most ${apiLimits.webSockets} WebSockets at a time`);
      }
    } catch (error) {
      refuseUpgrade(socket, error);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => serveSocket(accepted, api));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      assertLocal(request, port);
      const pathname = pathOf(request);
      if (pathname === '/api/request') await handleRequest(request, response);
      else if (pathname.startsWith('/api/')) throw new ApiError('NOT_FOUND', `there is no ${pathname}`);
      else await handleFile(request, response, pathname);
    } catch (error) {
      // The rest of a body that is too large is not read: the connection ends with the answer.
      if (error instanceof ApiError && error.code === 'BODY_TOO_LARGE') response.setHeader('connection', 'close');
      sendJson(response, statusOf(error), { ok: false, error: toErrorShape(error) });
    }
  }

  async function handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    assertToken(readToken(request), token);
    if (request.method !== 'POST') throw new ApiError('METHOD_NOT_ALLOWED', '/api/request takes POST');
    const body = parseBody(await readBody(request));
    const parsed = parseNodeRequest({ id: 0, ...body });
    if (!parsed.ok) {
      sendJson(response, 400, { ok: false, error: { code: parsed.code, message: parsed.message } });
      return;
    }
    const { status, reply } = await answerRequest(api, parsed.request);
    sendJson(response, status, reply.ok ? { ok: true, result: reply.result } : { ok: false, error: reply.error });
  }

  async function handleFile(request: IncomingMessage, response: ServerResponse, pathname: string): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new ApiError('METHOD_NOT_ALLOWED', `${pathname} takes GET`);
    }
    const answer = await readDashboardFile(directory, pathname);
    response.writeHead(answer.status, { ...headers, ...answer.headers, 'content-length': answer.body.length });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  function sendJson(response: ServerResponse, status: number, value: unknown): void {
    if (response.headersSent || response.destroyed) return;
    const body = JSON.stringify(value);
    response.writeHead(status, {
      ...headers,
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  }

  await writeApiFile(dataDirectory, { version: 1, port, token, pid: process.pid });
  const origin = `http://127.0.0.1:${port}`;
  return {
    port,
    token,
    origin,
    link: `${origin}/#token=${token}`,
    async close() {
      for (const socket of sockets.clients) socket.close(1001, 'the node stops');
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A page that does not answer the close frame is not waited for.
      setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
        server.closeAllConnections();
      }, 500).unref();
      server.closeIdleConnections();
      await closed;
      await removeApiFile(dataDirectory, token);
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const failure =
        error.code === 'EADDRINUSE'
          ? new ApiError(
              'PORT_IN_USE',
              `port ${port} on 127.0.0.1 is in use; choose another with --api-port or stop its owner`,
              {
                data: { port },
                cause: error,
              },
            )
          : new ApiError('LISTEN_FAILED', `cannot listen on 127.0.0.1:${port}: ${error.message}`, {
              data: { port },
              cause: error,
            });
      reject(failure);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/';
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const status = statusOf(error);
  const body = JSON.stringify({ ok: false, error: toErrorShape(error) });
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > apiLimits.requestBodyBytes) {
      throw new ApiError('BODY_TOO_LARGE', `a request has at most ${apiLimits.requestBodyBytes} bytes`, {
        data: { limit: apiLimits.requestBodyBytes },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Falls through to the one sentence for every wrong body.
  }
  throw new ApiError('BAD_MESSAGE', 'the body must be a JSON object with "name" and "parameters"');
}
