/**
 * Sells and buys in one ledger, a voucher and a chunk in turn, says on standard output what is recorded, and kills
 * itself when the given edge has been passed so many times. Arguments: ledger, edge, passes.
 */
import { writeSync } from 'node:fs';
import { openLedger } from '../../main/ledger/index.ts';
import type { Role } from '../../main/ledger/index.ts';
import { acknowledge, bytes32, chunk, openChannel, openTask, voucher } from '../ledger/facts.ts';

const [path = '', edge = '', passes = '1'] = process.argv.slice(2);
let left = Number(passes);
const ledger = openLedger({
  path,
  onEdge: (passed) => {
    if (passed !== edge) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});

const roles: readonly Role[] = ['provider', 'requester'];
for (const role of roles) {
  if (ledger.findTask(role, bytes32(2)) === undefined) ledger.append(...openChannel(role), openTask(role, 2));
}
for (;;) {
  for (const role of roles) {
    const { chunks = 0, bestVoucher = 0n, acknowledged = 0 } = ledger.findTask(role, bytes32(2)) ?? {};
    const next = BigInt(chunks + 1);
    if (bestVoucher < next) {
      if (role === 'requester') {
        const cover = { kind: 'cover', role, agreementHash: bytes32(2), coveredUnits: next } as const;
        ledger.append(cover, voucher(role, 2, next));
      } else if (chunks > acknowledged) ledger.append(voucher(role, 2, next), acknowledge(2, chunks));
      else ledger.append(voucher(role, 2, next));
      writeSync(1, `${role} voucher ${next}\n`);
    }
    ledger.append(chunk(role, 2, chunks, 1n));
    writeSync(1, `${role} chunk ${chunks}\n`);
  }
}
