/** Records chunks until the disk takes no more, says what was refused and how many were recorded, then reads on. */
import { LedgerError, openLedger } from '../../main/ledger/index.ts';
import { bytes32, chunk, openChannel, openTask } from './facts.ts';

const ledger = openLedger({ path: process.argv[2] ?? '' });
ledger.append(...openChannel('provider'), openTask('provider', 2));
let recorded = 0;
try {
  for (;;) {
    ledger.append(chunk('provider', 2, recorded, 1n));
    recorded += 1;
  }
} catch (error) {
  const code = error instanceof LedgerError ? error.code : String(error);
  const still = ledger.findTask('provider', bytes32(2))?.chunks;
  console.log(JSON.stringify({ code, recorded, still }));
}
