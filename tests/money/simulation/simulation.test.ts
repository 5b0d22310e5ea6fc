/** Real payments and ledgers, a real chain, and everything else as bad as it gets, from seeds. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMarketPlace } from '../../payment/market-place.ts';
import type { MarketPlace } from '../../payment/market-place.ts';
import { simulate } from './simulate.ts';

const isSoak = process.env['HEARTH_SOAK'] === '1';
const seeds = 50;
/** A long run that was ended goes on here. */
const firstSeed = Number(process.env['HEARTH_FIRST_SEED'] ?? 1);
const tasksOfRun = isSoak ? 200 : 8;

let market: MarketPlace;

beforeAll(async () => {
  market = await openMarketPlace();
});

afterAll(() => market.close());

test(
  `${seeds} seeds of ${tasksOfRun} tasks: chain, books and receipts agree, and nobody loses more than a chunk`,
  async () => {
    const startMs = performance.now();
    const sums = {
      tasks: 0,
      chunks: 0,
      sent: 0,
      lost: 0,
      doubled: 0,
      deaths: 0,
      paid: 0n,
      refused: 0,
      sellerLoss: 0,
      sellerExposure: 0,
      buyerExposure: 0,
    };
    for (let seed = firstSeed; seed <= seeds; seed += 1) {
      const run = await simulate(market, seed, tasksOfRun);
      const { paidOnChain, booked, receipted } = run;
      expect({ booked, receipted }, `seed ${seed}`).toEqual({ booked: paidOnChain, receipted: paidOnChain });
      expect(run.sellerLoss, `seller's loss, seed ${seed}`).toBeLessThanOrEqual(1);
      expect(run.sellerExposure, `seller's exposure, seed ${seed}`).toBeLessThanOrEqual(1);
      expect(run.buyerExposure, `buyer's exposure, seed ${seed}`).toBeLessThanOrEqual(1);
      for (const name of ['tasks', 'chunks', 'sent', 'lost', 'doubled', 'deaths', 'refused'] as const)
        sums[name] += run[name];
      sums.paid += paidOnChain;
      sums.sellerLoss = Math.max(sums.sellerLoss, run.sellerLoss);
      sums.sellerExposure = Math.max(sums.sellerExposure, run.sellerExposure);
      sums.buyerExposure = Math.max(sums.buyerExposure, run.buyerExposure);
      if (isSoak)
        console.log(`seed ${seed} of ${seeds}: ${sums.tasks} tasks, ${sums.deaths} deaths, ${secondsSince(startMs)} s`);
    }
    console.log(
      `simulation: ${seeds} seeds, ${sums.tasks} tasks, ${sums.chunks} chunks, ${sums.sent} messages ` +
        `(${sums.lost} lost, ${sums.doubled} doubled), ${sums.deaths} deaths; ${sums.paid} paid = booked = receipted; ` +
        `${sums.refused} tasks not begun over unpaid chunks; largest loss of a seller on a task ${sums.sellerLoss.toFixed(3)}, ` +
        `largest exposure over all tasks of a pair: seller ${sums.sellerExposure.toFixed(3)}, buyer ${sums.buyerExposure.toFixed(3)} chunks; ` +
        `${secondsSince(startMs)} s`,
    );
  },
  isSoak ? 3_600_000 : 240_000,
);

function secondsSince(startMs: number): string {
  return ((performance.now() - startMs) / 1_000).toFixed(1);
}
