/** One seeded run: a buyer, two sellers, a bad wire and processes that die; then the books against the chain. */
import { join } from 'node:path';
import { createChainClient } from '../../../main/payment/index.ts';
import { priceOfUnits } from '../../../protocol/tasks.ts';
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
  /** Largest loss of a seller on a task, and the most a buyer ever had promised beyond what it had, in chunks. */
  readonly sellerLoss: number;
  readonly buyerExposure: number;
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
  const sellers = [createSeller(await open('seller', 0n)), createSeller(await open('vendor', 0n))];
  let buyerExposure = 0;
  const buyer = createBuyer({
    ...(await open('buyer', 1_000_000_000n)),
    send: (message, seller) => {
      noteExposure();
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

  function noteExposure(): void {
    for (const channel of buyer.process.ledger.listChannels('requester')) {
      const newest = buyer.process.ledger.listTasks(1_000).find((task) => task.counterparty === channel.counterparty);
      if (newest === undefined) continue;
      const hash = `0x${newest.id.slice(2)}` as const;
      const agreement = buyer.process.ledger.findTask('requester', hash)?.agreement;
      if (agreement === undefined) continue;
      const open = channel.committed - channel.owed;
      buyerExposure = Math.max(buyerExposure, inChunks(open, agreement));
    }
  }

  let started = 0;
  while (started < taskCount) {
    for (const seller of sellers) {
      await buyer.settleUp(seller);
      await clock.run();
      if (started >= taskCount || !buyer.isFree(seller)) continue;
      await buyer.buy(seller, `${seed} ${started}`);
      started += 1;
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
  return { ...figures, ...counts, deaths, buyerExposure };
}

type Buyer = ReturnType<typeof createBuyer>;

async function addUp(market: MarketPlace, buyer: Buyer, sellers: readonly Seller[], tasks: number) {
  let [paidOnChain, booked, receipted, chunks, sellerLoss] = [0n, 0n, 0n, 0, 0];
  for (const { wallet, process } of sellers) {
    paidOnChain += await market.chain.usdcOf(wallet.address);
    const { earned, claimed, settled } = process.ledger.totals();
    if (earned !== claimed || claimed !== settled)
      throw new Error(`earned ${earned}, claimed ${claimed}, settled ${settled}`);
    booked += settled;
    for (const { id } of process.ledger.listTasks(100_000)) {
      const task = process.ledger.findTask('provider', `0x${id.slice(2)}`);
      if (task === undefined) continue;
      chunks += task.chunks;
      sellerLoss = Math.max(sellerLoss, inChunks(task.amountDue - task.owed, task.agreement));
    }
  }
  for (const { id } of buyer.process.ledger.listTasks(100_000)) {
    receipted += buyer.process.ledger.findTask('requester', `0x${id.slice(2)}`)?.receipt?.amountDue ?? 0n;
  }
  return { tasks, chunks, paidOnChain, booked, receipted, sellerLoss };
}

/** How many of the agreement's chunks the amount pays; rounding a price up may add one unit of money. */
function inChunks(amount: bigint, agreement: { chunkUnits: bigint; pricePerMillionUnits: bigint }): number {
  const chunk = priceOfUnits(agreement.chunkUnits, agreement.pricePerMillionUnits);
  return amount <= 0n ? 0 : Number(amount) / Number(chunk);
}
