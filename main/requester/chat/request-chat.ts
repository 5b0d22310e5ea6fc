import { type ChatTask, conversationOf } from '../../../protocol/tasks.ts';
import { openChecker } from '../check/checker.ts';
import type { RequesterComponents } from '../components.ts';
import { ProviderRound } from '../provider-round.ts';
import { buy } from '../purchase/buy.ts';
import { checkTask } from '../check-task.ts';
import { type Share, planJob } from '../plan-job.ts';
import { createSpending } from '../purchase/spending.ts';
import { isOwnRefusal, RequesterError } from '../requester-error.ts';
import type { ChatOutcome, ChatRequest, JobOptions, JobPlan, ProviderPart } from '../types.ts';
import { createChatDelivery } from './chat-delivery.ts';

/** Providers tried for one answer before it is given up. */
const maxAttempts = 8;

/** Buys an answer; a lost provider is replaced by another that goes on after the tokens that are there. */
export async function requestChat(
  components: RequesterComponents,
  request: ChatRequest,
  options: JobOptions,
): Promise<ChatOutcome> {
  const signal = options.signal ?? new AbortController().signal;
  const onProgress = options.onProgress ?? (() => {});
  const round = new ProviderRound(components, options.provider);
  const spending = createSpending(options.limits ?? {});
  const parts: ProviderPart[] = [];
  const tokens: number[] = [];
  let text = '';
  const asked = withClock(components, request);
  checkTask(taskAfter(asked, tokens));
  const checker = await openChecker(components, request.modelSha256);
  try {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const task = taskAfter(asked, tokens);
      const { offers, refusals } = await round.offers(task, signal);
      onProgress({ kind: 'quoted', providers: offers.length, refusals });
      const offer = offers[0];
      if (offer === undefined) break;
      const { peerId } = offer.peer;
      const delivery = createChatDelivery({
        task,
        profile: offer.quote.numericProfile,
        checker,
        signal,
        onText: (piece, ids) => onProgress({ kind: 'text', peerId, text: piece, tokens: ids }),
      });
      const bought = await buy(components, { offer, task, delivery, signal, onProgress, spending, keepPayloads: true });
      if (bought.kind === 'refused') {
        const { code, message } = bought.refusal;
        if (bought.isOwn && isOwnRefusal(code)) throw new RequesterError(code, message, { parts });
        onProgress({ kind: 'lost', peerId, reason: bought.refusal.message });
        round.tire(peerId);
        continue;
      }
      parts.push(bought.part);
      if (bought.ended === 'rejected') {
        round.distrust(peerId);
      } else {
        tokens.push(...delivery.tokens);
        text += delivery.text;
        if (delivery.finished !== 'more') return { text, tokens, finished: delivery.finished, parts };
        if (tokens.length >= request.maxTokens) return { text, tokens, finished: 'length', parts };
        round.tire(peerId);
      }
      signal.throwIfAborted();
      onProgress({ kind: 'lost', peerId, reason: bought.part.detail });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new RequesterError('CANCELLED', `cancelled after ${tokens.length} tokens`, { parts });
  } finally {
    await checker?.close();
  }
  throw new RequesterError(
    'NO_PROVIDER',
    `no provider finished the answer: ${tokens.length} of at most ${request.maxTokens} tokens arrived${reasons(round)}`,
    { parts, refusals: round.refusals },
  );
}

/** The cheapest offer for the whole answer. */
export function planChat(
  components: RequesterComponents,
  request: ChatRequest,
  options: Pick<JobOptions, 'signal' | 'provider'>,
): Promise<JobPlan> {
  const task = taskAfter(withClock(components, request), []);
  checkTask(task);
  return planJob(components, task, options, (offers) =>
    offers.slice(0, 1).map((offer): Share => ({ offer, tasks: [task] })),
  );
}

/** One clock for all parts of the answer. */
function withClock({ nowMs = Date.now }: RequesterComponents, request: ChatRequest): ChatRequest {
  return { clockSeconds: Math.floor(nowMs() / 1000), ...request };
}

function reasons(round: ProviderRound): string {
  const list = round.refusals.map(({ code, message }) => `${code}: ${message}`);
  return list.length === 0 ? '; no provider is connected' : `; ${list.join('; ')}`;
}

function taskAfter(request: ChatRequest, tokens: readonly number[]): ChatTask {
  return {
    kind: 'chat',
    modelSha256: request.modelSha256,
    ...conversationOf(request),
    prefixTokens: [...tokens],
    maxTokens: request.maxTokens - tokens.length,
    temperatureMillionths: request.temperatureMillionths,
    seed: request.seed,
  };
}
