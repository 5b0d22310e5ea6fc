/** The HTTP side alone: what a stranger may send, and how much of it. */
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openX402Endpoint } from '../../../main/node/x402/endpoint.ts';
import type { X402Endpoint } from '../../../main/node/x402/endpoint.ts';
import { requestQuota, x402Limits } from '../../../main/node/x402/limits.ts';
import { json } from '../../../main/node/x402/sell-chats.ts';
import type { ChatDesk } from '../../../main/node/x402/sell-chats.ts';
import { PaymentError } from '../../../main/payment/index.ts';

let endpoint: X402Endpoint;
const log: string[] = [];
afterEach(() => endpoint.close());

async function open(changes: Partial<ChatDesk> = {}): Promise<URL> {
  const desk: ChatDesk = {
    sell: async ({ body, payment }) => json(200, { body, payment }),
    settle: async (payment) => json(402, { payment }),
    listModels: async () => json(200, { data: [] }),
    ...changes,
  };
  endpoint = await openX402Endpoint(
    { port: 0, host: '127.0.0.1' },
    () => desk,
    (line) => log.push(line),
  );
  return new URL(endpoint.url);
}

/** Sends bytes as they are, and gives back all that comes. */
function sendRaw(url: URL, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (part) => (answer += String(part)));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

test('body and payment reach the desk, and the answer comes back with its length and kept by nobody', async () => {
  const url = await open();
  expect(url.pathname).toBe('/v1/chat/completions');
  const response = await fetch(url, { method: 'POST', body: '{"a":1}', headers: { 'PAYMENT-SIGNATURE': 'cGF5' } });
  expect(await response.json()).toEqual({ body: '{"a":1}', payment: 'cGF5' });
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test.each<[string, string, string, number, string]>([
  ['another path', 'GET', '/', 404, 'NOT_FOUND'],
  ['a path above', 'GET', '/../wallet.json', 404, 'NOT_FOUND'],
  ['removing completions', 'DELETE', '/v1/chat/completions', 405, 'METHOD_NOT_ALLOWED'],
  ['writing models', 'POST', '/v1/models', 405, 'METHOD_NOT_ALLOWED'],
  ['a preflight of a web page', 'OPTIONS', '/v1/chat/completions', 405, 'METHOD_NOT_ALLOWED'],
])('%s is refused', async (_what, method, path, status, code) => {
  const response = await fetch(new URL(path, await open()), { method });
  expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  // No page of another origin may read what is answered here.
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
});

test('a body above the limit is not read to its end', async () => {
  let asked = 0;
  const url = await open({ sell: async () => json(200, { asked: (asked += 1) }) });
  const response = await fetch(url, { method: 'POST', body: 'x'.repeat(x402Limits.bodyBytes + 1) });
  expect([response.status, asked]).toEqual([413, 0]);
});

test('headers above the limit, and what is no HTTP, end the connection', async () => {
  const url = await open();
  const big = `POST ${url.pathname} HTTP/1.1\r\nhost: x\r\npayment-signature: ${'A'.repeat(x402Limits.headerBytes)}\r\n\r\n`;
  expect(await sendRaw(url, big)).toMatch(/^HTTP\/1\.1 431 /);
  expect(await sendRaw(url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test('a request that comes in drops is cut off, in its headers as in its body', async () => {
  const desk = { sell: async () => json(200, {}) } as unknown as ChatDesk;
  const limits = { headersWithinMs: 200, requestWithinMs: 400 };
  endpoint = await openX402Endpoint(
    { port: 0, host: '127.0.0.1' },
    () => desk,
    (line) => log.push(line),
    limits,
  );
  const url = new URL(endpoint.url);
  expect(await sendRaw(url, `POST ${url.pathname} HTTP/1.1\r\nhost: x\r\n`)).toMatch(/^HTTP\/1\.1 408 /);
  const half = `POST ${url.pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"messages"`;
  log.length = 0;
  expect(await sendRaw(url, half)).not.toContain('200');
  expect(log).toEqual([]);
});

test('a payer that hangs up is told to the desk', async () => {
  const gone = Promise.withResolvers<void>();
  const came = Promise.withResolvers<void>();
  const url = await open({
    async sell({ stop }) {
      stop.addEventListener('abort', () => gone.resolve());
      came.resolve();
      await gone.promise;
      return json(200, {});
    },
  });
  const hangUp = new AbortController();
  const asking = fetch(url, { method: 'POST', body: '{}', signal: hangUp.signal });
  await came.promise;
  hangUp.abort();
  await expect(asking).rejects.toThrow();
  await gone.promise;
});

test('what fails inside is said without its words, and the endpoint goes on', async () => {
  let count = 0;
  const failures = [new Error('secret path /home/me'), new PaymentError('CHAIN_UNREACHABLE', 'http://key@rpc')];
  const url = await open({
    async sell() {
      const failure = failures[count++];
      if (failure !== undefined) throw failure;
      return json(200, {});
    },
  });
  const ask = async () => {
    const response = await fetch(url, { method: 'POST', body: '{}' });
    return [response.status, await response.text()];
  };
  expect(await ask()).toEqual([500, expect.not.stringContaining('secret')]);
  expect(await ask()).toEqual([503, expect.not.stringContaining('key@rpc')]);
  expect(await ask()).toEqual([200, '{}']);
  expect(log.join()).toContain('secret path');
});

test('more requests at once than are taken are sent away for a moment', async () => {
  const release = Promise.withResolvers<void>();
  const url = await open({
    async sell() {
      await release.promise;
      return json(200, {});
    },
  });
  let refused = 0;
  const statuses = Array.from({ length: x402Limits.requestsAtOnce + 3 }, async () => {
    const { status } = await fetch(url, { method: 'POST', body: '{}' });
    if (status === 503) refused += 1;
    if (refused === 3) release.resolve();
    return status;
  });
  const counts = Map.groupBy(await Promise.all(statuses), (status) => status);
  expect([counts.get(200)?.length, counts.get(503)?.length]).toEqual([x402Limits.requestsAtOnce, 3]);
});

test('one address that asks too often is refused for a while', async () => {
  const url = await open();
  const models = new URL('/v1/models', url);
  const statuses: number[] = [];
  // In rounds: there are fewer connections than requests.
  for (let round = 0; round < 13; round += 1) {
    const asked = Array.from({ length: 20 }, async () => (await fetch(models)).status);
    statuses.push(...(await Promise.all(asked)));
  }
  expect(statuses.slice(0, requestQuota.perPeer.count)).not.toContain(429);
  expect(statuses).toContain(429);
});

test('a port that is in use is named', async () => {
  const url = await open();
  const again = openX402Endpoint(
    { port: Number(url.port), host: '127.0.0.1' },
    () => ({}) as ChatDesk,
    () => {},
  );
  await expect(again).rejects.toMatchObject({ code: 'LISTEN', message: expect.stringContaining('--x402-port') });
});
