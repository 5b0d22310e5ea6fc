/** Records one voucher and one chunk after the other and says each one's number when it is on disk, until it is killed. */
import { writeSync } from 'node:fs';
import { openLedger } from '../../main/ledger/index.ts';
import { bytes32, chunk, openChannel, openTask, voucher } from './facts.ts';

const path = process.argv[2];
if (path === undefined) throw new Error('which ledger?');
const ledger = openLedger({ path });
if (ledger.findTask('provider', bytes32(2)) === undefined) {
  ledger.append(...openChannel('provider'), openTask('provider', 2));
}
for (let next = ledger.findTask('provider', bytes32(2))?.chunks ?? 0; ; next += 1) {
  // Two commits, so that a kill may fall between them as well as inside them.
  if (ledger.findTask('provider', bytes32(2))?.bestVoucher !== BigInt(next + 1)) {
    ledger.append(voucher('provider', 2, BigInt(next + 1)));
  }
  ledger.append(chunk('provider', 2, next, 1n));
  writeSync(1, `${next}\n`);
}
