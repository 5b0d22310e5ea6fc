/**
 * Gives a payer back what it asks for of its deposit, before the withdraw delay and at this node's gas. What is owed is
 * claimed in the same transaction, and what a voucher covers is never given back.
 */
import type { Hex } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import type { ChannelRecord, Ledger, LedgerEvent } from '../ledger/index.ts';
import type { ChainClient, ClaimRow } from './chain-client.ts';
import { PaymentError } from './payment-error.ts';
import { isSameAddress } from './typed-data.ts';
import { confirmationsOf } from './types.ts';
import type { PaymentOutcome, PaymentRefusal, ProviderPayments, RefundReport } from './types.ts';

export interface PlannedRefund {
  readonly ok: true;
  readonly channel: ChannelRecord;
  readonly amount: bigint;
  readonly row: ClaimRow | null;
}

export interface Refunds {
  /** Checks what is asked for; from then on the channel takes no task until `send` has ended. */
  plan(input: Parameters<ProviderPayments['refund']>[0]): Promise<PaymentRefusal | PlannedRefund>;
  send(planned: PlannedRefund): Promise<PaymentOutcome<RefundReport>>;
  isUnderWay(channelId: Hex): boolean;
  /** The channel takes no task until the answer is called; null while a task or another refund counts on its deposit. */
  hold(channelId: Hex): (() => void) | null;
}

export function createRefunds(parts: {
  readonly ledger: Ledger;
  readonly chain: ChainClient;
  readonly now: () => number;
}): Refunds {
  const { ledger, chain, now } = parts;
  const underWay = new Set<string>();

  const isUnderWay = (channelId: Hex): boolean => underWay.has(channelId.toLowerCase());

  function countOpenTasks(channelId: Hex): number {
    return ledger.listOpenTasks('provider', channelId, Math.floor(now() / 1_000)).length;
  }

  function hold(channelId: Hex): (() => void) | null {
    if (countOpenTasks(channelId) > 0 || isUnderWay(channelId)) return null;
    underWay.add(channelId.toLowerCase());
    return () => void underWay.delete(channelId.toLowerCase());
  }

  const plan: Refunds['plan'] = async ({ payer, channelId, amount }) => {
    const channel = ledger.findChannel('provider', channelId);
    if (channel === undefined || channel.chainId !== chain.settings.chainId) {
      return refuse('CHANNEL_UNKNOWN', `no channel ${channelId} is in the books of this node`);
    }
    if (!isSameAddress(channel.config.payer, payer)) {
      return refuse('CHANNEL_MISMATCH', `the payer of the channel is ${channel.config.payer}, not ${payer}`);
    }
    const openTasks = countOpenTasks(channelId);
    if (openTasks > 0 || isUnderWay(channelId)) {
      return refuse('CHANNEL_BUSY', `${openTasks} open tasks or another refund still count on the channel's deposit`);
    }
    try {
      const state = await chain.readChannel(channelId, confirmationsOf(chain.settings));
      const kept = [channel.ceiling, channel.baseClaimed + channel.committed, state.totalClaimedAtMost];
      const left = state.balance - kept.reduce((most, one) => (one > most ? one : most));
      const wanted = amount ?? left;
      if (wanted <= 0n || wanted > left) {
        const message = `${wanted} was asked for, ${left} of the deposit is neither claimed nor promised`;
        return refuse('REFUND_AMOUNT', message, { needed: wanted, available: left });
      }
      underWay.add(channelId.toLowerCase());
      return { ok: true, channel, amount: wanted, row: claimableRow(channel, state.totalClaimed) };
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return refuse('CHAIN_UNREACHABLE', error.message);
    }
  };

  const send: Refunds['send'] = async ({ channel, amount, row }) => {
    const { channelId, config } = channel;
    try {
      const { transactionHash } = await chain.refund(config, amount, row);
      await bookRefund(chain, ledger, channelId, transactionHash);
      return { ok: true, transactionHash, amount };
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return refuse('REFUND_FAILED', error.message);
    } finally {
      underWay.delete(channelId.toLowerCase());
    }
  };

  return { plan, send, isUnderWay, hold };
}

/** What of the channel is owed and not claimed yet; null when nothing is. */
export function claimableRow(channel: ChannelRecord, totalClaimed: bigint): ClaimRow | null {
  const owed = channel.baseClaimed + channel.owed;
  if (channel.signature === null || owed <= totalClaimed) return null;
  const { config, ceiling, signature } = channel;
  return { config, maxClaimableAmount: ceiling, signature, totalClaimed: owed };
}

/** The books as the transaction left the chain. */
export async function bookRefund(
  chain: Pick<ChainClient, 'readChannel'>,
  ledger: Ledger,
  channelId: Hex,
  transactionHash: Hex,
): Promise<void> {
  const { balance, totalClaimed } = await chain.readChannel(channelId);
  // Read after the wait: the claimer may have been here meanwhile.
  const channel = ledger.findChannel('provider', channelId);
  if (channel === undefined) return;
  const role = 'provider';
  const events: LedgerEvent[] = [];
  if (totalClaimed > channel.claimed) events.push({ kind: 'claim', role, channelId, totalClaimed, transactionHash });
  if (balance !== channel.balance) events.push({ kind: 'deposit', role, channelId, balance, transactionHash });
  if (events.length > 0) ledger.append(...events);
}
