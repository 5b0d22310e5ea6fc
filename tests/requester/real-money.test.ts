/** The same jobs with everything real but the GPU: libp2p, ledgers on disk, vouchers, a local chain, claims. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRequester } from '../../main/requester/index.ts';
import { createNetwork, type HearthNetwork } from '../../main/network/index.ts';
import { verifyReceiptDocument } from '../../protocol/verify-receipt.ts';
import { type MarketPlace, openMarketPlace } from '../payment/market-place.ts';
import { shaderSetHash } from './market.ts';
import { openToySeller, type ToySeller } from './toy-seller.ts';
import { createToyWorker, toyModelSha256, toySceneSha256, toyStore, type ToyWorkerOptions } from './toy-worker.ts';

let place: MarketPlace;
let networks: HearthNetwork[];
beforeEach(async () => {
  networks = [];
  place = await openMarketPlace();
});
afterEach(async () => {
  await Promise.all(networks.map((network) => network.stop()));
  await place.close();
});

async function sell(name: string, options: ToyWorkerOptions = {}): Promise<ToySeller> {
  const seller = await openToySeller(place, name, options);
  networks.push(seller.network);
  return seller;
}

async function buyFrom(sellers: readonly { network: HearthNetwork }[]) {
  const party = await place.addRequester('buyer');
  const { chainId, token } = place.chain.settings;
  const closed = { ok: false, code: 'NOT_ACCEPTING', message: 'this node only buys' } as const;
  const network = await createNetwork(
    {
      signer: party.wallet,
      chainId,
      token,
      describe: () => ({ provides: false, name: 'buyer', adapterClass: 'toy' }),
      handlers: {
        quote: () => Promise.resolve(closed),
        task: (stream) => stream.close(),
        refund: () => Promise.resolve(closed),
        receipt: () => Promise.resolve(closed),
      },
    },
    { dataDirectory: `${place.folder}/buyer`, listen: [] },
  );
  networks.push(network);
  const requester = createRequester({
    network,
    payments: party.payments,
    signer: party.wallet,
    chainId,
    shaderSetHash,
    worker: createToyWorker(),
    store: toyStore,
    adapterClass: () => 'toy',
    providerWaitMs: 0,
  });
  for (const seller of sellers) await network.connect(seller.network.addresses()[0]!);
  return { ...party, requester };
}

const chat = {
  modelSha256: toyModelSha256,
  messages: [{ role: 'user' as const, content: 'Say something.' }],
  maxTokens: 60,
  temperatureMillionths: 0,
  seed: 4,
};
const render = {
  sceneSha256: toySceneSha256,
  widthPixels: 48,
  heightPixels: 32,
  samplesPerPixel: 4,
  seed: 1,
  maxBounces: 4,
  tileSidePixels: 16,
};

test('chain, ledgers and receipts agree to the last unit after a chat and a picture from two providers', async () => {
  const sellers = [await sell('one'), await sell('two')];
  const buyer = await buyFrom(sellers);
  const answer = await buyer.requester.requestChat(chat);
  const picture = await buyer.requester.requestRender(render);
  const parts = [...answer.parts, ...picture.parts];
  expect(parts.map(({ verdict }) => verdict)).toEqual(['verified', 'verified', 'verified']);
  for (const { receipt } of parts) expect(verifyReceiptDocument(receipt).ok).toBe(true);
  const due = parts.reduce((sum, part) => sum + part.amountDue, 0n);
  // Two halves of 3072 samples at a tenth of a unit, each rounded up once.
  expect(due).toBe(600n + 308n + 308n);
  let settled = 0n;
  for (const seller of sellers) {
    const report = await seller.payments.claimAndSettle();
    const own = parts.filter((part) => part.wallet.toLowerCase() === seller.wallet.address.toLowerCase());
    expect(report.settled).toBe(own.reduce((sum, part) => sum + part.amountDue, 0n));
    settled += report.settled;
  }
  expect(settled).toBe(due);
  expect(buyer.payments.totals().spent).toBe(due);
});

test('a provider that is lost in the middle still claims what was acknowledged, and nothing is paid twice', async () => {
  let calls = 0;
  const first = await sell('first', {
    before: async (kind) => {
      if (kind === 'next-tokens' && (calls += 1) > 3) await first.network.stop();
    },
  });
  const buyer = await buyFrom([first]);
  await expect(buyer.requester.requestChat(chat)).rejects.toMatchObject({
    code: 'NO_PROVIDER',
    parts: [{ verdict: 'partial' }],
  });
  const [owed] = buyer.payments.undeliveredReceipts(first.wallet.address);
  const report = await first.payments.claimAndSettle();
  expect(report.settled).toBeGreaterThan(0n);
  expect(report.settled).toBeLessThanOrEqual(owed!.receipt.amountDue);
});

test('what is left of the deposits comes back over the network, from those who are there', async () => {
  const sellers = [await sell('giver'), await sell('goer')];
  const buyer = await buyFrom(sellers);
  const channelIds: string[] = [];
  for (const { wallet } of sellers) {
    const { address } = wallet;
    const opened = await buyer.payments.openChannel({ receiver: address, receiverAuthorizer: address, amount: 500n });
    channelIds.push(opened.ok ? opened.channelId : opened.code);
  }
  // Neither has sold anything yet: a provider knows the channels that it was paid on.
  expect(await buyer.requester.collectRefunds(channelIds[0])).toMatchObject([{ refusal: { code: 'CHANNEL_UNKNOWN' } }]);
  await buyer.requester.requestRender(render);
  await sellers[1]!.network.stop();
  const held = await place.chain.usdcOf(buyer.wallet.address);
  const outcomes = await buyer.requester.collectRefunds();
  const [given, gone] = channelIds.map((id) => outcomes.find(({ channelId }) => channelId === id));
  expect(given).toMatchObject({ refusal: null, transactionHash: expect.stringMatching(/^0x/) });
  expect(given?.refunded).toBeGreaterThan(0n);
  expect(gone).toMatchObject({ refunded: 0n, refusal: { code: 'UNREACHABLE' } });
  expect(await place.chain.usdcOf(buyer.wallet.address)).toBe(held + (given?.refunded ?? 0n));
  const again = await buyer.requester.collectRefunds(channelIds[0]);
  expect(again).toMatchObject([{ refunded: 0n, refusal: { code: 'REFUND_AMOUNT' } }]);
  expect(await buyer.requester.collectRefunds(`0x${'00'.repeat(32)}`)).toEqual([]);
});
