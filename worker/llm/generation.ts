import { LlmError } from './llm-error.ts';
import type { LlamaContext } from './model/llama-context.ts';
import type { Detokenizer } from './tokenizer/detokenizer.ts';

/** Tokens whose ids are on their way back while the next are encoded: hides the read-back, costs at most that many surplus tokens at a stop. */
const TOKENS_IN_FLIGHT = 3;

/** One growing answer. Tokens include the stop token that ended it; text does not. */
export interface GenerationSession {
  /**
   * Decodes up to `maxTokens` more. `text` is what these tokens completed: bytes of an unfinished UTF-8 sequence wait for the
   * next call. `finished` is 'stop' after a stop token, 'length' when the limit or the context is reached, else null; a
   * finished session answers with no tokens and the same reason.
   *
   * @throws LlmError SESSION_CLOSED after destroy, INVALID_PARAMETER
   */
  next(maxTokens: number): Promise<{ tokens: number[]; text: string; finished: 'stop' | 'length' | null }>;
  destroy(): void;
}

export interface GenerationOptions {
  readonly device: GPUDevice;
  readonly context: LlamaContext;
  /** Output tokens allowed: the caller's limit and the room in the context. */
  readonly outputLimit: number;
  readonly stopTokens: ReadonlySet<number>;
  readonly detokenizer: Detokenizer;
  /** Gives the context back. */
  release(): void;
}

/** The context is prefilled up to, and positioned at, the prompt's last token. */
export function createGenerationSession(options: GenerationOptions): GenerationSession {
  const { device, context, outputLimit, stopTokens, detokenizer, release } = options;
  // MAP_READ 0x1 | COPY_DST 0x8. All buffers of the session exist from here on: none is made per token.
  const slots = Array.from({ length: TOKENS_IN_FLIGHT }, (_, index) =>
    device.createBuffer({ label: `llm.generation.token.${index}`, size: 4, usage: 0x01 | 0x08 }),
  );
  let produced = 0;
  let finished: 'stop' | 'length' | null = outputLimit === 0 ? 'length' : null;
  let closed = false;
  let previous: Promise<unknown> = Promise.resolve();

  const submitToken = async (slot: GPUBuffer): Promise<number> => {
    const encoder = device.createCommandEncoder({ label: 'llm.token' });
    context.encodeToken(encoder, slot);
    device.queue.submit([encoder.finish()]);
    await slot.mapAsync(0x01);
    const token = new Uint32Array(slot.getMappedRange())[0] ?? 0;
    slot.unmap();
    return token;
  };

  const decode = async (maxTokens: number) => {
    if (closed) throw new LlmError('SESSION_CLOSED', 'this generation was closed');
    const tokens: number[] = [];
    const wanted = finished === null ? Math.min(maxTokens, outputLimit - produced) : 0;
    const inFlight: Promise<number>[] = [];
    let submitted = 0;
    try {
      while (tokens.length < wanted && finished === null) {
        while (submitted < wanted && inFlight.length < slots.length) {
          const slot = slots[submitted % slots.length];
          if (slot === undefined) break;
          inFlight.push(submitToken(slot));
          submitted += 1;
        }
        const token = await inFlight[0];
        inFlight.shift();
        if (token === undefined) break;
        tokens.push(token);
        if (stopTokens.has(token)) finished = 'stop';
      }
    } finally {
      // Surplus tokens behind a stop: their slots must be free again, their ids are nobody's.
      await Promise.allSettled(inFlight);
    }
    produced += tokens.length;
    if (finished === null && produced >= outputLimit) finished = 'length';
    const spoken = finished === 'stop' ? tokens.slice(0, -1) : tokens;
    const text = detokenizer.push(spoken) + (finished === null ? '' : detokenizer.end());
    return { tokens, text, finished };
  };

  const close = async () => {
    await previous;
    for (const slot of slots) slot.destroy();
    release();
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
      if (closed) return;
      closed = true;
      void close();
    },
  };
}
