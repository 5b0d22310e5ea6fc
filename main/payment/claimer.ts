/**
 * Turns what is earned into money: claims on every channel, then the pay-out. What is claimed already is read from the
 * chain, whose totals are cumulative, so a run that died between sending and recording is caught up with, not repeated.
 */
import type { Hex } from '../../protocol/agreement.ts';
import type { ChannelRecord, Ledger } from '../ledger/index.ts';
import type { ChainClient, ClaimRow } from './chain-client.ts';
import { createMutex } from './mutex.ts';
import { PaymentError } from './payment-error.ts';
import { isSameAddress } from './typed-data.ts';
import type { ChooseClaims, ClaimReport, OpenClaim } from './types.ts';

/** Rows of one transaction, as x402 facilitators limit themselves; about 580,000 gas. */
const rowsPerTransaction = 25;

interface Claimable {
  readonly channel: ChannelRecord;
  readonly row: ClaimRow;
  readonly value: bigint;
  readonly isClosing: boolean;
}

interface Progress {
  claimed: bigint;
  settled: bigint;
  readonly channelIds: Set<Hex>;
  readonly transactionHashes: Hex[];
  firstError: unknown;
}

export function createClaimer(parts: { readonly ledger: Ledger; readonly chain: ChainClient }): {
  claimAndSettle(choose?: ChooseClaims): Promise<ClaimReport>;
} {
  const { ledger, chain } = parts;
  const inTurn = createMutex();

  function recordClaim(channelId: Hex, totalClaimed: bigint, transactionHash: Hex | null, progress: Progress): void {
    const before = ledger.findChannel('provider', channelId)?.claimed ?? totalClaimed;
    if (totalClaimed <= before) return;
    ledger.append({ kind: 'claim', role: 'provider', channelId, totalClaimed, transactionHash });
    progress.claimed += totalClaimed - before;
    progress.channelIds.add(channelId);
  }

  function recordWithdrawal(channel: ChannelRecord, initiatedAt: number): void {
    if (channel.closingAt === initiatedAt) return;
    ledger.append({ kind: 'withdrawal', role: 'provider', channelId: channel.channelId, initiatedAt });
  }

  /** Catches up with the chain; answers what more there is to claim. */
  async function inspect(channel: ChannelRecord, progress: Progress): Promise<Claimable | undefined> {
    const state = await chain.readChannel(channel.channelId);
    recordWithdrawal(channel, state.withdrawInitiatedAt);
    recordClaim(channel.channelId, state.totalClaimed, null, progress);
    const limits = [channel.baseClaimed + channel.owed, channel.ceiling, state.balance];
    const totalClaimed = limits.reduce((lowest, limit) => (limit < lowest ? limit : lowest));
    if (totalClaimed <= state.totalClaimed || channel.signature === null) return undefined;
    const { config, ceiling, signature } = channel;
    return {
      channel,
      value: totalClaimed - state.totalClaimed,
      isClosing: state.withdrawInitiatedAt !== 0,
      row: { config, maxClaimableAmount: ceiling, signature, totalClaimed },
    };
  }

  async function send(batch: readonly Claimable[], settleFor: Hex | null, progress: Progress): Promise<void> {
    const rows = batch.map((claimable) => claimable.row);
    try {
      const { transactionHash } = await chain.claim(rows, settleFor);
      progress.transactionHashes.push(transactionHash);
      for (const { channel, row } of batch) {
        recordClaim(channel.channelId, row.totalClaimed, transactionHash, progress);
      }
    } catch (error) {
      if (!(error instanceof PaymentError) || error.code !== 'TRANSACTION_REVERTED') throw error;
      progress.firstError ??= error;
      // One channel whose payer was faster must not hold up the others.
      if (batch.length > 1) for (const claimable of batch) await send([claimable], null, progress);
      if (batch.length > 0 && settleFor !== null) await send([], settleFor, progress);
    }
  }

  async function settle(receiver: Hex, claimables: readonly Claimable[], progress: Progress): Promise<void> {
    const { token } = chain.settings;
    const before = await chain.readReceiver(receiver);
    const sentBefore = progress.transactionHashes.length;
    if (claimables.length === 0 && before.totalClaimed > before.totalSettled) await send([], receiver, progress);
    for (let start = 0; start < claimables.length; start += rowsPerTransaction) {
      const isLast = start + rowsPerTransaction >= claimables.length;
      await send(claimables.slice(start, start + rowsPerTransaction), isLast ? receiver : null, progress);
    }
    const { totalSettled } = await chain.readReceiver(receiver);
    const known = ledger.settledTotal(receiver, token) ?? 0n;
    if (totalSettled <= known) return;
    // Null: paid out by a run that died before it could say so, or by someone else.
    const transactionHash = progress.transactionHashes.slice(sentBefore).at(-1) ?? null;
    ledger.append({ kind: 'settle', role: 'provider', receiver, token, totalSettled, transactionHash, isBase: false });
    progress.settled += totalSettled - known;
  }

  async function claimAndSettle(choose: ChooseClaims = (open) => open): Promise<ClaimReport> {
    const progress: Progress = {
      claimed: 0n,
      settled: 0n,
      channelIds: new Set(),
      transactionHashes: [],
      firstError: undefined,
    };
    const { chainId, token } = chain.settings;
    const channels = ledger
      .listChannels('provider')
      .filter((channel) => channel.chainId === chainId && isSameAddress(channel.config.token, token));
    const claimables: Claimable[] = [];
    for (const channel of channels) {
      if (channel.baseClaimed + channel.owed <= channel.claimed) continue;
      const claimable = await inspect(channel, progress);
      if (claimable !== undefined) claimables.push(claimable);
    }
    const chosen = new Set(choose(claimables.map(toOpenClaim)).map((claim) => claim.channelId));
    // The pay-out address may have changed since a channel was opened; each is settled on its own.
    const receivers = new Map(
      channels.map((channel) => [channel.config.receiver.toLowerCase(), channel.config.receiver]),
    );
    for (const receiver of receivers.values()) {
      const own = claimables.filter(
        ({ channel, row }) => chosen.has(channel.channelId) && isSameAddress(row.config.receiver, receiver),
      );
      // Chosen by what it brings: then a pay-out is not sent for its own sake either.
      if (own.length === 0 && chosen.size < claimables.length) continue;
      await settle(receiver, own, progress);
    }
    if (progress.firstError !== undefined && progress.transactionHashes.length === 0) throw progress.firstError;
    const { claimed, settled, channelIds, transactionHashes } = progress;
    return { claimed, settled, channels: channelIds.size, transactionHashes };
  }

  return { claimAndSettle: (choose) => inTurn(() => claimAndSettle(choose)) };
}

function toOpenClaim({ channel, value, isClosing }: Claimable): OpenClaim {
  return { channelId: channel.channelId, receiver: channel.config.receiver, value, isClosing };
}
