import { errorText } from '../../protocol/errors.ts';
import type { ErrorShape } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/agreement.ts';
import type { RefundEntry } from '../../protocol/node-api.ts';
import type { RequesterComponents } from './components.ts';

export interface RefundOutcome {
  readonly channelId: Hex;
  readonly provider: Hex;
  /** What the chain shows to have come back; 0 with a `refusal`. */
  readonly refunded: bigint;
  readonly transactionHash: Hex | null;
  readonly refusal: ErrorShape | null;
}

/** As the API and the command line tell it. */
export function toRefundEntry({ provider, refunded, ...outcome }: RefundOutcome): RefundEntry {
  return { ...outcome, counterparty: provider, refunded: refunded.toString() };
}

/**
 * Asks the providers of our channels for what is left of the deposits: of one channel, or of all that hold more than was
 * promised. What counts as given back is what the chain shows, not what the provider says.
 */
export async function collectRefunds(
  { network, payments }: RequesterComponents,
  channelId?: string,
): Promise<readonly RefundOutcome[]> {
  const channels = payments.refundable(channelId);
  const outcomes: RefundOutcome[] = [];
  for (const channel of channels) {
    const outcome = { channelId: channel.channelId, provider: channel.provider, refunded: 0n, transactionHash: null };
    const refuse = (code: string, message: string) => outcomes.push({ ...outcome, refusal: { code, message } });
    if (channel.openTasks > 0) {
      refuse('CHANNEL_BUSY', `${channel.openTasks} tasks on it are still open`);
      continue;
    }
    const peer = network.peers().find(({ wallet }) => wallet.toLowerCase() === channel.provider.toLowerCase());
    if (peer === undefined) {
      refuse('UNREACHABLE', `${channel.provider} is not connected; after the withdraw delay it comes back without it`);
      continue;
    }
    try {
      const answer = await network.requestRefund(peer.peerId, { channelId: channel.channelId, amount: 0n });
      if (!answer.ok) {
        refuse(answer.code, answer.message);
        continue;
      }
      const { transactionHash } = answer;
      const refunded = await payments.noteRefund(channel.channelId, transactionHash);
      outcomes.push({ ...outcome, refunded, transactionHash, refusal: null });
    } catch (error) {
      refuse('UNREACHABLE', errorText(error));
    }
  }
  return outcomes;
}
