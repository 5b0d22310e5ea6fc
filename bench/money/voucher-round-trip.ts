/**
 * How long a voucher takes over loopback: the requester signs it and commits it to its ledger, the provider checks it and
 * commits it to its own (synchronous=FULL, and the second file synced), and says so. Also reopening a ledger that large.
 * `node bench/money/voucher-round-trip.ts [vouchers]` writes bench/results/voucher-round-trip.json.
 */
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { cpus, loadavg, platform } from 'node:os';
import { createInterface } from 'node:readline';
import { openLedger } from '../../main/ledger/index.ts';
import { deliverChunk, openMarketPlace, openTask } from '../../tests/payment/market-place.ts';

const count = Number(process.argv[2] ?? 2_000);
const market = await openMarketPlace();
const requester = await market.addRequester('requester');
const provider = await market.addProvider('provider');
const task = await openTask(market.chain, requester, provider, 'measured', {
  maxUnits: BigInt(count + 100),
  // Cover grows unit by unit and nothing arrives meanwhile: all of it is one chunk.
  chunkUnits: BigInt(count + 100),
});

const server = createServer((socket: Socket) => {
  createInterface({ input: socket }).on('line', (line) => {
    const { channelId, amount, signature } = JSON.parse(line);
    const voucher = { channelId, maxClaimableAmount: BigInt(amount), signature };
    socket.write(`${JSON.stringify(provider.payments.acceptVoucher(task.hash, voucher, 0))}\n`);
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay();
const answers = createInterface({ input: socket })[Symbol.asyncIterator]();

async function roundTrip(units: bigint): Promise<number> {
  const startMs = performance.now();
  const covered = await requester.payments.signVoucher(task.hash, units);
  if (!covered.ok) throw new Error(covered.message);
  const { channelId, maxClaimableAmount, signature } = covered.voucher;
  socket.write(`${JSON.stringify({ channelId, amount: maxClaimableAmount.toString(), signature })}\n`);
  const { value } = await answers.next();
  const tookMs = performance.now() - startMs;
  if (!JSON.parse(String(value)).ok) throw new Error(String(value));
  return tookMs;
}

for (let warm = 1; warm <= 50; warm += 1) await roundTrip(BigInt(warm));
const tookMs: number[] = [];
for (let unit = 51; unit <= count + 50; unit += 1) tookMs.push(await roundTrip(BigInt(unit)));
await deliverChunk(requester, provider, task, 16n);
const signed: number[] = [];
for (let index = 0; index < 200; index += 1) {
  const startMs = performance.now();
  await requester.wallet.signVoucher(task.channel, BigInt(index));
  signed.push(performance.now() - startMs);
}
socket.destroy();
server.close();

provider.ledger.close();
const reopened: number[] = [];
for (let index = 0; index < 50; index += 1) {
  const startMs = performance.now();
  const ledger = openLedger({ path: `${market.folder}/provider.db` });
  reopened.push(performance.now() - startMs);
  ledger.close();
}
await market.close();

/** @param share 0.5 for the median */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3));
}

const result = {
  madeOn: new Date().toISOString().slice(0, 10),
  madeWith: {
    node: process.version,
    sqlite: process.versions['sqlite'],
    ethers: '6.17.0',
    platform: platform(),
    processors: cpus().length,
    // Other work on the machine: the disk is shared.
    loadOfMachine: Number((loadavg()[0] ?? 0).toFixed(1)),
  },
  vouchers: count,
  roundTripMs: { p50: quantile(tookMs, 0.5), p90: quantile(tookMs, 0.9), p99: quantile(tookMs, 0.99) },
  ofThatSigningMs: { p50: quantile(signed, 0.5) },
  reopenMs: { events: count + 53, p50: quantile(reopened, 0.5), p99: quantile(reopened, 0.99) },
};
writeFileSync(new URL('../results/voucher-round-trip.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result));
