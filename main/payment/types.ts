/** What the task runner and the requester ask of money. Implementations live in this folder; the state is the ledger's. */
import type {
  Agreement,
  Hex,
  IdentityBinding,
  Receipt,
  SignedAgreement,
  TaskResult,
} from '../../protocol/agreement.ts';
import type { Refusal } from '../../protocol/errors.ts';
import type { ChannelConfig, SignedVoucher } from '../../protocol/x402.ts';

export type PaymentRefusalCode =
  | 'CHANNEL_MISMATCH'
  | 'CHANNEL_UNKNOWN'
  | 'CHANNEL_CLOSING'
  | 'DEPOSIT_TOO_SMALL'
  | 'DELAY_TOO_SHORT'
  | 'TOKEN_NOT_ACCEPTED'
  | 'CHAIN_UNREACHABLE'
  | 'VOUCHER_SIGNATURE'
  | 'VOUCHER_NOT_HIGHER'
  | 'VOUCHER_OVER_DEPOSIT'
  | 'VOUCHER_CHANNEL'
  | 'RECEIPT_SIGNATURE'
  | 'RECEIPT_AMOUNT'
  | 'NOT_COVERED'
  | 'UNKNOWN_AGREEMENT'
  /** The right signer, but with `s` in the upper half: the chain would refuse it. */
  | 'VOUCHER_MALLEABLE'
  /** Signed by the right key, for another chain or for another contract. */
  | 'VOUCHER_CHAIN'
  | 'VOUCHER_CONTRACT'
  /** The agreement's time is over: its `startBy` when it is opened, its `finishBy` from then on. */
  | 'AGREEMENT_EXPIRED'
  | 'AGREEMENT_SIGNATURE'
  /** This agreement was opened before: a task is paid once. */
  | 'AGREEMENT_KNOWN'
  /** The deposit's transaction failed; the sentence says why. */
  | 'DEPOSIT_FAILED'
  /** An open task, or a refund, counts on the channel's deposit. */
  | 'CHANNEL_BUSY'
  /** More, or less, than the deposit has to spare. */
  | 'REFUND_AMOUNT'
  | 'REFUND_FAILED'
  /** More than one chunk would be at risk with this counterparty; or what it left unpaid must be settled first. */
  | 'EXPOSURE_LIMIT'
  /** More than the buyer allows this job to put into channels. */
  | 'DEPOSIT_ABOVE_CAP'
  /** The disk takes nothing: what cannot be recorded is not begun. */
  | 'LEDGER_STORAGE';

export type PaymentRefusal = Refusal<PaymentRefusalCode>;
export type PaymentOutcome<T> = ({ readonly ok: true } & T) | PaymentRefusal;

export interface ClaimReport {
  readonly claimed: bigint;
  readonly settled: bigint;
  readonly channels: number;
  readonly transactionHashes: readonly Hex[];
}

export interface RefundReport {
  readonly amount: bigint;
  readonly transactionHash: Hex;
}

export interface OpenClaim {
  readonly channelId: Hex;
  readonly receiver: Hex;
  /** What a claim brings now. */
  readonly value: bigint;
  /** The payer is taking its deposit back: only what is claimed before is safe. */
  readonly isClosing: boolean;
}

/** Answers the claims to make, of those that are open. */
export type ChooseClaims = (open: readonly OpenClaim[]) => readonly OpenClaim[];

/**
 * The provider's side. Order of every step: verify, commit to the ledger (synchronous=FULL), then act.
 * All calls but `openTask` and `claimAndSettle` are synchronous: the commit is on disk when they return.
 */
export interface ProviderPayments {
  /** The address that is paid, and the signer of agreements and results. */
  readonly address: Hex;
  /** Checks the channel against the agreement and the chain, then stores the agreement. */
  openTask(input: {
    signed: SignedAgreement;
    agreementHash: Hex;
    channel: ChannelConfig;
    kind: string;
  }): Promise<PaymentOutcome<object>>;
  /** Checks and stores a voucher. `acknowledged` = chunks the requester confirms having (sequence < acknowledged). */
  acceptVoucher(agreementHash: Hex, voucher: SignedVoucher, acknowledged: number): PaymentOutcome<object>;
  /**
   * May `units` more be computed? Counts the dues and open chunks of every task on the channel, and holds what the
   * requester has not confirmed, over all its tasks, within one chunk. Reserves them when ok. `available` of
   * EXPOSURE_LIMIT is how many units fit now.
   */
  reserveChunk(agreementHash: Hex, units: bigint): PaymentOutcome<object>;
  /** A chunk was computed; called before it is sent. `units` <= what was reserved. Returns the task's cumulative due. */
  recordChunk(
    agreementHash: Hex,
    chunk: { sequence: number; units: bigint; payloadSha256: Hex },
  ): { unitsDone: bigint; amountDue: bigint };
  recordResult(agreementHash: Hex, result: TaskResult, signature: Hex): void;
  acceptReceipt(receipt: Receipt, signature: Hex): PaymentOutcome<object>;
  /** Resolves when something was confirmed, receipted or closed: a chunk that was too much then may fit now. */
  nextRelease(): Promise<void>;
  /** Ends a task without a receipt: what was acknowledged stays claimable. */
  closeTask(agreementHash: Hex, reason: string): void;
  /**
   * Claims what is earned (receipted amounts, else acknowledged chunks) and settles; a no-op where nothing is new.
   * `choose` picks the channels; all of them when omitted, whatever the gas costs: the owner's word.
   */
  claimAndSettle(choose?: ChooseClaims): Promise<ClaimReport>;
  /**
   * Gives `payer` back what is neither claimed nor covered by a voucher, or `amount` of it; what is owed is claimed first, in
   * the same transaction. Not while a task is open on the channel.
   */
  refund(input: {
    readonly payer: Hex;
    readonly channelId: Hex;
    readonly amount: bigint | null;
  }): Promise<PaymentOutcome<RefundReport>>;
  totals(): { readonly earned: bigint; readonly claimed: bigint; readonly settled: bigint };
}

/**
 * The provider's side of requests over HTTP: tasks of one chunk, on the same channels and under the same rules. Nobody signs
 * the agreement; it says what was asked for and at what price, and the voucher that comes with the request agrees to it.
 */
export interface RequestPayments extends Pick<
  ProviderPayments,
  'acceptVoucher' | 'reserveChunk' | 'recordChunk' | 'recordResult' | 'closeTask'
> {
  /** The channel takes no task until the answer is called; null while a task or another refund counts on its deposit. */
  holdForRefund(channelId: Hex): Promise<(() => void) | null>;
  /** Checks the channel against the agreement and the chain, then stores the agreement. */
  openRequest(input: {
    agreement: Agreement;
    agreementHash: Hex;
    channel: ChannelConfig;
    kind: string;
  }): Promise<PaymentOutcome<object>>;
}

/** A task that ended with an earlier run of the node: what had arrived is paid, nothing else. */
export interface InterruptedTask {
  readonly agreementHash: Hex;
  /** Its wallet. */
  readonly provider: Hex;
  readonly kind: 'chat' | 'render';
  readonly unitsDone: bigint;
  readonly maxUnits: bigint;
  readonly amountDue: bigint;
  readonly startedAtMs: number;
}

/** Which channel pays a receiver, and how much more is to be promised on it. */
export interface ChannelInput {
  readonly receiver: Hex;
  readonly receiverAuthorizer: Hex;
  readonly amount: bigint;
}

/** What a wallet can deposit from, and what a deposit costs it. */
export interface Funds {
  /** Of the token, in its smallest unit. */
  readonly token: bigint;
  /** Of the chain's coin, in wei. */
  readonly coin: bigint;
  /** Gas and data of one deposit, in wei. */
  readonly depositFee: bigint;
  /** The same, in the token's smallest unit. */
  readonly depositFeeInToken: bigint;
}

/** The requester's side. A voucher is committed to the ledger before it leaves; ceilings only grow and never pass the deposit. */
export interface RequesterPayments {
  readonly address: Hex;
  /** What {@link openChannel} would have to deposit for it; sends and promises nothing. */
  missingDeposit(input: ChannelInput): Promise<PaymentOutcome<{ missing: bigint; balance: bigint }>>;
  funds(): Promise<PaymentOutcome<Funds>>;
  /**
   * Finds or opens the channel to `receiver`, topping up so that `amount` more can be covered. `fill` is told what is missing
   * and answers what to deposit, or why nothing; just what is missing where it is left out.
   */
  openChannel(
    input: ChannelInput & { readonly fill?: ((missing: bigint) => bigint | PaymentRefusal) | undefined },
  ): Promise<PaymentOutcome<{ channel: ChannelConfig; channelId: Hex }>>;
  openTask(signed: Pick<SignedAgreement, 'agreement' | 'requesterSignature'>, agreementHash: Hex, kind: string): void;
  /**
   * Covers the task up to `wantedUnits` in total; returns the channel's new cumulative voucher and what it covers. Tasks
   * that are open with one provider share one chunk's price, so it may be less, down to `atLeastUnits` (`wantedUnits`
   * when omitted); while not even that is free, it waits, `waitMs` at most.
   */
  signVoucher(
    agreementHash: Hex,
    wantedUnits: bigint,
    options?: { readonly atLeastUnits?: bigint; readonly waitMs?: number; readonly signal?: AbortSignal },
  ): Promise<PaymentOutcome<{ voucher: SignedVoucher; coveredUnits: bigint }>>;
  recordChunk(
    agreementHash: Hex,
    chunk: { sequence: number; units: bigint; payloadSha256: Hex },
  ): { unitsDone: bigint; amountDue: bigint };
  /** Signs and stores the receipt for what was received. The task is closed. */
  issueReceipt(agreementHash: Hex, receipt: Receipt): Promise<{ signature: Hex }>;
  /** Issues the receipts of tasks that an earlier run was cut off in; answers which they were. */
  receiptInterrupted(): Promise<readonly InterruptedTask[]>;
  /** Receipts the provider has not confirmed: sent again at the next contact. */
  undeliveredReceipts(provider: Hex): readonly { receipt: Receipt; signature: Hex }[];
  markReceiptDelivered(agreementHash: Hex): void;
  /** The channel, or all that hold more than was promised on them. */
  refundable(
    channelId?: string,
  ): readonly { readonly channelId: Hex; readonly provider: Hex; readonly openTasks: number }[];
  /** Looks at the chain after a provider said that it gave a deposit back; answers by how much it has shrunk. */
  noteRefund(channelId: Hex, transactionHash: Hex): Promise<bigint>;
  totals(): { readonly spent: bigint; readonly deposited: bigint };
}

/**
 * What the hot key signs for the node, on one chain. There is no general `sign`: whoever holds this can have these
 * structures signed, and nothing else. @throws PaymentError SIGNING_REFUSED from every call
 */
export interface Signer {
  readonly address: Hex;
  signBinding(binding: IdentityBinding): Promise<Hex>;
  /** One of its parties must be this wallet. */
  signAgreement(agreement: Agreement): Promise<Hex>;
  signResult(result: TaskResult): Promise<Hex>;
  signReceipt(receipt: Receipt): Promise<Hex>;
  /** Of a channel whose vouchers this wallet signs. */
  signVoucher(channel: ChannelConfig, maxClaimableAmount: bigint): Promise<SignedVoucher>;
}

/** What the hot key signs for the chain; held by the chain client alone. @throws PaymentError SIGNING_REFUSED from every call */
export interface ChainSigner {
  readonly address: Hex;
  /** For a relay that sends them. The wallet must be the receiver authorizer of every channel. */
  signClaims(
    rows: readonly {
      readonly config: ChannelConfig;
      readonly maxClaimableAmount: bigint;
      readonly totalClaimed: bigint;
    }[],
  ): Promise<Hex>;
  /** EIP-3009: moves `amount` of the wallet's tokens into its own channel `config`. */
  signDeposit(deposit: {
    readonly config: ChannelConfig;
    readonly amount: bigint;
    /** Unix seconds. */
    readonly validBefore: bigint;
    readonly salt: bigint;
    /** As the token's contract tells it. */
    readonly tokenDomain: { readonly name: string; readonly version: string };
  }): Promise<Hex>;
  /** A call of the settlement contract without value; answers the serialized transaction. */
  signTransaction(transaction: {
    readonly data: Hex;
    readonly nonce: number;
    readonly gasLimit: bigint;
    readonly maxFeePerGas: bigint;
    readonly maxPriorityFeePerGas: bigint;
  }): Promise<Hex>;
}

/** A local chain does not reorganise; Base and its like have not by more than a block or two. */
export function confirmationsOf({ confirmations, chainId }: ChainSettings): number {
  return confirmations ?? (chainId === 31_337n ? 0 : 3);
}

/** Where money lives; every figure is fixed when the node starts. */
export interface ChainSettings {
  readonly rpcUrl: string;
  readonly chainId: bigint;
  readonly token: Hex;
  /** Asked when the first does not answer; what a channel holds is asked of all, and the lowest deposit counts. */
  readonly fallbackRpcUrls?: readonly string[];
  /** Blocks a deposit must lie back before it counts; see {@link confirmationsOf} for when it is left out. */
  readonly confirmations?: number;
  /** An x402 facilitator that sends the claims and pays their gas; without one the wallet sends them itself. */
  readonly relayUrl?: string;
  /** What one whole coin (10^18) of the chain costs in the token's smallest unit: what gas is reckoned with. */
  readonly coinPrice?: bigint;
}
