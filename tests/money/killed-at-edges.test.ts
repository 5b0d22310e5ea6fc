/** kill -9 at every step of a write towards the disk: no voucher lost, none doubled, and open again at once. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLedger, rescueVouchers } from '../../main/ledger/index.ts';
import type { Ledger, LedgerEdge, Role } from '../../main/ledger/index.ts';
import { bytes32, channelId } from '../ledger/facts.ts';
import { createRandom } from './simulation/seeded-random.ts';

const kills = process.env['HEARTH_SOAK'] === '1' ? 1_000 : 100;
const edges: readonly LedgerEdge[] = ['begun', 'written', 'committed', 'mirrored'];
const roles: readonly Role[] = ['provider', 'requester'];
const script = fileURLToPath(new URL('die-at-edge.ts', import.meta.url));

interface Reported {
  readonly voucher: bigint;
  readonly chunks: number;
}

/** The last thing each role was told is on disk. */
function readReports(output: string): Record<Role, Reported> {
  const last = (role: Role, what: string) =>
    output
      .match(new RegExp(`${role} ${what} (\\d+)`, 'g'))
      ?.at(-1)
      ?.split(' ')[2];
  const of = (role: Role): Reported => ({
    voucher: BigInt(last(role, 'voucher') ?? 0),
    chunks: Number(last(role, 'chunk') ?? -1) + 1,
  });
  return { provider: of('provider'), requester: of('requester') };
}

function expectWhole(ledger: Ledger, reported: Record<Role, Reported>, context: string): void {
  const events = ledger.readEvents(0, 1_000_000).map(({ event }) => event);
  for (const role of roles) {
    const task = ledger.findTask(role, bytes32(2));
    const ceiling = ledger.findChannel(role, channelId)?.ceiling ?? 0n;
    expect(ceiling, context).toBeGreaterThanOrEqual(reported[role].voucher);
    expect(task?.chunks ?? 0, context).toBeGreaterThanOrEqual(reported[role].chunks);
    // At most the one commit that had reached the disk when its process could not say so any more.
    if (reported[role].voucher > 0n) expect(ceiling - reported[role].voucher, context).toBeOneOf([0n, 1n]);
    const amounts = events.flatMap((event) =>
      event.kind === 'voucher' && event.role === role ? [event.voucher.maxClaimableAmount] : [],
    );
    expect(new Set(amounts).size, context).toBe(amounts.length);
    expect(BigInt(amounts.length), context).toBe(ceiling);
    if (task !== undefined) expect(task.bestVoucher, context).toBe(ceiling);
  }
  ledger.verify();
}

test(
  `${kills} kills at the steps ${edges.join(', ')} lose and double nothing`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'hearth-edges-'));
    const random = createRandom(2_026);
    const openMs: number[] = [];
    try {
      for (let kill = 0; kill < kills; kill += 1) {
        // A new ledger now and then, so that the first writes of all are hit as well.
        const path = join(folder, `ledger-${Math.floor(kill / 25)}.db`);
        const edge = edges[kill % edges.length] ?? 'begun';
        const passes = kill % 25 < 8 ? 1 + (kill % 3) : 1 + random.below(24);
        const child = spawnSync(process.execPath, [script, path, edge, `${passes}`]);
        const context = `kill ${kill}: ${edge} pass ${passes}`;
        expect(child.signal, `${context}: ${child.stderr.toString()}`).toBe('SIGKILL');
        const reported = readReports(child.stdout.toString());
        for (const { role, voucher } of rescueVouchers(path).vouchers) {
          expect(voucher.maxClaimableAmount, context).toBeGreaterThanOrEqual(reported[role].voucher);
        }
        const startMs = performance.now();
        const ledger = openLedger({ path });
        openMs.push(performance.now() - startMs);
        expectWhole(ledger, reported, context);
        ledger.close();
        if (kill % 100 === 99 && kill + 1 < kills) console.log(`${kill + 1} kills: nothing lost, nothing doubled`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    openMs.sort((left, right) => left - right);
    const at = (share: number): number => openMs[Math.min(openMs.length - 1, Math.floor(share * openMs.length))] ?? 0;
    console.log(`reopen after ${kills} kills: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`);
    expect(at(0.99)).toBeLessThan(200);
  },
  kills * 1_500,
);
