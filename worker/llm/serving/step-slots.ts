import { logProbabilityBytes, MAXIMUM_ALTERNATIVES } from '../kernels/log-probability.ts';
import { MAXIMUM_BATCH } from './batch-buffers.ts';
import type { ChosenToken } from './sequence.ts';

/** Steps whose ids are on their way back while the next are encoded: hides the read-back, costs at most that many surplus tokens at a stop. */
export const STEPS_IN_FLIGHT = 3;

/** Host-visible memory of one step in flight. */
export interface StepSlot {
  readonly ids: GPUBuffer;
  /** Made when first asked for. */
  details(): GPUBuffer;
  /** The tokens of a step, once the queue got there. */
  read(rowCount: number, alternatives: number | undefined): Promise<ChosenToken[]>;
  destroy(): void;
}

export function createStepSlot(device: GPUDevice, index: number): StepSlot {
  // MAP_READ 0x1 | COPY_DST 0x8.
  const create = (label: string, size: number) =>
    device.createBuffer({ label: `llm.serving.${label}.${index}`, size, usage: 0x01 | 0x08 });
  const ids = create('ids', MAXIMUM_BATCH * 4);
  let details: GPUBuffer | undefined;
  return {
    ids,
    details() {
      details ??= create('details', MAXIMUM_BATCH * logProbabilityBytes(MAXIMUM_ALTERNATIVES));
      return details;
    },
    async read(rowCount, alternatives) {
      const pending = [ids.mapAsync(0x01)];
      if (alternatives !== undefined && details !== undefined) pending.push(details.mapAsync(0x01));
      await Promise.all(pending);
      const tokens = [...new Uint32Array(ids.getMappedRange()).subarray(0, rowCount)];
      ids.unmap();
      if (alternatives === undefined || details === undefined) return tokens.map((token) => ({ token }));
      const chosen = readDetails(details.getMappedRange().slice(0), rowCount, alternatives);
      details.unmap();
      return chosen;
    },
    destroy() {
      ids.destroy();
      details?.destroy();
    },
  };
}

/** Rows as shaders/llm/log-probability.wgsl lays them out. */
function readDetails(bytes: ArrayBuffer, rowCount: number, alternatives: number): ChosenToken[] {
  const integers = new Uint32Array(bytes);
  const floats = new Float32Array(bytes);
  const width = logProbabilityBytes(alternatives) / 4;
  const entry = (at: number) => ({ token: integers[at] ?? 0, logProbability: floats[at + 1] ?? NaN });
  return Array.from({ length: rowCount }, (_, row) => ({
    ...entry(row * width),
    alternatives: Array.from({ length: alternatives }, (_alternative, index) => entry(row * width + 2 + 2 * index)),
  }));
}

/** A buffer for results of a batch that is read once. */
export async function readThrough(
  device: GPUDevice,
  sizeBytes: number,
  submit: (destination: GPUBuffer) => void,
): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ label: 'llm.serving.readback', size: sizeBytes, usage: 0x01 | 0x08 });
  try {
    submit(staging);
    await staging.mapAsync(0x01);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}
