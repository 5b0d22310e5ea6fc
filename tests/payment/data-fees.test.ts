/** The fee for a claim's data on chains that take one, told by a stand-in for their contract on the local chain. */
import { Interface, Transaction } from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createChainClient, createClaimWatch } from '../../main/payment/index.ts';
import { claimBytes, gasPriceOracleAddress } from '../../main/payment/data-fees.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { deliverChunk, giveReceipt, openMarketPlace, openTask, walletOf } from './market-place.ts';
import type { MarketPlace } from './market-place.ts';
import { startRpcProxy } from './rpc-proxy.ts';

let market: MarketPlace;

beforeAll(async () => {
  market = await openMarketPlace();
});

beforeEach(() => place('0x'));

afterAll(() => market.close());

const place = (code: Hex): Promise<unknown> => market.chain.request('anvil_setCode', [gasPriceOracleAddress, code]);

/** A thousand gwei a byte. */
const weiPerByte = 1_000_000_000_000n;
const abi = new Interface(['function getL1FeeUpperBound(uint256)', 'function getL1Fee(bytes)']);
const selectorOf = (name: string): string => abi.getFunction(name)?.selector.slice(2) ?? '';

/** Answers `name` with `weiPerByte` times the word at `offset`, and reverts on every other function. */
function answering(name: string, offset: number, factor = weiPerByte): Hex {
  // Selector: load, shift, compare, jump to 0x14; else revert. Then load, multiply, return.
  const start = `60003560e01c63${selectorOf(name)}14601457600080fd`;
  const jumped = `5b60${offset.toString(16).padStart(2, '0')}3567${factor.toString(16).padStart(16, '0')}0260005260206000f3`;
  return `0x${start.padEnd(40, '0')}${jumped}`;
}

function clientOf(name: string, settings: object = {}) {
  return createChainClient({ settings: { ...market.chain.settings, ...settings }, wallet: walletOf(name) });
}

const feeOf = (sizeBytes: number): bigint => (BigInt(sizeBytes) * weiPerByte * 125n) / 100n;

test.each<[string, () => Hex]>([
  ['an upper bound for a size', () => answering('getL1FeeUpperBound', 4)],
  ['the fee of the data themselves, as before the Fjord upgrade', () => answering('getL1Fee', 36)],
])('a chain that tells %s has it counted, with a quarter for what rises meanwhile', async (_what, code) => {
  await place(code());
  const chain = clientOf('payer of data');
  const { ofTransaction, ofChannel } = await chain.dataFees();
  expect(ofChannel).toBe(feeOf(claimBytes(2) - claimBytes(1)));
  expect(ofTransaction + ofChannel).toBe(feeOf(claimBytes(1)));
  chain.close();
});

test('without the contract, with another one in its place, or with a relay, data cost nothing', async () => {
  const nothing = { ofTransaction: 0n, ofChannel: 0n };
  const chain = clientOf('no oracle');
  expect(await chain.dataFees()).toEqual(nothing);
  // Looked for once: a chain does not become another one.
  await place(answering('getL1FeeUpperBound', 4));
  expect(await chain.dataFees()).toEqual(nothing);
  chain.close();
  const relayed = clientOf('relayed', { relayUrl: 'http://127.0.0.1:9' });
  expect(await relayed.dataFees()).toEqual(nothing);
  relayed.close();
  await place('0x60006000fd');
  const strange = clientOf('strange');
  expect(await strange.dataFees()).toEqual(nothing);
  strange.close();
});

test('an endpoint that fails is not taken for a chain without a fee, and is asked again', async () => {
  await place(answering('getL1FeeUpperBound', 4));
  const proxy = await startRpcProxy(market.chain.settings.rpcUrl);
  const chain = clientOf('unlucky', { rpcUrl: proxy.url });
  for (const method of ['eth_getCode', 'eth_call']) {
    proxy.answer = (call) => (call.method === method ? Promise.reject(new Error('down')) : Promise.resolve(undefined));
    await expect(chain.dataFees()).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  }
  proxy.answer = () => Promise.resolve(undefined);
  expect((await chain.dataFees()).ofChannel).toBeGreaterThan(0n);
  chain.close();
  await proxy.close();
});

test('a claim that pays for its gas waits while its data would cost too much', async () => {
  const provider = await market.addProvider('patient with data');
  const buyer = await market.addRequester('buyer');
  const task = await openTask(market.chain, buyer, provider, 'dear data', { pricePerMillionUnits: 10n ** 12n });
  await deliverChunk(buyer, provider, task, 10n);
  await giveReceipt(buyer, provider, task);
  const { ledger, payments, wallet } = provider;
  const chain = clientOf('patient with data', { coinPrice: 100_000_000n });
  const watch = createClaimWatch({ ledger, payments, walletAddress: wallet.address, chain });
  // Ten dollars are earned. At a hundred dollars a coin the data cost a hundred of them, then ten cents.
  await place(answering('getL1FeeUpperBound', 4, 1_000n * weiPerByte));
  expect(await watch.look()).toMatchObject({ claimed: 0n });
  await place(answering('getL1FeeUpperBound', 4));
  expect(await watch.look()).toMatchObject({ claimed: 10_000_000n });
  chain.close();
});

test('the size that is reckoned with is that of the transactions that are sent', async () => {
  const provider = await market.addProvider('measured');
  const buyers = [await market.addRequester('first'), await market.addRequester('second')];
  for (const count of [1, 2]) {
    for (const buyer of buyers.slice(0, count)) {
      const task = await openTask(market.chain, buyer, provider, `measured ${count} ${buyer.wallet.address}`);
      await deliverChunk(buyer, provider, task, 10n);
      await giveReceipt(buyer, provider, task);
    }
    const { transactionHashes } = await provider.payments.claimAndSettle();
    const sent = (await market.chain.request('eth_getTransactionByHash', [transactionHashes[0]])) as { input: Hex };
    const unsigned = Transaction.from({
      type: 2,
      chainId: 8_453n,
      nonce: 1_000,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 10n ** 9n,
      gasLimit: 500_000n,
      to: gasPriceOracleAddress,
      data: sent.input,
    }).unsignedSerialized;
    const sizeBytes = unsigned.length / 2 - 1;
    expect(Math.abs(claimBytes(count) - sizeBytes)).toBeLessThan(40);
    expect(claimBytes(count)).toBeGreaterThanOrEqual(sizeBytes);
  }
});
