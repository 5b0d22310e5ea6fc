/** Everything a ledger can hold. An event is a fact: it is appended once and never changed. */
import type { Agreement, Hex, Receipt, TaskResult } from '../../protocol/agreement.ts';
import type { TaskKind } from '../../protocol/tasks.ts';
import type { ChannelConfig, SignedVoucher } from '../../protocol/x402.ts';

/** The side of the task or channel this node is on. A node may be both, with different counterparties. */
export type Role = 'provider' | 'requester';

export interface ChunkFacts {
  readonly sequence: number;
  readonly units: bigint;
  readonly payloadSha256: Hex;
}

export type LedgerEvent =
  /** A channel is known. `baseClaimed`: what was claimed on it before this ledger knew it. */
  | { kind: 'channel'; role: Role; channelId: Hex; chainId: bigint; config: ChannelConfig; baseClaimed: bigint }
  /** The channel's deposit as the chain shows it: everything put in, less what went back to the payer. */
  | { kind: 'deposit'; role: Role; channelId: Hex; balance: bigint; transactionHash: Hex | null }
  | {
      kind: 'agreement';
      role: Role;
      agreementHash: Hex;
      taskKind: TaskKind;
      agreement: Agreement;
      /** Null for a request over HTTP: its voucher is the payer's word. */
      requesterSignature: Hex | null;
      /** Null for the requester, who has it when the provider accepts, and for a request over HTTP. */
      providerSignature: Hex | null;
    }
  /** The requester covers the task up to `coveredUnits` in total. */
  | { kind: 'cover'; role: 'requester'; agreementHash: Hex; coveredUnits: bigint }
  | { kind: 'voucher'; role: Role; agreementHash: Hex; voucher: SignedVoucher }
  /** The requester confirms every chunk with sequence < `acknowledged`. */
  | { kind: 'acknowledge'; role: 'provider'; agreementHash: Hex; acknowledged: number }
  | { kind: 'chunk'; role: Role; agreementHash: Hex; chunk: ChunkFacts }
  | { kind: 'result'; role: Role; agreementHash: Hex; result: TaskResult; signature: Hex }
  | { kind: 'receipt'; role: Role; receipt: Receipt; signature: Hex }
  | { kind: 'receipt-delivered'; role: 'requester'; agreementHash: Hex }
  /** Ended without a receipt. */
  | { kind: 'closed'; role: Role; agreementHash: Hex; reason: string }
  /** The chain's total for the channel. `transactionHash` null: found on chain, sent by a run that died or by someone else. */
  | { kind: 'claim'; role: 'provider'; channelId: Hex; totalClaimed: bigint; transactionHash: Hex | null }
  /** The chain's total for the receiver and token. `isBase`: the first look, which is not this node's earning. */
  | {
      kind: 'settle';
      role: 'provider';
      receiver: Hex;
      token: Hex;
      totalSettled: bigint;
      transactionHash: Hex | null;
      isBase: boolean;
    }
  /** The payer announced at block time `initiatedAt` that it takes its deposit back; 0: it is not, or no longer, doing so. */
  | { kind: 'withdrawal'; role: 'provider'; channelId: Hex; initiatedAt: number }
  /** The second file knew a higher voucher than the ledger, which has lost its last commits: taken back over. */
  | { kind: 'restored'; role: Role; voucher: SignedVoucher; owed: bigint };

export interface StoredEvent {
  /** From 1, without gaps. */
  readonly sequence: number;
  readonly atMs: number;
  readonly event: LedgerEvent;
}

/** JSON with sorted keys; a bigint becomes {"n":"decimal"}, so that reading gives back exactly what was written. */
export function encodeFacts(facts: object): string {
  return JSON.stringify(facts, (_key, value: unknown) => {
    if (typeof value === 'bigint') return { n: value.toString() };
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
  });
}

/** Inverse of {@link encodeFacts}, for text this ledger wrote itself: the hash chain vouches for its shape. */
export function decodeFacts<Facts extends object>(text: string): Facts {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('n' in value)) return value;
    return typeof value.n === 'string' && Object.keys(value).length === 1 ? BigInt(value.n) : value;
  });
}
