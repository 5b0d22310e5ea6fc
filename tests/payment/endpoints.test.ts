/** Several endpoints of one chain, several nodes of one wallet, transactions that hang, and somebody else's gas. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Interface, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChainClient, createClaimWatch, createProviderPayments } from '../../main/payment/index.ts';
import type { ChainSettings } from '../../main/payment/index.ts';
import { openLedger } from '../../main/ledger/index.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import {
  channelConfigTuple,
  agree,
  deliverChunk,
  giveReceipt,
  hashOf,
  openMarketPlace,
  openTask,
  signAgreement,
  walletOf,
} from './market-place.ts';
import type { MarketPlace, ProviderParty, RequesterParty } from './market-place.ts';
import { startRpcProxy } from './rpc-proxy.ts';

let market: MarketPlace;
let buyer: RequesterParty;

beforeAll(async () => {
  market = await openMarketPlace();
  buyer = await market.addRequester('buyer');
});

afterAll(() => market.close());

async function sell(provider: ProviderParty, requester: RequesterParty, name: string): Promise<void> {
  const task = await openTask(market.chain, requester, provider, name);
  await deliverChunk(requester, provider, task, 10n);
  await giveReceipt(requester, provider, task);
}

function clientWith(name: string, settings: Partial<ChainSettings>, stuckAfterMs?: number) {
  return createChainClient({
    settings: { ...market.chain.settings, ...settings },
    wallet: walletOf(name),
    ...(stuckAfterMs === undefined ? {} : { stuckAfterMs }),
  });
}

test('when the first endpoint fails, the second one answers, sends and is seen to be alone', async () => {
  const proxy = await startRpcProxy(market.chain.settings.rpcUrl);
  const chain = clientWith('two ways', { rpcUrl: proxy.url, fallbackRpcUrls: [market.chain.settings.rpcUrl] });
  const provider = await market.addProvider('two ways', { chain });
  await sell(provider, buyer, 'with both');
  expect(chain.endpointsDown).toBe(0);
  proxy.isDown = true;
  await sell(provider, buyer, 'with one');
  expect(await provider.payments.claimAndSettle()).toMatchObject({ claimed: 200n, settled: 200n });
  expect(chain.endpointsDown).toBe(1);
  chain.close();
  await proxy.close();
});

test('an endpoint that invents a deposit is outvoted by the other; of two answers the poorer counts', async () => {
  const liar = await startRpcProxy(market.chain.settings.rpcUrl);
  const channels = new Interface(['function channels(bytes32) view returns (uint128, uint128)']);
  const selector = channels.getFunction('channels')?.selector ?? '';
  liar.answer = async ({ method, params }) => {
    const data = JSON.stringify(params[0] ?? '');
    if (method !== 'eth_call' || !data.includes(selector.slice(2))) return undefined;
    return channels.encodeFunctionResult('channels', [10n ** 18n, 0n]);
  };
  for (const [name, settings] of [
    ['liar first', { rpcUrl: liar.url, fallbackRpcUrls: [market.chain.settings.rpcUrl] }],
    ['liar second', { fallbackRpcUrls: [liar.url] }],
  ] as const) {
    const provider = await market.addProvider(name, { chain: clientWith(name, settings) });
    const task = await agree(market.chain, buyer, provider, `on nothing, ${name}`);
    const grown = { ...task.agreement, agreementId: hashOf(`grown ${name}`), maxUnits: 10_000n };
    const { signed, hash } = await signAgreement(31_337n, grown, buyer.wallet, provider.wallet);
    const refused = await provider.payments.openTask({
      signed,
      agreementHash: hash,
      channel: task.channel,
      kind: 'chat',
    });
    expect(refused, name).toMatchObject({ code: 'DEPOSIT_TOO_SMALL', available: 1_000n });
    // The owner is told when two looks saw it, and no more once it has ended.
    const opened = await provider.payments.openTask({
      signed: task.signed,
      agreementHash: task.hash,
      channel: task.channel,
      kind: 'chat',
    });
    expect(opened, name).toEqual({ ok: true });
    const { ledger, chain, payments, wallet } = provider;
    const watch = createClaimWatch({ ledger, chain, payments, walletAddress: wallet.address });
    await watch.look();
    expect(watch.alarms, name).toEqual([]);
    await watch.look();
    expect(watch.alarms, name).toMatchObject([
      { code: 'ENDPOINTS_DISAGREE', severity: 'warning', message: expect.stringContaining('about 1 channel;') },
    ]);
    payments.closeTask(task.hash, 'over');
    await watch.look();
    expect(watch.alarms, name).toEqual([]);
    chain.close();
  }
  await liar.close();
});

test('a wrong chain behind the first endpoint does not hide the right one behind the second', async () => {
  const wrong = await startRpcProxy(market.chain.settings.rpcUrl);
  wrong.answer = ({ method }) => Promise.resolve(method === 'eth_chainId' ? '0x1' : undefined);
  const both = clientWith('lost', { rpcUrl: wrong.url, fallbackRpcUrls: [market.chain.settings.rpcUrl] });
  expect(await both.tokenBalance(buyer.wallet.address)).toBeGreaterThan(0n);
  const alone = clientWith('lost', { rpcUrl: wrong.url });
  await expect(alone.tokenBalance(buyer.wallet.address)).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' });
  both.close();
  alone.close();
  await wrong.close();
});

test('a deposit counts when it lies deep enough', async () => {
  const chain = clientWith('careful', { confirmations: 3 });
  const provider = await market.addProvider('careful', { chain });
  const { agreement, signed, hash, channel } = await agree(market.chain, buyer, provider, 'too fresh');
  const open = () => provider.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
  expect(await open()).toMatchObject({ code: 'CHANNEL_UNKNOWN' });
  await market.chain.request('anvil_mine', ['0x2']);
  expect(await open()).toMatchObject({ code: 'CHANNEL_UNKNOWN' });
  await market.chain.request('anvil_mine', ['0x1']);
  expect(await open()).toEqual({ ok: true });

  // The requester waits for it, so that its task is not refused.
  const patient = clientWith('buyer', { confirmations: 2 });
  const depositing = patient.deposit(channel, 5n);
  const mining = setInterval(() => void market.chain.request('anvil_mine', ['0x1']), 50);
  await depositing.finally(() => clearInterval(mining));
  expect((await chain.readChannel(agreement.channelId, 2)).balance).toBe(1_005n);
  patient.close();
  chain.close();
});

test('nodes of one wallet that claim at once are all paid', async () => {
  const wallet = walletOf('shared');
  await market.chain.fund(wallet.address, { eth: 10n ** 18n });
  const nodes: ProviderParty[] = [];
  for (const name of ['north', 'south', 'east']) {
    const ledger = openLedger({ path: `${market.folder}/shared ${name}.db` });
    const chain = createChainClient({ settings: market.chain.settings, wallet });
    const payments = createProviderPayments({ ledger, chain, signer: wallet });
    nodes.push({ receiver: wallet.address, wallet, ledger, chain, payments });
  }
  const buyers: RequesterParty[] = [];
  for (const index of nodes.keys()) buyers.push(await market.addRequester(`neighbour ${index}`));
  for (let round = 0; round < 4; round += 1) {
    for (const [index, node] of nodes.entries()) await sell(node, buyers[index] ?? buyer, `shared ${round} ${index}`);
    await Promise.all(nodes.map((node) => node.payments.claimAndSettle()));
    expect(await market.chain.usdcOf(wallet.address)).toBe(BigInt(300 * (round + 1)));
    for (const node of nodes) expect(node.payments.totals()).toMatchObject({ earned: BigInt(100 * (round + 1)) });
  }
  for (const node of nodes) {
    expect(node.payments.totals().claimed).toBe(400n);
    node.chain.close();
    node.ledger.close();
  }
});

test('a transaction that nobody mines is sent again with a higher fee until it is mined, once', async () => {
  const chain = clientWith('stuck', {}, 150);
  const provider = await market.addProvider('stuck', { chain });
  await sell(provider, buyer, 'stuck');
  await market.chain.request('evm_setAutomine', [false]);
  try {
    const claiming = provider.payments.claimAndSettle();
    const pending = async (): Promise<{ hash: string; maxFeePerGas: string } | undefined> => {
      const content = (await market.chain.request('txpool_content', [])) as {
        pending: Record<string, Record<string, { hash: string; maxFeePerGas: string }>>;
      };
      const own = Object.entries(content.pending).find(
        ([from]) => from.toLowerCase() === provider.wallet.address.toLowerCase(),
      );
      return Object.values(own?.[1] ?? {})[0];
    };
    const first = await expect.poll(pending, { timeout: 5_000 }).toBeDefined().then(pending);
    const raised = async (): Promise<bigint> => BigInt((await pending())?.maxFeePerGas ?? 0);
    const floor = (BigInt(first?.maxFeePerGas ?? 0) * 110n) / 100n;
    await expect.poll(raised, { timeout: 5_000 }).toBeGreaterThan(floor);
    await market.chain.request('evm_mine', []);
    const report = await claiming;
    expect(report).toMatchObject({ claimed: 100n, settled: 100n });
    expect(report.transactionHashes).toHaveLength(1);
    expect(report.transactionHashes[0]).not.toBe(first?.hash);
    expect(await market.chain.usdcOf(provider.wallet.address)).toBe(100n);
  } finally {
    await market.chain.request('evm_setAutomine', [true]);
    chain.close();
  }
});

/** A facilitator as x402 describes it: takes the payload, sends the transaction from its own account. */
async function startRelay() {
  const account = walletOf('relay');
  await market.chain.fund(account.address, { eth: 10n ** 18n });
  const provider = new JsonRpcProvider(market.chain.settings.rpcUrl, undefined, { cacheTimeout: -1 });
  const sender = new Wallet(hashOf('wallet of relay'), provider);
  const tuple = channelConfigTuple.replace(' config', ' channel');
  const abi = new Interface([
    `function claimWithSignature(tuple(tuple(tuple${tuple}, uint128 maxClaimableAmount) voucher, bytes signature, uint128 totalClaimed)[] claims, bytes authorizerSignature)`,
    'function settle(address receiver, address token)',
  ]);
  const refusals: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (data: Buffer) => (text += data.toString()));
    request.on('end', () => {
      void (async () => {
        const { paymentPayload } = JSON.parse(text) as { paymentPayload: { payload: Record<string, unknown> } };
        const { payload } = paymentPayload;
        const [reason] = refusals.splice(0, 1);
        if (reason !== undefined && reason !== '')
          return response.end(JSON.stringify({ success: false, errorReason: reason, transaction: '' }));
        const data =
          payload['type'] === 'claim'
            ? abi.encodeFunctionData('claimWithSignature', [payload['claims'], payload['claimAuthorizerSignature']])
            : abi.encodeFunctionData('settle', [payload['receiver'], payload['token']]);
        const sent = await sender.sendTransaction({ to: settlementAddress, data });
        await sent.wait();
        return response.end(JSON.stringify({ success: true, transaction: sent.hash, network: 'eip155:31337' }));
      })().catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    refusals,
    close() {
      provider.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

test('with a relay an owner needs no gas; a relay that refuses or is gone loses nothing', async () => {
  const relay = await startRelay();
  const chain = clientWith('gasless', { relayUrl: relay.url });
  await expect(chain.claim([], null)).rejects.toMatchObject({ code: 'RECORD_INVALID' });
  const provider = market.restartProvider('gasless', { chain });
  expect(await chain.coinBalance(provider.wallet.address)).toBe(0n);
  await sell(provider, buyer, 'gasless');
  relay.refusals.push('batch_settlement_simulation_failed');
  const refused = expect.objectContaining({
    code: 'RELAY_REFUSED',
    message: expect.stringContaining('simulation_failed'),
  });
  await expect(provider.payments.claimAndSettle()).rejects.toThrow(refused);
  expect(await provider.payments.claimAndSettle()).toMatchObject({ claimed: 100n, settled: 100n, channels: 1 });
  expect(await market.chain.usdcOf(provider.wallet.address)).toBe(100n);
  expect(await chain.coinBalance(provider.wallet.address)).toBe(0n);
  expect(await chain.gasPrice()).toBe(0n);
  await sell(provider, buyer, 'gasless again');
  const { payments } = provider;
  // Claimed, and then the pay-out is refused: the next time it is all there is to do.
  relay.refusals.push('', 'no_pay_out_now');
  await expect(payments.claimAndSettle()).rejects.toThrow('no_pay_out_now');
  expect(await payments.claimAndSettle()).toMatchObject({ claimed: 100n, settled: 100n });
  await sell(provider, buyer, 'gasless and alone');
  // As with more channels than fit into one transaction: claimed now, paid out with the last of them.
  const [channel] = provider.ledger.listChannels('provider');
  if (typeof channel?.signature !== 'string') throw new Error('no voucher');
  const { config, ceiling, signature } = channel;
  const row = { config, maxClaimableAmount: ceiling, signature, totalClaimed: 250n };
  expect(await chain.claim([row], null)).toMatchObject({ transactionHash: expect.stringMatching(/^0x/) });
  relay.close();
  await expect(payments.claimAndSettle()).rejects.toMatchObject({ code: 'RELAY_UNREACHABLE' });
  expect(payments.totals()).toEqual({ earned: 300n, claimed: 250n, settled: 200n });
  chain.close();
});
