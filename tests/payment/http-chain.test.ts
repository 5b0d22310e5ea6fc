/** The chain calls of HTTP payments against a real chain: what a client authorized wrongly is not deposited. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChainClient } from '../../main/payment/index.ts';
import { openHttpChain } from '../../main/payment/x402-http/index.ts';
import type { HttpChain } from '../../main/payment/x402-http/index.ts';
import type { ChainSettings } from '../../main/payment/index.ts';
import { account, bytes32 } from '../ledger/facts.ts';
import { agree, openMarketPlace, walletOf } from './market-place.ts';
import type { MarketPlace } from './market-place.ts';

let market: MarketPlace;
const closers: (() => void)[] = [];

beforeAll(async () => {
  market = await openMarketPlace();
});

afterAll(async () => {
  for (const close of closers) close();
  await market.close();
});

async function openChain(settings: Partial<ChainSettings> = {}): Promise<HttpChain> {
  const wallet = walletOf('seller over HTTP');
  await market.chain.fund(wallet.address, { eth: 10n ** 18n });
  const chain = createChainClient({ settings: { ...market.chain.settings, ...settings }, wallet });
  const http = openHttpChain({ chain, wallet });
  closers.push(chain.close, http.close);
  return http;
}

const signature = `0x${'11'.repeat(64)}1b` as const;

test('a deposit with a signature of nobody is reverted, by EIP-3009 and by Permit2', async () => {
  const http = await openChain();
  const buyer = await market.addRequester('careless');
  const { channel, agreement } = await agree(market.chain, buyer, await market.addProvider('seller'), 'careless');
  const reverted = { code: 'TRANSACTION_REVERTED' };
  const receive = { method: 'eip3009', validAfter: 0n, validBefore: 2n ** 40n, salt: 1n, signature } as const;
  await expect(http.deposit(channel, 5n, receive)).rejects.toMatchObject(reverted);
  const permit = { method: 'permit2', nonce: 1n, deadline: 2n ** 40n, signature } as const;
  await expect(http.deposit(channel, 5n, permit)).rejects.toMatchObject(reverted);
  expect((await http.readChannel(agreement.channelId)).balance).toBe(1_000n);
  expect(await http.readRefundNonce(bytes32(1))).toBe(0n);
});

test('a token that does not tell its name is named; an endpoint that is gone is not taken for such a token', async () => {
  expect(await (await openChain()).readTokenDomain()).toEqual({ name: 'USDC', version: '2' });
  const nameless = await openChain({ token: account(0x5555) });
  await expect(nameless.readTokenDomain()).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' });
  const gone = await openChain({ rpcUrl: 'http://127.0.0.1:9' });
  await expect(gone.readTokenDomain()).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
});
