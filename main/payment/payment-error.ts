import { HearthError } from '../../protocol/errors.ts';

export type PaymentErrorCode =
  | 'CHAIN_UNREACHABLE'
  /** The endpoint serves another chain than the settings say. */
  | 'CHAIN_MISMATCH'
  | 'TRANSACTION_REVERTED'
  | 'TRANSACTION_TIMEOUT'
  /** The relay that pays the gas said no, or nothing. */
  | 'RELAY_REFUSED'
  | 'RELAY_UNREACHABLE'
  /** The wallet has too little of the chain's coin for the gas. */
  | 'GAS_UNAFFORDABLE'
  | 'WALLET_PERMISSIONS'
  | 'WALLET_PASSPHRASE'
  | 'WALLET_CORRUPT'
  | 'WALLET_EXISTS'
  | 'WALLET_MISSING'
  /** The backup opens, but holds another key. */
  | 'BACKUP_MISMATCH'
  | 'PAYOUT_INVALID'
  /** The wallet was asked to sign what it never signs: a mistake of ours, or somebody who got too far. */
  | 'SIGNING_REFUSED'
  /** The system's keychain is not there, locked, or protects nothing. */
  | 'KEYCHAIN_UNAVAILABLE'
  /** A caller's mistake: a task, chunk, result or receipt that does not fit what was agreed and recorded. */
  | 'RECORD_INVALID';

export class PaymentError extends HearthError<PaymentErrorCode> {}
