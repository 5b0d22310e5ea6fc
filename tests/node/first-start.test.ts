/** A node on an empty folder, with everything real but the GPU: it earns to a key of its own; where it is paid is said later. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import type { LocalChain } from '../../main/demo/local-chain.ts';
import { announceAdapter } from '../../main/node/announce-adapter.ts';
import type { NodeHost } from '../../main/node/node-options.ts';
import { startNode } from '../../main/node/node.ts';
import type { RunningNode } from '../../main/node/node.ts';
import { exportWallet, verifyBackup } from '../../main/payment/wallet-keeping.ts';
import { setPayoutAddress } from '../../main/payment/wallet-settings.ts';
import type { Hex } from '../../protocol/agreement.ts';
import type { AdapterDescription } from '../../worker/messages.ts';
import { headerOf, openX402Payer } from '../payment/x402-payer.ts';
import { shaderSetHash } from '../requester/market.ts';
import { createToyWorker } from '../requester/toy-worker.ts';

const vault: Hex = '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913';
const description: AdapterDescription = {
  vendor: 'toy',
  architecture: '',
  device: '',
  description: 'Toy card',
  isSoftware: false,
  backend: 'test',
  features: [],
  limits: {},
  subgroupSize: null,
};

let localChain: LocalChain;
let folder: string;
let dataDirectory: string;
const log: string[] = [];

beforeAll(async () => {
  localChain = await startLocalChain();
  folder = mkdtempSync(join(tmpdir(), 'hearth-first-start-'));
  dataDirectory = join(folder, 'data');
  writeFileSync(join(folder, 'toy.gguf'), 'a model that the toy worker does not read');
});

afterAll(async () => {
  await localChain.stop();
  rmSync(folder, { recursive: true });
});

function start(): Promise<RunningNode> {
  const host: NodeHost = {
    openGpu: async () => ({
      worker: createToyWorker(),
      description,
      announce: announceAdapter(description),
      ready: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    }),
    readCard: async () => null,
    assetsDirectory: folder,
    readShaderSetHash: async () => shaderSetHash,
  };
  const options = { adapter: 'real', listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], chain: localChain.settings };
  const x402 = { port: 0, host: '127.0.0.1' };
  return startNode({ ...options, dataDirectory, x402, log: (line) => log.push(line) }, host);
}

const snapshotOf = (node: RunningNode) => node.api.request('getSnapshot', {});

/** Four tokens for a payer that has never been here. */
async function buy(node: RunningNode): Promise<{ readonly payTo: Hex }> {
  const url = (await snapshotOf(node)).x402Url ?? '';
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'Say something.' }], max_tokens: 4 });
  const terms = (await (await fetch(url, { method: 'POST', body })).json()) as { accepts: { payTo: Hex }[] };
  const payTo = terms.accepts[0]!.payTo;
  const payer = await openX402Payer(
    localChain,
    { receiver: payTo, receiverAuthorizer: node.walletAddress },
    1_000_000n,
  );
  const headers = { 'PAYMENT-SIGNATURE': headerOf(await payer.deposit(100_000n, 4n)) };
  expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(200);
  return { payTo };
}

test('without a wallet it makes one, asks for a backup before anything is sold, and earns to it', async () => {
  const node = await start();
  const first = await snapshotOf(node);
  expect(first).toMatchObject({ wallet: node.walletAddress, tasks: [], earnings: { earned: '0' } });
  // The first picture that anybody can see has it.
  expect(first.alarms).toMatchObject([{ code: 'WALLET_NOT_BACKED_UP', severity: 'warning' }]);
  expect(log.join('\n')).toMatch(/is on this machine only.*hearth wallet export FILE/);

  await localChain.fund(node.walletAddress, { eth: 10n ** 18n });
  expect(await buy(node)).toEqual({ payTo: node.walletAddress });
  expect(await node.api.request('claim', {})).toEqual({ claimed: '4', settled: '4', channels: 1 });
  expect(await localChain.usdcOf(node.walletAddress)).toBe(4n);
  await node.stop();
});

test('the payout address is set later: what is sold from then on is paid there, what was sold before to the wallet', async () => {
  const before = await start();
  await buy(before);
  await before.stop();
  setPayoutAddress(dataDirectory, vault);
  const node = await start();
  expect(node.walletAddress).toBe(before.walletAddress);
  expect(await buy(node)).toEqual({ payTo: vault });
  expect(await node.api.request('claim', {})).toEqual({ claimed: '8', settled: '8', channels: 2 });
  expect([await localChain.usdcOf(node.walletAddress), await localChain.usdcOf(vault)]).toEqual([8n, 4n]);
  await node.stop();
});

test('once a backup has been proven it is not asked for any more; the same key goes on', async () => {
  const path = join(folder, 'backup.json');
  const address = await exportWallet({ dataDirectory, scryptCost: 2 }, { path, passphrase: 'vault' });
  await verifyBackup({ dataDirectory, scryptCost: 2 }, { path, passphrase: 'vault' });
  const node = await start();
  const { alarms, wallet, earnings } = await snapshotOf(node);
  expect([alarms, wallet, earnings.earned]).toEqual([[], address, '12']);
  await node.stop();
});
