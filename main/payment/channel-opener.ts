/** Finds or opens the requester's channel to a receiver and keeps its deposit high enough for what is promised on it. */
import { toBeHex } from 'ethers';
import type { Agreement, Hex } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import type { ChannelRecord, Ledger } from '../ledger/index.ts';
import type { ChainClient, ChannelOnChain } from './chain-client.ts';
import { depositNeeded, highestPrice } from './channel-needs.ts';
import { createMutex } from './mutex.ts';
import { PaymentError } from './payment-error.ts';
import { requireChannel } from './require-record.ts';
import { asHex, channelIdOf, isSameAddress } from './typed-data.ts';
import type { ChannelInput, PaymentOutcome, PaymentRefusal, RequesterPayments, Signer } from './types.ts';

/** A channel asked for but not used within this time was given up by the caller. */
const promiseLifetimeMs = 120_000;

type OpenChannelInput = Parameters<RequesterPayments['openChannel']>[0];
type OpenedChannel = { readonly channel: ChannelConfig; readonly channelId: Hex };

export interface ChannelOpener {
  openChannel(input: OpenChannelInput): Promise<PaymentOutcome<OpenedChannel>>;
  missingDeposit: RequesterPayments['missingDeposit'];
  /** The task counts for itself from now on; its promise is fulfilled. */
  taskOpened(agreement: Agreement): void;
}

export function createChannelOpener(parts: {
  readonly ledger: Ledger;
  readonly chain: ChainClient;
  readonly signer: Pick<Signer, 'address'>;
  readonly withdrawDelaySeconds: number;
  readonly now: () => number;
}): ChannelOpener {
  const { ledger, chain, signer, withdrawDelaySeconds, now } = parts;
  const { chainId, token } = chain.settings;
  /** One deposit at a time: the next must see the balance that the one before it made. */
  const inTurn = createMutex();
  let promises: readonly { readonly channelId: Hex; readonly amount: bigint; readonly untilMs: number }[] = [];

  async function findUsable(
    input: ChannelInput,
  ): Promise<{ channel: ChannelRecord; state: ChannelOnChain } | undefined> {
    for (const channel of ledger.listChannels('requester', input.receiver).toReversed()) {
      const { config } = channel;
      if (channel.chainId !== chainId || !isSameAddress(config.token, token)) continue;
      if (!isSameAddress(config.receiverAuthorizer, input.receiverAuthorizer)) continue;
      if (!isSameAddress(config.payer, signer.address) || config.withdrawDelay < withdrawDelaySeconds) continue;
      const state = await chain.readChannel(channel.channelId);
      if (state.withdrawInitiatedAt === 0) return { channel, state };
    }
    return undefined;
  }

  /** The salt counts up, so that a lost ledger does not hide where a deposit lies; used channels are passed over. */
  async function createChannel(input: ChannelInput): Promise<{ channel: ChannelRecord; state: ChannelOnChain }> {
    for (let number = 0n; ; number += 1n) {
      const config: ChannelConfig = {
        payer: signer.address,
        payerAuthorizer: signer.address,
        receiver: input.receiver,
        receiverAuthorizer: input.receiverAuthorizer,
        token,
        withdrawDelay: withdrawDelaySeconds,
        salt: asHex(toBeHex(number, 32)),
      };
      const channelId = channelIdOf(config, chainId);
      if (ledger.findChannel('requester', channelId) !== undefined) continue;
      const state = await chain.readChannel(channelId);
      if (state.balance > 0n) continue;
      // Known before the deposit is sent: a crash in between must not lose track of it.
      ledger.append({ kind: 'channel', role: 'requester', channelId, chainId, config, baseClaimed: 0n });
      return { channel: requireChannel(ledger, 'requester', channelId), state };
    }
  }

  function promisedOn(channelId: Hex): bigint {
    const nowMs = now();
    promises = promises.filter((promise) => promise.untilMs > nowMs);
    return promises
      .filter((promise) => promise.channelId === channelId)
      .reduce((sum, promise) => sum + promise.amount, 0n);
  }

  function recordBalance(channelId: Hex, balance: bigint, transactionHash: Hex | null): void {
    if (balance === ledger.findChannel('requester', channelId)?.balance) return;
    ledger.append({ kind: 'deposit', role: 'requester', channelId, balance, transactionHash });
  }

  async function findOrCreate(input: ChannelInput): Promise<{ channel: ChannelRecord; state: ChannelOnChain }> {
    const found = await findUsable(input);
    return found ?? createChannel(input);
  }

  function missingOn(channel: ChannelRecord, state: ChannelOnChain, amount: bigint): bigint {
    const needed = depositNeeded(ledger, channel, now()) + promisedOn(channel.channelId) + amount;
    return needed > state.balance ? needed - state.balance : 0n;
  }

  async function open(input: OpenChannelInput): Promise<PaymentOutcome<OpenedChannel>> {
    const { channel, state } = await findOrCreate(input);
    const { channelId, config } = channel;
    recordBalance(channelId, state.balance, null);
    const missing = missingOn(channel, state, input.amount);
    if (missing > 0n) {
      const wanted = input.fill?.(missing) ?? missing;
      if (typeof wanted !== 'bigint') return wanted;
      const available = await chain.tokenBalance(signer.address);
      if (available < missing) {
        const message = `the channel needs ${missing} more, ${signer.address} holds ${available}`;
        return refuse('DEPOSIT_TOO_SMALL', message, { needed: missing, available });
      }
      const { transactionHash } = await chain.deposit(config, wanted < available ? wanted : available);
      recordBalance(channelId, (await chain.readChannel(channelId)).balance, transactionHash);
    }
    promises = [...promises, { channelId, amount: input.amount, untilMs: now() + promiseLifetimeMs }];
    return { ok: true, channel: config, channelId };
  }

  async function openChannel(input: OpenChannelInput): Promise<PaymentOutcome<OpenedChannel>> {
    try {
      return await inTurn(() => open(input));
    } catch (error) {
      return asRefusal(error);
    }
  }

  const missingDeposit: RequesterPayments['missingDeposit'] = async (input) => {
    try {
      const found = await findUsable(input);
      if (found === undefined) return { ok: true, missing: input.amount, balance: 0n };
      const { channel, state } = found;
      return { ok: true, missing: missingOn(channel, state, input.amount), balance: state.balance };
    } catch (error) {
      return asRefusal(error);
    }
  };

  function taskOpened(agreement: Agreement): void {
    const onChannel = promises.filter((promise) => isSameAddress(promise.channelId, agreement.channelId));
    const fulfilled = onChannel.find((promise) => promise.amount === highestPrice(agreement)) ?? onChannel[0];
    promises = promises.filter((promise) => promise !== fulfilled);
  }

  return { openChannel, missingDeposit, taskOpened };
}

function asRefusal(error: unknown): PaymentRefusal {
  if (!(error instanceof PaymentError)) throw error;
  const isEndpoint = error.code === 'CHAIN_UNREACHABLE' || error.code === 'CHAIN_MISMATCH';
  return refuse(isEndpoint ? 'CHAIN_UNREACHABLE' : 'DEPOSIT_FAILED', error.message);
}
