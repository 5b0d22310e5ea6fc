import type { NumericProfile } from '../../../protocol/agreement.ts';
import { type ChatTask, conversationOf } from '../../../protocol/tasks.ts';
import type { Finding } from '../purchase/delivery.ts';
import type { Checker } from './checker.ts';
import { gapRules, gapTolerance } from './tolerance.ts';

export interface ChatAnswer {
  readonly tokens: readonly number[];
  readonly text: string;
  readonly finished: 'more' | 'stop' | 'length';
}

/**
 * Re-runs the whole answer as one prefill: every emitted token must have been the best one, up to rounding. Then the stop,
 * and the text, must be the model's own.
 *
 * @throws what the checker's worker throws.
 */
export async function checkChat(
  checker: Checker,
  task: ChatTask,
  answer: ChatAnswer,
  context: { readonly profile: NumericProfile; readonly signal: AbortSignal },
): Promise<Finding> {
  const { worker } = checker;
  const { signal } = context;
  const modelId = await checker.model(context.profile);
  const prompt = await worker.call('encode-chat', { modelId, ...conversationOf(task) }, { signal });
  const promptTokens = [...prompt.tokens, ...task.prefixTokens];
  const outputTokens = [...answer.tokens];
  const sampling = { temperature: task.temperatureMillionths / 1e6, seed: task.seed };
  const { gaps } = await worker.call('replay', { modelId, promptTokens, outputTokens, sampling }, { signal });

  // Scores are logits divided by the temperature; gaps are compared in logits.
  const scale = sampling.temperature === 0 ? 1 : sampling.temperature;
  const tolerance = gapTolerance[context.profile];
  const logitGaps = gaps.map((gap) => gap * scale);
  const worst = Math.max(0, ...logitGaps);
  const above = logitGaps.filter((gap) => !(gap <= tolerance)).length;
  const allowed = Math.max(1, Math.floor(gaps.length * gapRules.shareAbove));
  const measured = `largest gap ${worst.toPrecision(3)} of ${tolerance} over ${gaps.length} tokens`;
  if (gaps.length !== outputTokens.length || worst > tolerance * gapRules.worstFactor || above > allowed) {
    const first = logitGaps.findIndex((gap) => !(gap <= tolerance));
    return { verdict: 'rejected', detail: `token ${first} is not what the model says: ${measured}` };
  }
  const content = answer.finished === 'stop' ? outputTokens.slice(0, -1) : outputTokens;
  const { text } = await worker.call('detokenize', { modelId, tokens: content }, { signal });
  if (comparable(text) !== comparable(answer.text)) {
    return { verdict: 'rejected', detail: 'the text is not that of the tokens' };
  }
  if (
    answer.finished === 'stop' &&
    !(await stops(checker, modelId, { promptTokens, outputTokens, sampling, signal }))
  ) {
    return {
      verdict: 'rejected',
      detail: `the answer ends after ${outputTokens.length} tokens where the model goes on`,
    };
  }
  return { verdict: 'verified', detail: measured };
}

/** Bytes at either end of a part may wait for their other half in another provider's part; leading blanks are the tokenizer's. */
function comparable(text: string): string {
  return text.replaceAll('\uFFFD', '').trimStart();
}

/** False only where our own run emits the same last token and does not stop at it. */
async function stops(
  { worker }: Checker,
  modelId: string,
  run: {
    readonly promptTokens: readonly number[];
    readonly outputTokens: readonly number[];
    readonly sampling: { readonly temperature: number; readonly seed: number };
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const { outputTokens, sampling, signal } = run;
  const sessionId = `check-${crypto.randomUUID()}`;
  const promptTokens = [...run.promptTokens, ...outputTokens.slice(0, -1)];
  await worker.call('open-generation', { sessionId, modelId, promptTokens, maxTokens: 2, sampling }, { signal });
  try {
    const last = await worker.call('next-tokens', { sessionId, maxTokens: 1 }, { signal });
    return last.tokens[0] !== outputTokens.at(-1) || last.finished === 'stop';
  } finally {
    await worker.call('close-generation', { sessionId });
  }
}
