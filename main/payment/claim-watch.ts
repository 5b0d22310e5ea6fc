/**
 * Looks after what is earned and not yet safe. A payer that takes its deposit back leaves the node as long as the
 * channel's withdraw delay; a look at the chain that is shorter than it, and a claim at that look, lose nothing.
 */
import type { Hex } from '../../protocol/agreement.ts';
import type { NodeAlarm } from '../../protocol/node-api.ts';
import { formatAmount, tokenName } from '../../protocol/money.ts';
import type { ChannelRecord, Ledger } from '../ledger/index.ts';
import type { ChainClient } from './chain-client.ts';
import { chooseClaims, costOfClaim, usualCoinPrice } from './claim-policy.ts';
import type { ClaimPrices } from './claim-policy.ts';
import { PaymentError } from './payment-error.ts';
import { isSameAddress } from './typed-data.ts';
import type { ClaimReport, OpenClaim, ProviderPayments } from './types.ts';

export interface ClaimWatch {
  /** One look: catches up with every channel that has money at stake, and claims what should be. Never throws. */
  look(): Promise<ClaimReport | null>;
  readonly alarms: readonly NodeAlarm[];
}

export function createClaimWatch(parts: {
  readonly ledger: Ledger;
  readonly chain: ChainClient;
  readonly payments: Pick<ProviderPayments, 'claimAndSettle'>;
  /** Sends the claims, and pays their gas where no relay does. */
  readonly walletAddress: `0x${string}`;
  readonly now?: () => number;
}): ClaimWatch {
  const { ledger, chain, payments, walletAddress, now = Date.now } = parts;
  const { chainId, token, relayUrl, coinPrice = usualCoinPrice } = chain.settings;
  let alarms: readonly NodeAlarm[] = [];
  /** Channels about which the endpoints said different things, at this look and at the one before. */
  let disputedNow = new Set<Hex>();
  let disputedBefore: ReadonlySet<Hex> = disputedNow;

  function channelsAtStake(): readonly ChannelRecord[] {
    return ledger.listChannels('provider').filter((channel) => {
      if (channel.chainId !== chainId || !isSameAddress(channel.config.token, token)) return false;
      const isOwed = channel.baseClaimed + channel.owed > channel.claimed;
      const isOpen = ledger.listOpenTasks('provider', channel.channelId, Math.floor(now() / 1_000)).length > 0;
      return isOwed || isOpen || channel.closingAt !== 0;
    });
  }

  async function catchUp(channel: ChannelRecord): Promise<void> {
    const { channelId } = channel;
    const { balance, withdrawInitiatedAt, isDisputed } = await chain.readChannel(channelId);
    if (isDisputed === true) disputedNow.add(channelId);
    // A deposit counts once it lies deep enough; one that has shrunk counts at once.
    if (balance < channel.balance) {
      ledger.append({ kind: 'deposit', role: 'provider', channelId, balance, transactionHash: null });
    }
    if (withdrawInitiatedAt !== channel.closingAt) {
      ledger.append({ kind: 'withdrawal', role: 'provider', channelId, initiatedAt: withdrawInitiatedAt });
    }
  }

  async function lookOnce(seen: NodeAlarm[]): Promise<ClaimReport | null> {
    const atStake = channelsAtStake();
    if (atStake.length === 0) return null;
    for (const channel of atStake) await catchUp(channel);
    const [gasPrice, dataFees] = await Promise.all([chain.gasPrice(), chain.dataFees()]);
    const prices: ClaimPrices = { gasPrice, coinPrice, dataFees };
    const chosen: OpenClaim[] = [];
    const report = await payments.claimAndSettle((open) => {
      chosen.push(...chooseClaims(open, prices));
      return chosen;
    });
    for (const channel of channelsAtStake()) if (channel.closingAt !== 0) seen.push(closingAlarm(channel));
    await warnOfGas(prices, seen);
    return report;
  }

  /** Said before it is needed: what is earned, and too little coin to claim it. */
  async function warnOfGas(prices: ClaimPrices, seen: NodeAlarm[]): Promise<void> {
    const atStake = channelsAtStake();
    if (relayUrl !== undefined || atStake.length === 0) return;
    const coin = await chain.coinBalance(walletAddress);
    const needed = costOfClaim(atStake.length, { ...prices, coinPrice: 10n ** 18n });
    if (coin < needed) seen.push(gasAlarm(`${walletAddress} holds ${coin} wei, a claim now costs about ${needed}`));
  }

  function gasAlarm(why: string): NodeAlarm {
    return {
      code: 'GAS_UNAFFORDABLE',
      severity: 'urgent',
      message: `What is earned cannot be claimed: ${why}.`,
      fix: `Send a little of the chain's coin to ${walletAddress}, or start with --relay-url.`,
      sinceMs: now(),
    };
  }

  function alarmOf(error: unknown): NodeAlarm {
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof PaymentError ? error.code : 'CLAIM_FAILED';
    if (code === 'GAS_UNAFFORDABLE') return gasAlarm(message);
    if (code === 'CHAIN_UNREACHABLE' || code === 'CHAIN_MISMATCH') {
      const fix = 'Check --rpc-url; give it twice to have a second endpoint.';
      return {
        code: 'CHAIN_UNREACHABLE',
        severity: 'urgent',
        message: `The chain cannot be watched: ${message}.`,
        fix,
        sinceMs: now(),
      };
    }
    const fix = 'It is tried again by itself; "hearth claim" tries it now.';
    return { code: 'CLAIM_FAILED', severity: 'warning', message: `A claim failed: ${message}.`, fix, sinceMs: now() };
  }

  /** One that lags by a block differs once; one that differs at two looks is wrong, or the other is. */
  function warnOfDispute(seen: NodeAlarm[]): void {
    const count = [...disputedNow].filter((channelId) => disputedBefore.has(channelId)).length;
    disputedBefore = disputedNow;
    if (count === 0) return;
    const channels = count === 1 ? '1 channel' : `${count} channels`;
    seen.push({
      code: 'ENDPOINTS_DISAGREE',
      severity: 'warning',
      message: `The chain's endpoints disagree about ${channels}; the lowest figures count.`,
      fix: 'Compare both --rpc-url with a block explorer, and replace the one that is wrong.',
      sinceMs: now(),
    });
  }

  async function look(): Promise<ClaimReport | null> {
    const seen: NodeAlarm[] = [];
    disputedNow = new Set();
    let report: ClaimReport | null = null;
    try {
      report = await lookOnce(seen);
    } catch (error) {
      for (const channel of channelsAtStake()) if (channel.closingAt !== 0) seen.push(closingAlarm(channel));
      seen.push(alarmOf(error));
    }
    if (chain.endpointsDown > 0 && !seen.some((alarm) => alarm.code === 'CHAIN_UNREACHABLE')) {
      const message = `${chain.endpointsDown} of the chain's endpoints do not answer.`;
      const fix = 'Replace it: deposits are only checked against the endpoints that answer.';
      seen.push({ code: 'ENDPOINT_DOWN', severity: 'warning', message, fix, sinceMs: now() });
    }
    warnOfDispute(seen);
    // What was known keeps its time.
    alarms = seen.map((alarm) => {
      const known = alarms.find(({ code }) => code === alarm.code && code !== 'CHANNEL_CLOSING');
      return known === undefined ? alarm : { ...alarm, sinceMs: known.sinceMs };
    });
    return report;
  }

  return {
    look,
    get alarms() {
      return alarms;
    },
  };
}

function closingAlarm(channel: ChannelRecord): NodeAlarm {
  const untilMs = (channel.closingAt + channel.config.withdrawDelay) * 1_000;
  const open = channel.baseClaimed + channel.owed - channel.claimed;
  const rest = open > 0n ? `${formatAmount(open)} ${tokenName} are not claimed yet` : 'everything earned is claimed';
  const until = new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ');
  return {
    code: 'CHANNEL_CLOSING',
    severity: open > 0n ? 'urgent' : 'notice',
    message: `${channel.counterparty} takes its deposit back at ${until} UTC; ${rest}.`,
    fix:
      open > 0n
        ? 'Keep the node running and its wallet in gas, or run "hearth claim" now.'
        : 'Nothing: what you earned there is safe.',
    sinceMs: channel.closingAt * 1_000,
  };
}
