import { requestChat } from './chat/request-chat.ts';
import { collectRefunds } from './collect-refunds.ts';
import type { RequesterComponents } from './components.ts';
import { deliverReceipts } from './deliver-receipts.ts';
import { requestRender } from './render/request-render.ts';
import type { Requester } from './types.ts';

export type { RequesterComponents } from './components.ts';
export { RequesterError } from './requester-error.ts';
export type {
  ChatOutcome,
  ChatRequest,
  JobOptions,
  JobProgress,
  ProviderPart,
  RenderOutcome,
  RenderRequest,
  Requester,
} from './types.ts';

/**
 * The buyer: finds providers, agrees, takes chunk by chunk, checks and pays.
 *
 *     const { text, parts } = await requester.requestChat({ modelSha256, messages, maxTokens: 128, temperatureMillionths: 0, seed: 1 })
 */
export function createRequester(components: RequesterComponents): Requester {
  // A provider that comes back gets the receipts it missed.
  let running: Promise<void> = Promise.resolve();
  const deliver = (): Promise<void> => {
    running = running.then(() => deliverReceipts(components));
    return running;
  };
  const unsubscribe = components.network.onPeersChanged(() => void deliver());
  return {
    requestChat: (request, options = {}) => requestChat(components, request, options),
    requestRender: (request, options = {}) => requestRender(components, request, options),
    deliverReceipts: deliver,
    collectRefunds: (channelId) => collectRefunds(components, channelId),
    close: unsubscribe,
  };
}
