/** One seeded run: a buyer, two sellers, a bad wire and processes that die; then the books against the chain. */
import { join } from 'node:path';
import { createChainClient } from '../../../main/payment/index.ts';
import { chunkPriceOf } from '../../../main/payment/open-tasks.ts';
import { promisedBeyond } from '../../../main/payment/requester-exposure.ts';
import type { ChannelRecord, Ledger } from '../../../main/ledger/index.ts';
import { walletOf } from '../../payment/market-place.ts';
import type { MarketPlace } from '../../payment/market-place.ts';
import { createBuyer } from './buyer.ts';
import { createRandom } from './seeded-random.ts';
import { createSeller } from './seller.ts';
import type { Seller } from './seller.ts';
import { createClock, createWire } from './wire.ts';

export interface RunFigures {
  readonly tasks: number;
  readonly chunks: number;
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
  readonly deaths: number;
  /** Amounts in the token's smallest unit: chain, the sellers' books, the sum of the receipts. */
  readonly paidOnChain: bigint;
  readonly booked: bigint;
  readonly receipted: bigint;
  /** Largest loss of a seller on a task, in chunks. */
  readonly sellerLoss: number;
  /**
   * The most that one side ever had at risk with the other over all their tasks, in chunks of the dearest that was open:
   * delivered and not confirmed; signed and not delivered.
   */
  readonly sellerExposure: number;
  readonly buyerExposure: number;
  /** Tasks that the seller would not begin, because too much was left unpaid. */
  readonly refused: number;
}

export async function simulate(market: MarketPlace, seed: number, taskCount: number): Promise<RunFigures> {
  const random = createRandom(seed);
  const clock = createClock(Date.now());
  const counts = { sent: 0, lost: 0, doubled: 0 };
  const wire = createWire(clock, random, counts);
  const { settings } = market.chain;
  const clients: { close(): void }[] = [];
  const open = async (name: string, usdc: bigint) => {
    const wallet = walletOf(`${name} ${seed}`);
    await market.chain.fund(wallet.address, { eth: 10n ** 18n, usdc });
    const chain = createChainClient({ settings, wallet });
    clients.push(chain);
    return { wallet, chain, path: join(market.folder, `${name}-${seed}.db`), random, deathEvery: 60, clock };
  };
  const sellers: Seller[] = [];
  for (const name of ['seller', 'vendor']) {
    const at = sellers.length;
    sellers.push(createSeller({ ...(await open(name, 0n)), onComputed: () => noteSeller(sellers[at]) }));
  }
  let [buyerExposure, sellerExposure] = [0, 0];
  /** Ceiling of each channel when it was looked at last. */
  const ceilings = new Map<string, bigint>();
  const buyer = createBuyer({
    ...(await open('buyer', 1_000_000_000n)),
    send: (message, seller) => {
      noteBuyer();
      wire(message, (received) =>
        seller.receive(received, (reply) => wire(reply, (answer) => buyer.receive(answer, seller))),
      );
    },
  });

  // A first deposit that lasts for many tasks; its promise has run out before the first of them.
  for (const { wallet } of sellers) {
    const first = { receiver: wallet.address, receiverAuthorizer: wallet.address, amount: 200n * BigInt(taskCount) };
    await buyer.process.state.payments.openChannel(first);
  }
  clock.after(130_000, async () => {});
  await clock.run();

  /** Right after a voucher was signed: what arrives or ends later only makes it less. */
  function noteBuyer(): void {
    const { ledger } = buyer.process;
    for (const channel of ledger.listChannels('requester')) {
      if (ceilings.get(channel.channelId) === channel.ceiling) continue;
      ceilings.set(channel.channelId, channel.ceiling);
      buyerExposure = Math.max(buyerExposure, ratio(promisedBeyond(channel), dearestChunk(ledger, channel)));
    }
  }

  function noteSeller(seller: Seller | undefined): void {
    if (seller === undefined) return;
    const { ledger } = seller.process;
    for (const channel of ledger.listChannels('provider')) {
      const atRisk = channel.committed - channel.owed;
      sellerExposure = Math.max(sellerExposure, ratio(atRisk, dearestChunk(ledger, channel)));
    }
  }

  let started = 0;
  while (started < taskCount) {
    for (const seller of sellers) {
      await buyer.settleUp(seller);
      await clock.run();
      if (!buyer.isFree(seller)) continue;
      // One to three side by side on the same channel.
      for (let beside = random.below(3); beside >= 0 && started < taskCount; beside -= 1) {
        await buyer.buy(seller, `${seed} ${started}`);
        started += 1;
      }
    }
    // Both tasks run at once, to their end or until somebody dies.
    await clock.run();
    const lucky = sellers[random.below(6)];
    if (lucky !== undefined) await lucky.claim();
  }

  buyer.process.spare();
  for (const seller of sellers) {
    seller.process.spare();
    while (!buyer.isFree(seller)) {
      await buyer.settleUp(seller);
      await clock.run();
    }
    await seller.claim();
  }

  const figures = await addUp(market, buyer, sellers, started);
  const deaths = [...sellers, buyer].reduce((sum, one) => sum + one.process.deaths, 0);
  for (const one of [...sellers, buyer]) {
    one.process.ledger.verify();
    one.process.close();
  }
  for (const client of clients) client.close();
  return { ...figures, ...counts, deaths, buyerExposure, sellerExposure };
}

type Buyer = ReturnType<typeof createBuyer>;

async function addUp(market: MarketPlace, buyer: Buyer, sellers: readonly Seller[], tasks: number) {
  let [paidOnChain, booked, receipted, chunks, sellerLoss, begun] = [0n, 0n, 0n, 0, 0, 0];
  for (const { wallet, process } of sellers) {
    paidOnChain += await market.chain.usdcOf(wallet.address);
    const { earned, claimed, settled } = process.ledger.totals();
    if (earned !== claimed || claimed !== settled)
      throw new Error(`earned ${earned}, claimed ${claimed}, settled ${settled}`);
    booked += settled;
    for (const { id } of process.ledger.listTasks(100_000)) {
      const task = process.ledger.findTask('provider', `0x${id.slice(2)}`);
      if (task === undefined) continue;
      begun += 1;
      chunks += task.chunks;
      sellerLoss = Math.max(sellerLoss, ratio(task.amountDue - task.owed, chunkPriceOf(task.agreement)));
    }
  }
  for (const { id } of buyer.process.ledger.listTasks(100_000)) {
    receipted += buyer.process.ledger.findTask('requester', `0x${id.slice(2)}`)?.receipt?.amountDue ?? 0n;
  }
  return { tasks, chunks, paidOnChain, booked, receipted, sellerLoss, refused: tasks - begun };
}

/** Of the channel's tasks whose receipt is not with both sides yet. */
function dearestChunk(ledger: Ledger, { role, channelId }: ChannelRecord): bigint {
  const prices = ledger.listTasks(12).flatMap(({ id }) => {
    const task = ledger.findTask(role, `0x${id.slice(2)}`);
    return task?.channelId === channelId && !task.receiptDelivered ? [chunkPriceOf(task.agreement)] : [];
  });
  return prices.reduce((dearest, price) => (price > dearest ? price : dearest), 1n);
}

function ratio(amount: bigint, ofOneChunk: bigint): number {
  return amount <= 0n ? 0 : Number(amount) / Number(ofOneChunk);
}
