import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkChain } from '../../main/headless/doctor/check-chain.ts';
import {
  checkClock,
  checkDataDirectory,
  checkNode,
  checkPort,
  readTcpAddress,
} from '../../main/headless/doctor/check-system.ts';
import { runDoctor } from '../../main/headless/doctor/run-doctor.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-doctor-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const { signal } = new AbortController();

function portOf(server: { address(): AddressInfo | string | null }): number {
  return (server.address() as AddressInfo).port;
}

describe('hearth doctor', () => {
  it.each([
    ['20.20.2', 'blocked'],
    ['24.21.0', 'ok'],
  ])('finds Node %s %s', (version, status) => {
    const check = checkNode(version);
    expect(check.status).toBe(status);
    expect(check.fix === undefined).toBe(status === 'ok');
  });

  it('names a data folder that cannot be made, and makes one that can', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    expect(await checkDataDirectory(join(file, 'below'))).toMatchObject({
      status: 'blocked',
      detail: expect.stringContaining(join(file, 'below')),
      fix: expect.stringContaining('--data-dir'),
    });
    expect((await checkDataDirectory(join(directory, 'a', 'b'))).status).not.toBe('blocked');
  });

  it('names a port that another program holds, and knows its own node', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = portOf(other);
    const check = await checkPort('dashboard port', '127.0.0.1', port, directory);
    expect(check).toMatchObject({ status: 'blocked', detail: expect.stringContaining(`Port ${port} on 127.0.0.1`) });
    await writeFile(join(directory, 'api.json'), JSON.stringify({ version: 1, port, token: 'x', pid: 1 }));
    expect((await checkPort('dashboard port', '127.0.0.1', port, directory)).status).toBe('ok');
    await new Promise((resolve) => other.close(resolve));
    expect((await checkPort('dashboard port', '127.0.0.1', 0, directory)).status).toBe('ok');
  });

  it.each([
    ['/ip4/0.0.0.0/tcp/4001', { host: '0.0.0.0', port: 4001 }],
    ['/ip6/::1/tcp/0', { host: '::1', port: 0 }],
    ['/dns4/example.org/tcp/4001', undefined],
    ['/ip4/0.0.0.0/udp/4001/quic-v1', undefined],
  ])('reads the port of %s', (multiaddr, address) => {
    expect(readTcpAddress(multiaddr)).toEqual(address);
  });

  const noon = Date.UTC(2026, 6, 1, 12);
  it.each([
    ['in the past of all releases', Date.UTC(1970, 0, 1), undefined, 'blocked'],
    ['without a chain', noon, undefined, 'ok'],
    ['with the chain', noon, noon - 12_000, 'ok'],
    ['behind the newest block', noon, noon + 120_000, 'blocked'],
    ['long after the newest block', noon, noon - 3_600_000, 'warning'],
  ] as const)('judges a clock %s', (_name, nowMs, chainTimeMs, status) => {
    expect(checkClock(nowMs, chainTimeMs).status).toBe(status);
  });

  describe('with a chain', () => {
    let chain: Server;
    let rpcUrl: string;
    const answers: Record<string, unknown> = {
      eth_chainId: '0x7a69',
      eth_getCode: '0x',
      eth_getBlockByNumber: { timestamp: '0x6a44dd40' },
    };
    beforeAll(async () => {
      chain = createHttpServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        const { method } = JSON.parse(body) as { method: string };
        response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: answers[method] }));
      });
      await new Promise<void>((resolve) => chain.listen(0, '127.0.0.1', resolve));
      rpcUrl = `http://127.0.0.1:${portOf(chain)}`;
    });
    afterAll(() => new Promise((resolve) => chain.close(resolve)));

    it('tells which it is, and that the token is not there', async () => {
      const report = await checkChain(rpcUrl, `0x${'1'.repeat(40)}`, signal);
      expect(report.checks.map(({ name, status }) => [name, status])).toEqual([
        ['chain', 'ok'],
        ['token', 'blocked'],
      ]);
      expect(report.checks[0]?.detail).toContain('Chain 31337');
      expect(report.blockTimeMs).toBe(0x6a44dd40 * 1000);
    });

    it('tells that it does not answer, without the key in its address', async () => {
      const { checks } = await checkChain('http://127.0.0.1:9/secret-key', undefined, signal);
      expect(checks).toMatchObject([{ status: 'blocked', detail: expect.not.stringContaining('secret-key') }]);
    });
  });

  it('says that a software adapter runs the demo and never earns', async () => {
    const shown: string[] = [];
    const report = await runDoctor({
      dataDirectory: new URL('../../node_modules/.cache/hearth', import.meta.url).pathname,
      adapter: 'software',
      listen: [],
      apiPort: 0,
      rpcUrl: undefined,
      token: undefined,
      signal,
      log: () => {},
      onCheck: ({ name }) => shown.push(name),
    });
    expect(report).toMatchObject({ canEarn: false, canRunDemo: true });
    expect(report.summary).toBe('This machine cannot earn: no real GPU. "hearth demo" works.');
    expect(shown).toEqual(report.checks.map(({ name }) => name));
    expect(shown).toContain('software adapter');
    // Whatever is not well comes with what to do about it.
    expect(report.checks.filter(({ status, fix }) => (status === 'ok') !== (fix === undefined))).toEqual([]);
    expect(report.adapters[0]?.benchmark?.copyBytesPerSecond).toBeGreaterThan(0);
  });
});
