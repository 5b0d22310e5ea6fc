export type { ChunkFacts, LedgerEvent, Role, StoredEvent } from './events.ts';
export { openLedger } from './ledger.ts';
export type { Ledger } from './ledger.ts';
export { LedgerError } from './ledger-error.ts';
export type { LedgerErrorCode } from './ledger-error.ts';
export type { ChannelRecord, TaskRecord } from './records.ts';
