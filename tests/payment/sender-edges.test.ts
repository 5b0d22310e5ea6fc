/** Transactions and endpoints that go wrong in rare ways: each ends with money where it was, and its own code. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import { JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChainClient } from '../../main/payment/index.ts';
import type { ChainSettings } from '../../main/payment/index.ts';
import { createHttpRelay } from '../../main/payment/claim-relay.ts';
import { openRpcEndpoints } from '../../main/payment/rpc-endpoints.ts';
import { settlementInterface } from '../../main/payment/settlement-abi.ts';
import { sendTransactions } from '../../main/payment/transaction-sender.ts';
import type { TransactionSender } from '../../main/payment/transaction-sender.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import { account, config } from '../ledger/facts.ts';
import { hashOf, openMarketPlace, walletOf } from './market-place.ts';
import type { MarketPlace } from './market-place.ts';
import { startRpcProxy } from './rpc-proxy.ts';
import type { RpcProxy } from './rpc-proxy.ts';

let market: MarketPlace;
let proxy: RpcProxy;
const closers: (() => void)[] = [];

beforeAll(async () => {
  market = await openMarketPlace();
  proxy = await startRpcProxy(market.chain.settings.rpcUrl);
});

afterAll(async () => {
  for (const close of closers) close();
  await proxy.close();
  await market.close();
});

/** Code that answers every call with nothing, and code that reverts with 32 zero bytes: no error of ours. */
const quiet = '0x00';
const reverting = '0x60206000fd';
/** A call that the wallet signs; what it does is whatever code stands at the address now. */
const data = settlementInterface.encodeFunctionData('settle', [account(1), account(2)]) as Hex;

async function openSender(
  name: string,
  settings: Partial<ChainSettings> = {},
  times: { confirmationTimeoutMs?: number; stuckAfterMs?: number } = {},
): Promise<TransactionSender> {
  proxy.answer = () => Promise.resolve(undefined);
  proxy.isDown = false;
  const wallet = walletOf(name);
  await market.chain.fund(wallet.address, { eth: 10n ** 18n });
  await market.chain.request('anvil_setCode', [settlementAddress, quiet]);
  const merged = { ...market.chain.settings, rpcUrl: proxy.url, ...settings };
  const endpoints = openRpcEndpoints(merged);
  closers.push(endpoints.close);
  return sendTransactions({
    endpoints,
    wallet,
    settings: merged,
    confirmationTimeoutMs: 5_000,
    stuckAfterMs: 2_500,
    ...times,
  });
}

async function withoutMining(action: () => Promise<void>): Promise<void> {
  await market.chain.request('evm_setAutomine', [false]);
  try {
    await action();
  } finally {
    await market.chain.request('evm_setAutomine', [true]);
    await market.chain.request('evm_mine', []);
  }
}

const sent = (method: string): number => proxy.calls.filter((call) => call === method).length;

test('a transaction that turns bad between its estimate and its block is said to be reverted', async () => {
  const sender = await openSender('turns bad');
  await withoutMining(async () => {
    const sending = sender.send(data);
    sending.catch(() => undefined);
    await expect.poll(() => sent('eth_sendRawTransaction')).toBeGreaterThan(0);
    await market.chain.request('anvil_setCode', [settlementAddress, reverting]);
    await market.chain.request('evm_mine', []);
    await expect(sending).rejects.toMatchObject({
      code: 'TRANSACTION_REVERTED',
      message: expect.stringContaining('was reverted'),
    });
  });
});

test('a revert that is no error of the settlement contract keeps the words of the chain', async () => {
  const sender = await openSender('foreign');
  await market.chain.request('anvil_setCode', [settlementAddress, reverting]);
  await expect(sender.send(data)).rejects.toMatchObject({
    code: 'TRANSACTION_REVERTED',
    message: expect.stringContaining('would revert the transaction: execution reverted'),
  });
  const token = createChainClient({
    settings: { ...market.chain.settings, token: settlementAddress },
    wallet: walletOf('foreign'),
  });
  closers.push(token.close);
  await expect(token.tokenBalance(account(1))).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
});

test('an endpoint that takes no transactions is unreachable; one that has it already has taken it', async () => {
  const sender = await openSender('refused');
  proxy.answer = ({ method }) =>
    method === 'eth_sendRawTransaction' ? Promise.reject(new Error('no')) : Promise.resolve(undefined);
  await expect(sender.send(data)).rejects.toMatchObject({
    code: 'CHAIN_UNREACHABLE',
    message: expect.stringContaining('did not take the transaction'),
  });
  await withoutMining(async () => {
    proxy.answer = async ({ method, params }) => {
      // Sent once, and once more because the first answer was lost.
      if (method === 'eth_sendRawTransaction') await market.chain.request(method, params);
      return undefined;
    };
    const looks = sent('eth_getTransactionReceipt');
    const sending = sender.send(data);
    await expect.poll(() => sent('eth_getTransactionReceipt')).toBeGreaterThan(looks);
    await market.chain.request('evm_mine', []);
    expect(await sending).toMatchObject({ transactionHash: expect.stringMatching(/^0x/) });
  });
});

test('an endpoint that turns out to serve another chain takes nothing', async () => {
  const late = await startRpcProxy(market.chain.settings.rpcUrl);
  const sender = await openSender('other chain', { rpcUrl: late.url, fallbackRpcUrls: [proxy.url] });
  let isSending = false;
  late.answer = ({ method }) =>
    isSending && method === 'eth_chainId' ? Promise.resolve('0x1') : Promise.reject(new Error('down'));
  proxy.answer = ({ method }) => {
    if (method !== 'eth_sendRawTransaction') return Promise.resolve(undefined);
    return Promise.reject(new Error('no'));
  };
  const real = proxy.answer;
  proxy.answer = (call, ask) => {
    isSending ||= call.method === 'eth_feeHistory' || call.method === 'eth_gasPrice';
    return real(call, ask);
  };
  await expect(sender.send(data)).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' });
  await late.close();
});

test('when another transaction of the wallet takes the nonce, ours is sent with the next one', async () => {
  const sender = await openSender('overtaken');
  const provider = new JsonRpcProvider(market.chain.settings.rpcUrl, undefined, { cacheTimeout: -1 });
  closers.push(() => provider.destroy());
  const twin = new Wallet(hashOf('wallet of overtaken'), provider);
  await withoutMining(async () => {
    const before = sent('eth_sendRawTransaction');
    const sending = sender.send(data);
    await expect.poll(() => sent('eth_sendRawTransaction')).toBeGreaterThan(before);
    const fee = 10n ** 12n;
    const other = { to: account(1), nonce: 0, gasLimit: 30_000n, maxFeePerGas: fee, maxPriorityFeePerGas: fee };
    await twin.sendTransaction(other);
    await market.chain.request('evm_mine', []);
    await expect.poll(() => sent('eth_sendRawTransaction')).toBeGreaterThan(before + 1);
    await market.chain.request('evm_mine', []);
    await sending;
    expect(await provider.getTransactionCount(twin.address, 'latest')).toBe(2);
  });
});

test('an endpoint that keeps naming a used nonce is given up', async () => {
  const sender = await openSender('stale');
  await sender.send(data);
  proxy.answer = ({ method }) => Promise.resolve(method === 'eth_getTransactionCount' ? '0x0' : undefined);
  await expect(sender.send(data)).rejects.toMatchObject({
    code: 'TRANSACTION_TIMEOUT',
    message: expect.stringContaining('were faster 8 times'),
  });
});

test('what is never mined ends at its deadline: our own, somebody else’s, and blocks waited for', async () => {
  const sender = await openSender('patience', {}, { confirmationTimeoutMs: 200 });
  await withoutMining(async () => {
    const late = expect.objectContaining({ code: 'TRANSACTION_TIMEOUT' });
    const waiting = [sender.send(data), sender.waitFor(hashOf('never sent')), sender.waitForBlocks(1)];
    expect(await Promise.allSettled(waiting)).toEqual(waiting.map(() => ({ status: 'rejected', reason: late })));
  });
});

test('a stuck transaction follows a chain that has become dearer than a quarter more', async () => {
  const sender = await openSender('dearer', {}, { stuckAfterMs: 100 });
  let raisedFee = false;
  proxy.answer = async ({ method }, real) => {
    if (method !== 'eth_getBlockByNumber' || !raisedFee) return undefined;
    return { ...((await real()) as object), baseFeePerGas: '0x174876e800' };
  };
  await withoutMining(async () => {
    const before = sent('eth_sendRawTransaction');
    const sending = sender.send(data);
    await expect.poll(() => sent('eth_sendRawTransaction')).toBeGreaterThan(before);
    raisedFee = true;
    await expect.poll(() => sent('eth_sendRawTransaction')).toBeGreaterThan(before + 1);
    await market.chain.request('evm_mine', []);
    const { transactionHash } = await sending;
    const mined = (await market.chain.request('eth_getTransactionByHash', [transactionHash])) as {
      maxFeePerGas: string;
    };
    // Twice the base fee of 100 gwei, and the tip.
    expect(BigInt(mined.maxFeePerGas)).toBeGreaterThanOrEqual(200_000_000_000n);
  });
});

const withoutBaseFee: RpcProxy['answer'] = async ({ method }, real) =>
  method === 'eth_getBlockByNumber' ? { ...((await real()) as object), baseFeePerGas: null } : undefined;

test('without a base fee the plain gas price is offered; without any price, or a clock, nothing is sent', async () => {
  const sender = await openSender('no base fee');
  proxy.answer = withoutBaseFee;
  const { transactionHash } = await sender.send(data);
  const mined = await market.chain.request('eth_getTransactionByHash', [transactionHash]);
  expect(mined).toMatchObject({ maxPriorityFeePerGas: '0x0' });
  const settings = { ...market.chain.settings, rpcUrl: proxy.url };
  const client = createChainClient({ settings, wallet: walletOf('no base fee') });
  closers.push(client.close);
  expect(await client.gasPrice()).toBeGreaterThan(0n);
  proxy.answer = ({ method }) => Promise.resolve(method === 'eth_getBlockByNumber' ? null : undefined);
  await expect(
    client.deposit({ ...config, payer: walletOf('no base fee').address, token: market.chain.settings.token }, 1n),
  ).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  proxy.answer = (call, real) =>
    call.method === 'eth_gasPrice' ? Promise.resolve(new Error('no')) : withoutBaseFee(call, real);
  await expect(sender.send(data)).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  await expect(client.gasPrice()).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  await expect(client.claim([], null)).rejects.toMatchObject({ code: 'RECORD_INVALID' });
});

test.each<[string, (response: ServerResponse) => void, string]>([
  ['no reason', (response) => response.end('{"success":false}'), 'RELAY_REFUSED'],
  ['a number', (response) => response.end('5'), 'RELAY_UNREACHABLE'],
  ['null', (response) => response.end('null'), 'RELAY_UNREACHABLE'],
  ['no body', (response) => response.writeHead(204).end(), 'RELAY_UNREACHABLE'],
  ['no JSON', (response) => response.end('<html>'), 'RELAY_UNREACHABLE'],
  ['half a hash', (response) => response.end('{"success":true,"transaction":"0x12"}'), 'RELAY_REFUSED'],
  ['an answer without end', (response) => response.write('x'.repeat(70_000)), 'RELAY_UNREACHABLE'],
])('a relay that answers %s has sent nothing', async (_, answer, code) => {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const relay = createHttpRelay({ url, chainId: 31_337n, token: account(1) });
  await expect(relay.settle(account(1))).rejects.toMatchObject({ code });
  await expect(relay.claim([], '0x')).rejects.toMatchObject({ code: 'RECORD_INVALID' });
  server.closeAllConnections();
  server.close();
});
