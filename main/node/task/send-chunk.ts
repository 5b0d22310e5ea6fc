import { wireLimits } from '../../../protocol/wire/limits.ts';
import type { TaskStream } from '../../network/types.ts';

/** One chunk in as many frames as it takes: a payload above one part's size is continued in chunkPart frames. */
export async function sendChunk(
  stream: TaskStream,
  chunk: { readonly sequence: number; readonly units: bigint; readonly payload: Uint8Array<ArrayBuffer> },
): Promise<void> {
  const { sequence, units, payload } = chunk;
  const first = payload.subarray(0, wireLimits.chunkPart);
  await stream.send({ type: 'chunk', body: { sequence, units, payloadSizeBytes: payload.length, payload: first } });
  for (let offset = first.length; offset < payload.length; offset += wireLimits.chunkPart) {
    const part = payload.subarray(offset, offset + wireLimits.chunkPart);
    await stream.send({ type: 'chunkPart', body: { sequence, payload: part } });
  }
}
