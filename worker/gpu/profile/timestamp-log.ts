import { createStorageBuffer, readBuffer } from '../buffers.ts';

/** WebGPU's own limit for one query set. */
const queriesPerSet = 4096;
const timestampBytes = 8;

interface QuerySlot {
  readonly querySet: GPUQuerySet;
  readonly index: number;
}

/** Pairs of GPU timestamps in query sets that grow with what is recorded. Needs the feature timestamp-query. */
export class TimestampLog {
  readonly #device: GPUDevice;
  readonly #sets: GPUQuerySet[] = [];
  #length = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Room for one more pass: its beginning and its end. */
  next(): GPUComputePassTimestampWrites {
    const { querySet, index } = this.#slot();
    this.#length += 2;
    return { querySet, beginningOfPassWriteIndex: index, endOfPassWriteIndex: index + 1 };
  }

  /** Nanoseconds of each pass, in the order of `next`. A driver whose clock ran backwards gives 0. Empties the log. */
  async read(): Promise<number[]> {
    const durations: number[] = [];
    for (const [index, querySet] of this.#sets.entries()) {
      const count = Math.min(queriesPerSet, this.#length - index * queriesPerSet);
      const ticks = await this.#resolve(querySet, count);
      for (let pair = 0; pair + 1 < count; pair += 2) {
        const elapsed = (ticks[pair + 1] ?? 0n) - (ticks[pair] ?? 0n);
        durations.push(elapsed > 0n ? Number(elapsed) : 0);
      }
    }
    this.destroy();
    return durations;
  }

  destroy(): void {
    for (const querySet of this.#sets) querySet.destroy();
    this.#sets.length = 0;
    this.#length = 0;
  }

  #slot(): QuerySlot {
    const index = this.#length % queriesPerSet;
    if (index === 0) {
      const label = `gpu.profile.${this.#sets.length}`;
      this.#sets.push(this.#device.createQuerySet({ label, type: 'timestamp', count: queriesPerSet }));
    }
    const querySet = this.#sets.at(-1);
    if (querySet === undefined) throw new RangeError('the timestamp log has no query set');
    return { querySet, index };
  }

  async #resolve(querySet: GPUQuerySet, count: number): Promise<BigUint64Array> {
    const sizeBytes = count * timestampBytes;
    // QUERY_RESOLVE 0x200.
    const resolved = createStorageBuffer(this.#device, `${querySet.label}.resolved`, sizeBytes, 0x200);
    try {
      const encoder = this.#device.createCommandEncoder({ label: `${querySet.label}.resolve` });
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      this.#device.queue.submit([encoder.finish()]);
      return new BigUint64Array(await readBuffer(this.#device, resolved, sizeBytes));
    } finally {
      resolved.destroy();
    }
  }
}
