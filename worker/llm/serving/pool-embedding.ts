import { readBuffer } from '../../gpu/buffers.ts';
import { PREFILL_CHUNK } from '../model/llama-graph.ts';
import type { BatchRunner } from './batch-runner.ts';

/** Of which tokens the hidden states make the embedding: the mean of all, the last, or the first. */
export type Pooling = 'mean' | 'last' | 'cls';

/** The pooled hidden state of a sequence whose tokens and pages are in `slot`, divided by its Euclidean length. */
export async function poolEmbedding(
  device: GPUDevice,
  runner: BatchRunner,
  options: { slot: number; length: number; pooling: Pooling; columns: number },
): Promise<Float32Array<ArrayBuffer>> {
  const { slot, length, pooling, columns } = options;
  await runner.prepare('pool');
  for (let start = 0; start < length; start += PREFILL_CHUNK) {
    const count = Math.min(PREFILL_CHUNK, length - start);
    const isLast = start + count === length;
    const range = {
      mean: [0, count],
      last: [count - 1, isLast ? 1 : 0],
      cls: [0, start === 0 ? 1 : 0],
    }[pooling];
    runner.prefill({ slot, position: start }, count, {
      kind: 'pool',
      firstRow: range[0] ?? 0,
      rowCount: range[1] ?? 0,
      isFirst: start === 0,
    });
  }
  const sums = new Float32Array(await readBuffer(device, runner.buffers.pooled, columns * 4));
  const norm = Math.sqrt(sums.reduce((total, value) => total + value * value, 0));
  return sums.map((value) => (norm === 0 ? 0 : value / norm));
}
