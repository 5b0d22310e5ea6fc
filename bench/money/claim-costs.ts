/**
 * What claims cost: gas and size of the transactions, measured on a local chain, and what that comes to on a chain of the
 * OP stack at stated prices, by the formula of its GasPriceOracle since Fjord (docs.base.org, specs/upgrades/fjord).
 * `node bench/money/claim-costs.ts` writes bench/results/claim-costs.json.
 */
import { writeFileSync } from 'node:fs';
import type { Hex } from '../../protocol/agreement.ts';
import { claimBytes } from '../../main/payment/data-fees.ts';
import { deliverChunk, giveReceipt, openMarketPlace, openTask } from '../../tests/payment/market-place.ts';
import type { RequesterParty } from '../../tests/payment/market-place.ts';

const counts = [1, 5, 25];
const market = await openMarketPlace();
const provider = await market.addProvider('provider');
const buyers: RequesterParty[] = [];
for (let index = 0; index < 25; index += 1) buyers.push(await market.addRequester(`buyer ${index}`));

async function claimFrom(count: number): Promise<{ channels: number; gas: number; sentBytes: number }> {
  for (const buyer of buyers.slice(0, count)) {
    const task = await openTask(market.chain, buyer, provider, `${count} ${buyer.wallet.address} ${Math.random()}`);
    await deliverChunk(buyer, provider, task, 10n);
    await giveReceipt(buyer, provider, task);
  }
  const { transactionHashes } = await provider.payments.claimAndSettle();
  const ask = async (method: string) =>
    (await market.chain.request(method, [transactionHashes.at(-1)])) as { gasUsed: Hex; input: Hex };
  const { gasUsed } = await ask('eth_getTransactionReceipt');
  const { input } = await ask('eth_getTransactionByHash');
  return { channels: count, gas: Number(gasUsed), sentBytes: input.length / 2 - 1 };
}

// The first claim of all opens storage that later ones find.
await claimFrom(25);
const measured = [];
for (const count of counts) measured.push(await claimFrom(count));

/** In gwei, and dollars a coin. The scalars are the oracle's to tell; these are assumed for the table. */
const scalars = { baseFeeScalar: 2_269, blobBaseFeeScalar: 1_055_762 };
const situations = [
  { name: 'quiet', l2GasGwei: 0.005, l1BaseFeeGwei: 0.5, blobBaseFeeGwei: 0.000001, coinDollars: 5_000 },
  { name: 'ordinary', l2GasGwei: 0.01, l1BaseFeeGwei: 5, blobBaseFeeGwei: 0.1, coinDollars: 5_000 },
  { name: 'dear', l2GasGwei: 0.1, l1BaseFeeGwei: 50, blobBaseFeeGwei: 20, coinDollars: 5_000 },
];

/** Upper bound in gwei for an unsigned transaction of so many bytes. */
function dataFeeGwei(sizeBytes: number, { l1BaseFeeGwei, blobBaseFeeGwei }: (typeof situations)[number]): number {
  const signed = sizeBytes + 68;
  const bound = signed + Math.floor(signed / 255) + 16;
  const scaled = Math.max(100e6, -42_585_600 + 836_500 * bound);
  return (scaled * (scalars.baseFeeScalar * 16 * l1BaseFeeGwei + scalars.blobBaseFeeScalar * blobBaseFeeGwei)) / 1e12;
}

const cents = (gwei: number, dollars: number): number => Number((gwei * 1e-9 * dollars * 100).toPrecision(3));
const results = situations.map((situation) => ({
  ...situation,
  claims: measured.map(({ channels, gas }) => ({
    channels,
    gasCents: cents(gas * situation.l2GasGwei, situation.coinDollars),
    dataCents: cents(dataFeeGwei(claimBytes(channels), situation), situation.coinDollars),
  })),
}));
writeFileSync(
  new URL('../results/claim-costs.json', import.meta.url),
  `${JSON.stringify({ madeOn: new Date().toISOString().slice(0, 10), madeWith: { node: process.version, chain: 'anvil, contracts/BatchSettlement.sol' }, measured, reckonedBytes: counts.map((channels) => ({ channels, bytes: claimBytes(channels) })), assumedScalars: scalars, situations: results }, null, 2)}\n`,
);
await market.close();
