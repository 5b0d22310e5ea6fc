/** Does the channel pay us, is its deposit there and long enough out of the payer's reach? */
import type { Agreement, Hex } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { maximumWithdrawDelaySeconds } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import type { ChannelRecord, Ledger, LedgerEvent } from '../ledger/index.ts';
import type { ChainClient, ChannelOnChain } from './chain-client.ts';
import { highestPrice } from './channel-needs.ts';
import { PaymentError } from './payment-error.ts';
import { channelIdOf, isSameAddress } from './typed-data.ts';
import { confirmationsOf } from './types.ts';
import type { PaymentRefusal, Signer } from './types.ts';

export interface ChannelCheck {
  /** What can be seen without asking anybody; undefined when all is well. */
  fields(agreement: Agreement, channel: ChannelConfig): PaymentRefusal | undefined;
  /** Reads the chain. `events` bring the ledger up to date with it and belong in one commit with the agreement. */
  onChain(
    agreement: Agreement,
    channel: ChannelConfig,
  ): Promise<PaymentRefusal | { readonly ok: true; readonly events: readonly LedgerEvent[] }>;
}

export function createChannelCheck(parts: {
  readonly ledger: Ledger;
  readonly chain: ChainClient;
  readonly signer: Pick<Signer, 'address'>;
  readonly payoutAddress: Hex;
  readonly minimumDelaySeconds: number;
}): ChannelCheck {
  const { ledger, chain, signer, payoutAddress, minimumDelaySeconds } = parts;
  const { chainId, token } = chain.settings;

  function fields(agreement: Agreement, channel: ChannelConfig): PaymentRefusal | undefined {
    const pairs = [
      ['provider of the agreement', agreement.provider, signer.address],
      ['payer of the channel', channel.payer, agreement.requester],
      ['receiver of the channel', channel.receiver, payoutAddress],
      ['receiver authorizer of the channel', channel.receiverAuthorizer, signer.address],
      ['channel of the agreement', agreement.channelId, channelIdOf(channel, chainId)],
    ] as const;
    for (const [name, actual, expected] of pairs) {
      if (!isSameAddress(actual, expected)) {
        return refuse('CHANNEL_MISMATCH', `the ${name} is ${actual}, expected ${expected}`);
      }
    }
    if (!isSameAddress(channel.token, token)) {
      return refuse('TOKEN_NOT_ACCEPTED', `the channel pays in ${channel.token}, accepted is ${token}`);
    }
    const delay = channel.withdrawDelay;
    if (delay < minimumDelaySeconds || delay > maximumWithdrawDelaySeconds) {
      const message = `the withdraw delay is ${delay} s, accepted is ${minimumDelaySeconds} to ${maximumWithdrawDelaySeconds} s`;
      return refuse('DELAY_TOO_SHORT', message, { needed: BigInt(minimumDelaySeconds), available: BigInt(delay) });
    }
    return undefined;
  }

  const onChain: ChannelCheck['onChain'] = async (agreement, channel) => {
    let state: ChannelOnChain;
    let settledBefore: bigint | undefined;
    try {
      state = await chain.readChannel(agreement.channelId, confirmationsOf(chain.settings));
      if (ledger.settledTotal(payoutAddress, token) === undefined) {
        settledBefore = (await chain.readReceiver(payoutAddress)).totalSettled;
      }
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return refuse('CHAIN_UNREACHABLE', error.message);
    }
    if (state.balance === 0n) {
      return refuse('CHANNEL_UNKNOWN', `channel ${agreement.channelId} has no deposit on chain ${chainId}`);
    }
    if (state.withdrawInitiatedAt !== 0) {
      return refuse('CHANNEL_CLOSING', `the payer is withdrawing from channel ${agreement.channelId}`);
    }
    const known = ledger.findChannel('provider', agreement.channelId);
    const claimedBefore = known?.baseClaimed ?? state.totalClaimedAtMost;
    // What other open tasks may still cost is the requester's care: no chunk is computed before it is covered, and the
    // requester may know earlier than we do that one of them has ended.
    const needed = claimedBefore + (known?.committed ?? 0n) + highestPrice(agreement);
    if (needed > state.balance) {
      const message = `the task may cost ${highestPrice(agreement)}, which with what the channel owes needs a deposit of ${needed}; there is ${state.balance}`;
      return refuse('DEPOSIT_TOO_SMALL', message, { needed, available: state.balance });
    }
    return { ok: true, events: catchUp(agreement.channelId, channel, known, state, settledBefore) };
  };

  function catchUp(
    channelId: Hex,
    config: ChannelConfig,
    known: ChannelRecord | undefined,
    state: ChannelOnChain,
    settledBefore: bigint | undefined,
  ): LedgerEvent[] {
    const role = 'provider';
    const events: LedgerEvent[] = [];
    // Another task of the channel may have been opened while we waited for the chain.
    const current = known ?? ledger.findChannel(role, channelId);
    if (current === undefined) {
      events.push({ kind: 'channel', role, channelId, chainId, config, baseClaimed: state.totalClaimedAtMost });
    }
    if (state.balance !== current?.balance) {
      events.push({ kind: 'deposit', role, channelId, balance: state.balance, transactionHash: null });
    }
    if (settledBefore !== undefined && ledger.settledTotal(payoutAddress, token) === undefined) {
      events.push({
        kind: 'settle',
        role,
        receiver: payoutAddress,
        token,
        totalSettled: settledBefore,
        transactionHash: null,
        isBase: true,
      });
    }
    return events;
  }

  return { fields, onChain };
}
