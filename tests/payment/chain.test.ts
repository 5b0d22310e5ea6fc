import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAnvilBinary } from '../../main/demo/anvil-binary.ts';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import type { LocalChain } from '../../main/demo/local-chain.ts';
import { createChainClient } from '../../main/payment/index.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { channelIdOf } from '../../main/payment/typed-data.ts';
import { hashOf, walletOf } from './market-place.ts';

let chain: LocalChain;
const wallet = walletOf('chain tester');

beforeAll(async () => {
  chain = await startLocalChain();
  await chain.fund(wallet.address, { eth: 10n ** 18n, usdc: 1_000n });
});

afterAll(() => chain.stop());

function failure(code: string, message: string) {
  return expect.objectContaining({ code, message: expect.stringContaining(message) });
}

function channelOf(salt: string): ChannelConfig {
  return {
    payer: wallet.address,
    payerAuthorizer: wallet.address,
    receiver: walletOf('receiver').address,
    receiverAuthorizer: walletOf('receiver').address,
    token: chain.settings.token,
    withdrawDelay: 86_400,
    salt: hashOf(salt),
  };
}

async function listen(answer: (method: string) => unknown): Promise<{ server: Server; rpcUrl: string }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      const parsed = JSON.parse(body);
      const calls = Array.isArray(parsed) ? parsed : [parsed];
      const results = calls.map((call) => ({ jsonrpc: '2.0', id: call.id, result: answer(call.method) }));
      response.end(JSON.stringify(Array.isArray(parsed) ? results : results[0]));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, rpcUrl: `http://127.0.0.1:${address.port}` };
}

test('transactions asked for at the same time get nonces of their own', async () => {
  const client = createChainClient({ settings: chain.settings, wallet });
  const channels = ['a', 'b', 'c', 'd'].map(channelOf);
  await Promise.all(channels.map((channel) => client.deposit(channel, 10n)));
  const states = await Promise.all(channels.map((channel) => client.readChannel(channelIdOf(channel, 31_337n))));
  expect(states.map((state) => state.balance)).toEqual([10n, 10n, 10n, 10n]);
  client.close();
});

test('two nodes of one wallet do not block each other', async () => {
  const clients = [1, 2].map(() => createChainClient({ settings: chain.settings, wallet }));
  const channel = channelOf('shared');
  await Promise.all(clients.map((client) => client.deposit(channel, 5n)));
  expect((await clients[0]?.readChannel(channelIdOf(channel, 31_337n)))?.balance).toBe(10n);
  for (const client of clients) client.close();
});

test('what the contract would refuse is named and costs nothing', async () => {
  const client = createChainClient({ settings: chain.settings, wallet });
  const tooShort = { ...channelOf('short'), withdrawDelay: 1 };
  await expect(client.deposit(tooShort, 1n)).rejects.toThrow(
    failure('TRANSACTION_REVERTED', 'WithdrawDelayOutOfRange'),
  );
  client.close();
});

test('an endpoint of another chain is not believed', async () => {
  const settings = { ...chain.settings, chainId: 8_453n };
  const client = createChainClient({ settings, wallet });
  const read = client.readChannel(hashOf('any'));
  await expect(read).rejects.toThrow(failure('CHAIN_MISMATCH', 'serves chain 31337, the settings say chain 8453'));
  client.close();
});

test('a chain without the contract is named', async () => {
  const { server, rpcUrl } = await listen((method) => (method === 'eth_chainId' ? '0x7a69' : '0x'));
  const client = createChainClient({ settings: { ...chain.settings, rpcUrl }, wallet });
  await expect(client.readChannel(hashOf('any'))).rejects.toThrow(
    failure('CHAIN_MISMATCH', 'has no contract at 0x4020'),
  );
  client.close();
  server.close();
});

test('a transaction that is never mined ends in an error, not in waiting', async () => {
  const own = await startLocalChain();
  await own.fund(wallet.address, { eth: 10n ** 18n, usdc: 100n });
  const client = createChainClient({ settings: own.settings, wallet, confirmationTimeoutMs: 200 });
  await own.request('evm_setAutomine', [false]);
  const deposit = client.deposit({ ...channelOf('slow'), token: own.settings.token }, 1n);
  await expect(deposit).rejects.toThrow(failure('TRANSACTION_TIMEOUT', 'within 200 ms'));
  client.close();
  await own.stop();
});

test('the local chain says what is missing, and that its port is taken', async () => {
  expect(() => findAnvilBinary({ platform: 'plan9', arch: 'mips' })).toThrow(
    failure('ANVIL_MISSING', '@foundry-rs/anvil-plan9-mips is not installed'),
  );
  const port = Number(new URL(chain.settings.rpcUrl).port);
  await expect(startLocalChain({ port })).rejects.toThrow(failure('PORT_IN_USE', `port ${port}`));
});

test('the chain listens on loopback only and dies with the process that started it', async () => {
  const localChain = new URL('../../main/demo/local-chain.ts', import.meta.url).href;
  const script = `import { startLocalChain } from '${localChain}'; console.log((await startLocalChain()).settings.rpcUrl)`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(parent.stdout, 'data');
  const rpcUrl = String(output).trim();
  expect(new URL(rpcUrl).hostname).toBe('127.0.0.1');
  const isUp = async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] });
    return fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(
      () => true,
      () => false,
    );
  };
  expect(await isUp()).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(isUp, { timeout: 10_000, interval: 20 }).toBe(false);
});
