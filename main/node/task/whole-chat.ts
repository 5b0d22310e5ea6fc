/** A chat computed to its end in one go, for a payer who pays by request. */
import { chatPayloadCodec } from '../../../protocol/wire/payload-codecs.ts';
import type { ChunkSource } from './chunk-source.ts';

export interface ChatAnswer {
  readonly text: string;
  readonly tokens: readonly number[];
  /** `stopped`: the payer has gone or time was up; what was made until then is there. */
  readonly finished: 'stop' | 'length' | 'stopped';
}

/**
 * @param maxUnits paid for in advance
 * @param stop ends the answer early, with what is there
 * @param handBack the owner wants the GPU back: throws its reason
 * @throws TaskError, GpuWorkerError
 */
export async function computeWholeChat(
  source: ChunkSource,
  maxUnits: bigint,
  signals: { readonly stop: AbortSignal; readonly handBack: AbortSignal },
  onTokens: (count: number) => void,
): Promise<ChatAnswer> {
  const { stop, handBack } = signals;
  const signal = AbortSignal.any([stop, handBack]);
  const tokens: number[] = [];
  let text = '';
  let finished: ChatAnswer['finished'] = 'length';
  while (source.plan(maxUnits - BigInt(tokens.length)) !== null) {
    try {
      signal.throwIfAborted();
      const chunk = await source.produce(signal);
      if (chunk === null) continue;
      const payload = chatPayloadCodec.decode(chunk.payload);
      tokens.push(...payload.tokens);
      text += payload.text;
      if (payload.finished === 'stop') finished = 'stop';
      onTokens(tokens.length);
    } catch (error) {
      handBack.throwIfAborted();
      if (!stop.aborted) throw error;
      finished = 'stopped';
      break;
    }
  }
  return { text, tokens, finished };
}
