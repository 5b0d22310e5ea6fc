import type { NumericProfile } from '../../../protocol/agreement.ts';
import type { ChatTask } from '../../../protocol/tasks.ts';
import { chatPayloadCodec } from '../../../protocol/wire/payload-codecs.ts';
import { AuditQueue } from '../check/audit-queue.ts';
import { checkChat } from '../check/check-chat.ts';
import type { Checker } from '../check/checker.ts';
import { type Delivery, DeliveryError, type Finding } from '../purchase/delivery.ts';
import { errorText } from '../../../protocol/errors.ts';

/** A long answer is re-checked at 16, 64, 256, ... tokens: a third more work than once at the end, and cheating pays little. */
const firstAuditTokens = 16;
const auditGrowth = 4;

export interface ChatDelivery extends Delivery {
  readonly tokens: readonly number[];
  readonly text: string;
  readonly finished: 'more' | 'stop' | 'length';
}

export function createChatDelivery(options: {
  readonly task: ChatTask;
  readonly profile: NumericProfile;
  readonly checker: Checker | null;
  readonly signal: AbortSignal;
  readonly onText: (text: string, tokens: readonly number[]) => void;
}): ChatDelivery {
  const { task, profile, checker, signal, onText } = options;
  const audits = new AuditQueue();
  const tokens: number[] = [];
  let text = '';
  let finished: ChatDelivery['finished'] = 'more';
  let nextAudit = firstAuditTokens;

  function audit(context: { readonly checker: Checker }): void {
    const answer = { tokens: [...tokens], text, finished };
    audits.add(async () => {
      const finding = await checkChat(context.checker, task, answer, { profile, signal });
      return finding.verdict === 'rejected' ? finding.detail : null;
    });
  }

  return {
    get tokens() {
      return tokens;
    },
    get text() {
      return text;
    },
    get finished() {
      return finished;
    },
    get fault() {
      return audits.fault;
    },
    accept(payload, units) {
      const chunk = chatPayloadCodec.decode(payload);
      if (finished !== 'more') throw new DeliveryError('a chunk came after the answer had ended');
      if (BigInt(chunk.tokens.length) !== units) {
        throw new DeliveryError(`a chunk of ${units} units carries ${chunk.tokens.length} tokens`);
      }
      tokens.push(...chunk.tokens);
      text += chunk.text;
      finished = chunk.finished;
      onText(chunk.text, chunk.tokens);
      const isLast = finished !== 'more' || tokens.length >= task.maxTokens;
      if (checker !== null && !isLast && tokens.length >= nextAudit) {
        nextAudit = tokens.length * auditGrowth;
        audit({ checker });
      }
      return { isLast };
    },
    async finish(finishSignal): Promise<Finding> {
      await audits.settle();
      if (audits.fault !== null) return { verdict: 'rejected', detail: audits.fault };
      if (checker === null) return { verdict: 'accepted', detail: 'nothing here can re-run the model' };
      if (tokens.length === 0) return { verdict: 'accepted', detail: 'nothing was delivered' };
      try {
        return await checkChat(checker, task, { tokens, text, finished }, { profile, signal: finishSignal });
      } catch (error) {
        const reason = errorText(error);
        return { verdict: 'accepted', detail: `could not be checked: ${reason}` };
      }
    },
  };
}
