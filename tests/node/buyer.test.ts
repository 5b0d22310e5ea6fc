import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBuyer } from '../../main/node/buyer.ts';
import { GpuWorkerError } from '../../main/node/gpu-worker.ts';
import type { GpuHost, NodeHost } from '../../main/node/node-options.ts';
import { openLedger } from '../../main/ledger/index.ts';
import { createToyWorker } from '../requester/toy-worker.ts';

let dataDirectory: string;
let log: string[];
let stopped: number;
beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'hearth-buyer-'));
  log = [];
  stopped = 0;
});
afterEach(() => rm(dataDirectory, { recursive: true }));

function start(adapter: string | null, listen: readonly string[] = [], found = false) {
  const card = { worker: createToyWorker(), announce: 'Using a toy.', description: { isSoftware: false } };
  const host: Pick<NodeHost, 'openGpu' | 'assetsDirectory' | 'readShaderSetHash'> = {
    async openGpu(options) {
      options.log('vkCreateInstance: Found no drivers!');
      if (!found) throw new GpuWorkerError('NO_ADAPTER', 'there is no adapter here');
      return { ...card, ready: async () => {}, stop: async () => void (stopped += 1) } as unknown as GpuHost;
    },
    assetsDirectory: dataDirectory,
    readShaderSetHash: async () => `0x${'5e'.repeat(32)}`,
  };
  const chain = { rpcUrl: 'http://127.0.0.1:9', chainId: 31_337n, token: `0x${'70'.repeat(20)}` } as const;
  const usual = { bootstrap: [], mdns: false, inputs: [], providerWaitMs: 0, log: (line: string) => log.push(line) };
  return startBuyer({ ...usual, dataDirectory, adapter, listen, chain }, host);
}

/** Nothing holds the books any more. */
function expectClosed(): void {
  openLedger({ path: join(dataDirectory, 'ledger.db') }).close();
}

test.each([
  [
    'without a GPU it buys all the same, says that nothing is checked, and nothing of drivers',
    'real',
    /^No GPU is here to check/,
  ],
  ['without checks no GPU is looked for', null, undefined],
])('%s', async (_, adapter, line) => {
  const buyer = await start(adapter);
  expect(buyer.gpu).toBeNull();
  expect(log).toEqual(line === undefined ? [] : [expect.stringMatching(line)]);
  await buyer.stop();
  expectClosed();
});

test('a GPU that is there checks, and is given back with everything else', async () => {
  const buyer = await start('real', [], true);
  expect(buyer.gpu?.announce).toBe('Using a toy.');
  expect(log).toEqual(['vkCreateInstance: Found no drivers!', 'Using a toy.']);
  await buyer.stop();
  expect(stopped).toBe(1);
  expectClosed();
});

test('an adapter that was named and is not there stops it, and what a driver said is told', async () => {
  await expect(start('software')).rejects.toMatchObject({ code: 'NO_ADAPTER' });
  expect(log).toEqual(['vkCreateInstance: Found no drivers!']);
  expectClosed();
});

test('an address that cannot be listened on stops it, and the GPU that was opened meanwhile', async () => {
  await expect(start('real', ['/ip4/203.0.113.1/tcp/1'], true)).rejects.toMatchObject({ code: 'LISTEN' });
  expect(stopped).toBe(1);
  expectClosed();
});
