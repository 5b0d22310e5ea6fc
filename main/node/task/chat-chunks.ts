import { randomUUID } from 'node:crypto';
import { type ChatTask, conversationOf } from '../../../protocol/tasks.ts';
import { wireLimits } from '../../../protocol/wire/limits.ts';
import { chatPayloadCodec } from '../../../protocol/wire/payload-codecs.ts';
import type { GenerationChunk } from '../../../worker/messages.ts';
import type { Chunk, ChunkSource, ChunkSourceComponents, ChunkSourceOptions } from './chunk-source.ts';
import { computeTimeoutMs, type LoadedInput } from './worker-inputs.ts';

/** A reader sees text this often. */
const chunkMs = 250;

interface Session {
  readonly id: string;
  readonly model: LoadedInput;
}

/**
 * An answer in chunks of at most 16 tokens or about 250 ms. When the worker's process is lost (a lost device it mends itself), the session
 * is opened again with every token delivered so far: sampling is keyed by absolute position, so the answer goes on as it would have.
 */
export function createChatChunks(
  task: ChatTask,
  components: ChunkSourceComponents,
  { chunkUnits, onActivity }: ChunkSourceOptions,
): ChunkSource {
  const { worker, inputs, rates, sliceTargetMs } = components;
  const delivered: number[] = [];
  const strikes = { count: 0 };
  let session: Session | null = null;
  let isDone = false;
  let planned = 0;

  function planTokens(): number {
    const rate = rates.rate('chat', task.modelSha256);
    const byTime = rate === null ? 1 : Math.max(1, Math.floor((rate * chunkMs) / 1000));
    return Math.min(byTime, wireLimits.chunkTokens, Number(chunkUnits), task.maxTokens - delivered.length);
  }

  async function open(signal: AbortSignal): Promise<Session> {
    onActivity(strikes.count === 0 ? 'loading' : 'recovering');
    const model = await inputs.model(task.modelSha256, signal);
    try {
      const { tokens } = await worker.call('encode-chat', { modelId: model.id, ...conversationOf(task) }, { signal });
      const id = randomUUID();
      onActivity('computing');
      await worker.call(
        'open-generation',
        {
          sessionId: id,
          modelId: model.id,
          promptTokens: [...tokens, ...task.prefixTokens],
          maxTokens: task.maxTokens,
          emittedTokens: delivered,
          sliceTargetMs: sliceTargetMs(),
          sampling: { temperature: task.temperatureMillionths / 1e6, seed: task.seed },
        },
        { signal },
      );
      return { id, model };
    } catch (error) {
      model.release();
      throw error;
    }
  }

  async function next(maxTokens: number, signal: AbortSignal): Promise<GenerationChunk> {
    return inputs.withRecovery(strikes, signal, async () => {
      try {
        session ??= await open(signal);
        onActivity('computing');
        return await worker.call(
          'next-tokens',
          { sessionId: session.id, maxTokens, sliceTargetMs: sliceTargetMs() },
          { signal, timeoutMs: computeTimeoutMs },
        );
      } catch (error) {
        session?.model.release();
        session = null;
        throw error;
      }
    });
  }

  return {
    plan(limitUnits) {
      if (isDone || delivered.length >= task.maxTokens) return null;
      planned = planTokens();
      if (limitUnits < planned) planned = Number(limitUnits);
      return BigInt(planned);
    },
    async produce(signal): Promise<Chunk | null> {
      const { tokens, text, finished, durationMs } = await next(planned, signal);
      delivered.push(...tokens);
      isDone = finished !== null;
      const units = BigInt(tokens.length);
      rates.note('chat', task.modelSha256, units, durationMs);
      if (tokens.length === 0) {
        // A session that gives nothing and does not end would spin.
        isDone = true;
        return null;
      }
      return { units, payload: chatPayloadCodec.encode({ tokens, text, finished: finished ?? 'more' }) };
    },
    async close() {
      const open = session;
      session = null;
      if (open === null) return;
      open.model.release();
      await worker.call('close-generation', { sessionId: open.id }).catch(() => {
        // The worker is gone, and the session with it.
      });
    },
  };
}
