import { LlmError } from './llm-error.ts';
import type { Scheduler } from './serving/scheduler.ts';
import type { Sequence } from './serving/sequence.ts';
import type { StopStrings } from './serving/stop-strings.ts';
import type { DraftCounts } from './speculation/prompt-lookup.ts';
import type { Detokenizer } from './tokenizer/detokenizer.ts';

/** Natural logarithms of the probabilities the model gave, before sampling rules. */
export interface TokenLogProbability {
  readonly token: number;
  readonly logProbability: number;
  /** The likeliest tokens at that place, best first. */
  readonly alternatives: readonly { readonly token: number; readonly logProbability: number }[];
}

export interface GeneratedChunk {
  tokens: number[];
  text: string;
  finished: 'stop' | 'length' | null;
  /** One for each token, where they were asked for. */
  logProbabilities?: TokenLogProbability[];
  /** What drafts brought, where they were asked for. */
  drafts?: DraftCounts;
}

/** One growing answer. Tokens include the stop token, or the one that completed a stop string; text holds neither. */
export interface GenerationSession {
  /**
   * Decodes up to `maxTokens` more. `text` is what these tokens completed: bytes of an unfinished UTF-8 sequence, and what may become
   * a stop string, wait for the next call. `finished` is 'stop' after a stop, 'length' when the limit or the context is reached, else
   * null; a finished session answers with no tokens and the same reason.
   *
   * @throws LlmError SESSION_CLOSED after destroy, also for calls under way; INVALID_PARAMETER, GPU_ERROR, OUT_OF_MEMORY
   */
  next(maxTokens: number): Promise<GeneratedChunk>;
  /** Cancels what is under way and frees the session's pages at once. */
  destroy(): void;
}

export interface GenerationOptions {
  readonly scheduler: Scheduler;
  /** Its prompt is in the cache. */
  readonly sequence: Sequence;
  /** Output given before, at the end of the sequence. */
  readonly emittedTokens: readonly number[];
  /** Output tokens allowed: the caller's limit and the room in the context. */
  readonly outputLimit: number;
  readonly stopTokens: ReadonlySet<number>;
  readonly stopStrings: StopStrings;
  readonly detokenizer: Detokenizer;
}

export function createGenerationSession(options: GenerationOptions): GenerationSession {
  const { scheduler, sequence, outputLimit, stopTokens, stopStrings, detokenizer } = options;
  let produced = options.emittedTokens.length;
  let finished: 'stop' | 'length' | null = null;
  for (const token of options.emittedTokens) {
    // What it printed was shown then; what it left unfinished is printed with the tokens to come.
    if (stopTokens.has(token) || stopStrings.push(detokenizer.push([token])).stopped) finished = 'stop';
  }
  if (finished === null && produced >= outputLimit) finished = 'length';
  let previous: Promise<unknown> = Promise.resolve();

  const decode = async (maxTokens: number): Promise<GeneratedChunk> => {
    if (sequence.isClosed) throw new LlmError('SESSION_CLOSED', 'this generation was closed');
    const tokens: number[] = [];
    const logProbabilities: TokenLogProbability[] = [];
    let text = '';
    const draftsBefore = sequence.lookup?.counts;
    const wanted = finished === null ? Math.min(maxTokens, outputLimit - produced) : 0;
    if (wanted > 0) {
      await scheduler.ask(sequence, wanted, ({ token, logProbability, alternatives = [] }) => {
        tokens.push(token);
        if (logProbability !== undefined) logProbabilities.push({ token, logProbability, alternatives });
        if (stopTokens.has(token)) {
          finished = 'stop';
          return false;
        }
        const shown = stopStrings.push(detokenizer.push([token]));
        text += shown.text;
        if (shown.stopped) finished = 'stop';
        return !shown.stopped;
      });
      produced += tokens.length;
      if (finished === null && produced >= outputLimit) finished = 'length';
      if (finished !== null) {
        // After a stop string nothing is held back any more, and what follows it belongs to nobody.
        const rest = stopStrings.hasStopped ? { text: '' } : stopStrings.push(detokenizer.end());
        text += rest.text + stopStrings.end();
      }
    }
    return {
      tokens,
      text,
      finished,
      ...(sequence.alternatives === undefined ? {} : { logProbabilities }),
      ...draftsSince(draftsBefore, sequence.lookup?.counts),
    };
  };

  return {
    next(maxTokens) {
      if (!Number.isSafeInteger(maxTokens) || maxTokens < 1) {
        return Promise.reject(
          new LlmError('INVALID_PARAMETER', `maxTokens is ${maxTokens}; it must be a whole number of at least 1`, {
            data: { value: maxTokens },
          }),
        );
      }
      const result = previous.then(() => decode(maxTokens));
      previous = result.catch(() => undefined);
      return result;
    },
    destroy() {
      scheduler.close(sequence);
    },
  };
}

function draftsSince(before: DraftCounts | undefined, now: DraftCounts | undefined): { drafts?: DraftCounts } {
  if (before === undefined || now === undefined) return {};
  return { drafts: { checked: now.checked - before.checked, accepted: now.accepted - before.accepted } };
}
