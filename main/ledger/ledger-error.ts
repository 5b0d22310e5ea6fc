import { HearthError } from '../../protocol/errors.ts';

export type LedgerErrorCode =
  /** The file fails its integrity check or its hash chain: it is not touched any further. */
  | 'LEDGER_CORRUPT'
  /** Written by a later version of Hearth. */
  | 'LEDGER_NEWER'
  /** Another process has it open; a ledger has one writer. */
  | 'LEDGER_LOCKED'
  /** Not a ledger of ours. */
  | 'LEDGER_FOREIGN'
  /** The disk refused: full, read-only or failing. Nothing was recorded. */
  | 'LEDGER_STORAGE'
  /** The event is in the ledger already. */
  | 'LEDGER_DUPLICATE'
  /** The event does not fit what the ledger holds: unknown task, gap in the chunks, falling amount. */
  | 'LEDGER_INCONSISTENT';

export class LedgerError extends HearthError<LedgerErrorCode> {}
