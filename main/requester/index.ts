import { errorText } from '../../protocol/errors.ts';
import { planChat, requestChat } from './chat/request-chat.ts';
import { collectRefunds } from './collect-refunds.ts';
import type { RequesterComponents } from './components.ts';
import { deliverReceipts } from './deliver-receipts.ts';
import { planRender, requestRender } from './render/request-render.ts';
import type { Requester } from './types.ts';

export { toRefundEntry } from './collect-refunds.ts';
export type { RequesterComponents } from './components.ts';
export { RequesterError } from './requester-error.ts';
export type {
  ChatOutcome,
  ChatRequest,
  JobOptions,
  JobPlan,
  JobProgress,
  ProviderPart,
  RenderOutcome,
  RenderRequest,
  Requester,
  SpendingLimits,
} from './types.ts';

/**
 * The buyer: finds providers, agrees, takes chunk by chunk, checks and pays.
 *
 *     const { text, parts } = await requester.requestChat({ modelSha256, messages, maxTokens: 128, temperatureMillionths: 0, seed: 1 })
 */
export function createRequester(components: RequesterComponents): Requester {
  // A provider that comes back gets the receipts it missed.
  const interrupted = components.payments.receiptInterrupted();
  interrupted.catch((error: unknown) => components.log?.(`tasks of an earlier run: ${errorText(error)}`));
  let running: Promise<unknown> = interrupted.catch(() => {});
  const deliver = (): Promise<void> => {
    const delivered = running.then(() => deliverReceipts(components));
    running = delivered;
    return delivered;
  };
  const unsubscribe = components.network.onPeersChanged(() => void deliver());
  return {
    // A provider that waits for a receipt takes no new task.
    requestChat: async (request, options = {}) => {
      await interrupted;
      return requestChat(components, request, options);
    },
    requestRender: async (request, options = {}) => {
      await interrupted;
      return requestRender(components, request, options);
    },
    planChat: (request, options = {}) => planChat(components, request, options),
    planRender: (request, options = {}) => planRender(components, request, options),
    interrupted,
    deliverReceipts: deliver,
    collectRefunds: (channelId) => collectRefunds(components, channelId),
    close: unsubscribe,
  };
}
