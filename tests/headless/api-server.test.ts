import { mkdtemp, readFile, rm, stat, writeFile, mkdir } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { findRunningNode, openApiClient } from '../../main/headless/api-client.ts';
import { apiLimits } from '../../main/headless/api-limits.ts';
import { type ApiServer, startApiServer } from '../../main/headless/api-server.ts';
import { createNodeSource, type NodeSource } from '../fixtures/ui/node-source.ts';
import { workingSnapshot } from '../fixtures/ui/snapshots.ts';

let directory: string;
let dashboardDirectory: string;
let source: NodeSource;
let server: ApiServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-api-'));
  dashboardDirectory = join(directory, 'dashboard');
  await mkdir(dashboardDirectory);
  await writeFile(join(dashboardDirectory, 'index.html'), '<!doctype html><title>Hearth</title>');
  await writeFile(join(directory, 'secret.json'), '{}');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

beforeEach(async () => {
  source = createNodeSource(workingSnapshot);
  server = await startApiServer({ api: source, dataDirectory: directory, dashboardDirectory });
});
afterEach(() => server.close());

interface Ask {
  readonly body?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly path?: string;
}

async function ask({ body, token = server.token, headers = {}, method = 'POST', path = '/api/request' }: Ask) {
  const response = await fetch(`${server.origin}${path}`, {
    method,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const answer = (await response.json()) as {
    ok: boolean;
    result?: unknown;
    error?: { code: string; message: string };
  };
  return { status: response.status, answer };
}

/** Sends a request line and headers as they are: `fetch` would correct them. Returns what came back until the end. */
function sendRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (data) => (received += data.toString()));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
  });
}

interface SocketOptions {
  readonly token?: string | null;
  readonly origin?: string;
  readonly path?: string;
}

function openSocket({ token = server.token, origin, path = '/api/events' }: SocketOptions = {}): WebSocket {
  const protocols = ['hearth.v1', ...(token === null ? [] : [`hearth.token.${token}`])];
  return new WebSocket(`ws://127.0.0.1:${server.port}${path}`, protocols, origin === undefined ? {} : { origin });
}

/** Status of a refused upgrade, or 101. */
function upgradeStatus(options: SocketOptions): Promise<number> {
  const socket = openSocket(options);
  return new Promise((resolve) => {
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('open', () => {
      resolve(101);
      socket.close();
    });
    // Destroying the refused request is reported as an error.
    socket.on('error', () => {});
  });
}

/** Collects messages and hands out the first that fits, whether it came already or comes later. */
function readMessages(socket: WebSocket) {
  const received: Record<string, unknown>[] = [];
  let wake: (() => void) | undefined;
  socket.on('message', (data) => {
    received.push(JSON.parse(String(data)));
    wake?.();
  });
  return async (fits: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
    for (;;) {
      const found = received.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.on('close', resolve));
}

const request = (name: string, parameters: unknown = {}) => JSON.stringify({ name, parameters });

describe('who may use the local API', () => {
  const refusals: [string, Ask, number, string][] = [
    ['a call without the token', { token: null, body: request('getSnapshot') }, 401, 'UNAUTHORIZED'],
    ['a call with a wrong token', { token: 'f'.repeat(64), body: request('getSnapshot') }, 401, 'UNAUTHORIZED'],
    [
      'a call from a foreign page',
      { body: request('pause'), headers: { origin: 'https://evil.example' } },
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
    [
      'a call from a sandboxed page',
      { body: request('pause'), headers: { origin: 'null' } },
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
    [
      'another port of this machine',
      { body: request('pause'), headers: { origin: 'http://127.0.0.1:1' } },
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
  ];
  it.each(refusals)('refuses %s', async (_name, question, status, code) => {
    const { status: got, answer } = await ask(question);
    expect([got, answer.ok, answer.error?.code]).toEqual([status, false, code]);
    expect(source.asked).toEqual([]);
  });

  it('refuses a name that only resolves to this machine', async () => {
    const answer = await sendRaw(`GET / HTTP/1.1\r\nHost: evil.example:${server.port}\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 421 /);
    expect(answer).toContain('HOST_NOT_ALLOWED');
  });

  it.each([
    ['without the token', { token: null }, 401],
    ['with a wrong token', { token: 'f'.repeat(64) }, 401],
    ['from a foreign page', { origin: 'https://evil.example' }, 403],
    ['at another path', { path: '/api/else' }, 404],
    ['with the token', {}, 101],
    ['with the token from its own page', { origin: 'own' }, 101],
  ] as const)('answers a WebSocket %s', async (_name, options, status) => {
    const origin = 'origin' in options && options.origin === 'own' ? { origin: server.origin } : {};
    expect(await upgradeStatus({ ...options, ...origin })).toBe(status);
  });

  it('keeps the token where only its owner can read it, and takes it away at the end', async () => {
    const path = join(directory, 'api.json');
    const file: unknown = JSON.parse(await readFile(path, 'utf8'));
    expect(file).toEqual({ version: 1, port: server.port, token: server.token, pid: process.pid });
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
    await server.close();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });
});

describe('requests to the local API', () => {
  it('answers with the snapshot', async () => {
    const { status, answer } = await ask({ body: request('getSnapshot') });
    expect([status, answer]).toEqual([200, { ok: true, result: workingSnapshot }]);
  });

  const wrong: [string, string, number, string][] = [
    ['an unknown name', request('format'), 400, 'UNKNOWN_REQUEST'],
    ['a name of the prototype', request('constructor'), 400, 'UNKNOWN_REQUEST'],
    ['a pause of minus one minute', request('pause', { minutes: -1 }), 400, 'BAD_PARAMETERS'],
    ['a pause of text', request('pause', { minutes: '30' }), 400, 'BAD_PARAMETERS'],
    ['a parameter that nobody knows', request('pause', { hours: 1 }), 400, 'BAD_PARAMETERS'],
    ['parameters that are a list', request('resume', []), 400, 'BAD_PARAMETERS'],
    ['a body that is no JSON', '{', 400, 'BAD_MESSAGE'],
    ['a body that is a list', '[]', 400, 'BAD_MESSAGE'],
    ['a body over the limit', request('x'.repeat(apiLimits.requestBodyBytes)), 413, 'BODY_TOO_LARGE'],
  ];
  it.each(wrong)('refuses %s', async (_name, body, status, code) => {
    const { status: got, answer } = await ask({ body });
    expect([got, answer.error?.code]).toEqual([status, code]);
    expect(answer.error?.message).toMatch(/\w+ \w+/);
    expect(source.asked).toEqual([]);
  });

  it('passes on a typed "no" of the node with its code', async () => {
    source.refuseNext('claim', 'CLAIM_TOO_SMALL', 'the claim costs more than it brings');
    const { status, answer } = await ask({ body: request('claim') });
    expect([status, answer.error?.code]).toEqual([409, 'CLAIM_TOO_SMALL']);
  });

  it('takes POST only', async () => {
    expect((await ask({ method: 'GET' })).status).toBe(405);
  });
});

describe('the WebSocket', () => {
  it('sends the snapshot at once, then every change, and answers requests by id', async () => {
    const socket = openSocket();
    const next = readMessages(socket);
    expect(await next(({ event }) => event === 'snapshot')).toEqual({ event: 'snapshot', snapshot: workingSnapshot });
    source.push({ peerCount: 9 });
    await next((message) => (message['snapshot'] as { peerCount?: number } | undefined)?.peerCount === 9);
    socket.send(JSON.stringify({ id: 7, name: 'pause', parameters: { minutes: 5 } }));
    expect(await next(({ id }) => id === 7)).toMatchObject({ ok: true, result: { name: 'paused' } });
    socket.send(JSON.stringify({ id: 8, name: 'format', parameters: {} }));
    expect(await next(({ id }) => id === 8)).toMatchObject({ ok: false, error: { code: 'UNKNOWN_REQUEST' } });
    const closed = closeCode(socket);
    socket.close();
    await closed;
    await expect.poll(() => source.listenerCount).toBe(0);
  });

  it.each([
    ['a frame over the limit', 'x'.repeat(apiLimits.requestBodyBytes + 1), 1009],
    ['a message without an id', request('getSnapshot'), 1008],
    ['a message that is no JSON', '{', 1008],
    ['a binary message', Buffer.from('{}'), 1008],
  ])('ends after %s, and the server lives on', async (_name, message, code) => {
    const socket = openSocket();
    socket.on('open', () => socket.send(message));
    socket.on('error', () => {});
    expect(await closeCode(socket)).toBe(code);
    expect((await ask({ body: request('getSnapshot') })).status).toBe(200);
  });

  it('keeps only the newest picture for a page that does not read', async () => {
    const socket = openSocket();
    let received = 0;
    const next = readMessages(socket);
    await next(({ event }) => event === 'snapshot');
    socket.on('message', () => received++);
    socket.pause();
    const pushes = 200;
    // 40 MB in all: far more than a socket holds by itself.
    for (let peerCount = 100; peerCount < 100 + pushes; peerCount++) {
      source.push({ peerCount, name: 'x'.repeat(200_000) });
      await new Promise(setImmediate);
    }
    socket.resume();
    await next((message) => (message['snapshot'] as { peerCount?: number } | undefined)?.peerCount === 99 + pushes);
    expect(received).toBeLessThan(pushes / 2);
  });

  it('has room for a few pages, not for any number', async () => {
    const sockets = Array.from({ length: apiLimits.webSockets }, () => openSocket());
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('open', resolve))));
    expect(await upgradeStatus({})).toBe(503);
  });
});

describe('the dashboard files', () => {
  it('come with a policy that allows nothing inline and nothing from elsewhere', async () => {
    const response = await fetch(`${server.origin}/`);
    expect(response.status).toBe(200);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(await response.text()).toContain('<title>Hearth</title>');
  });

  it.each([
    '/../secret.json',
    '/%2e%2e/secret.json',
    '/..%5csecret.json',
    '/%00',
    '/%zz',
    '/nothing.js',
    '/api.json',
    '/etc/passwd',
  ])('do not include %s', async (path) => {
    const answer = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 404 /);
  });

  it('say how to build them when they are not there', async () => {
    const other = await startApiServer({
      api: source,
      dataDirectory: join(directory, 'b'),
      dashboardDirectory: '/nowhere',
    });
    const response = await fetch(`${other.origin}/`);
    expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('npm run build')]);
    await other.close();
  });
});

describe('the command line as a client', () => {
  it('finds the node, asks it, and passes on its refusal', async () => {
    const client = await openApiClient(directory);
    expect((await client.request('getSnapshot', {})).name).toBe('provider-1');
    source.refuseNext('resume', 'NOT_NOW', 'the node is stopping');
    await expect(client.request('resume', {})).rejects.toMatchObject({ name: 'RefusedError', code: 'NOT_NOW' });
  });

  it('says that no node runs: without a file, and with one that a killed node left', async () => {
    await expect(openApiClient(join(directory, 'none'))).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
    const left = join(directory, 'left');
    await mkdir(left);
    await writeFile(join(left, 'api.json'), JSON.stringify({ version: 1, port: server.port, token: 'old', pid: 1 }));
    const client = await openApiClient(left);
    await expect(client.request('getSnapshot', {})).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
    expect(await findRunningNode(left)).toBeUndefined();
    expect(await findRunningNode(directory)).toMatchObject({ pid: process.pid });
  });
});

describe('a port that is in use', () => {
  let other: Server;
  afterEach(() => new Promise((resolve) => other.close(resolve)));

  it('is named in the error', async () => {
    other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    await expect(startApiServer({ api: source, dataDirectory: directory, port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`port ${port} on 127.0.0.1 is in use`),
    });
  });
});
