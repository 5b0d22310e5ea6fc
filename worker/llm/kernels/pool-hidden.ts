import code from '../../../shaders/llm/pool-hidden.wgsl?raw';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import type { Normalisation } from './matrix-options.ts';

export interface PoolHiddenKernel extends Kernel {
  /** Rows of the next batch that count. */
  setRange(firstRow: number, rowCount: number): void;
}

/** Adds the normalised rows of a batch to an embedding. */
export async function createPoolHidden(
  cache: PipelineCache,
  options: {
    readonly columns: number;
    readonly stride: number;
    readonly hidden: GPUBuffer;
    readonly normalisation: Normalisation;
    readonly pooled: GPUBuffer;
  },
): Promise<PoolHiddenKernel> {
  const { device } = cache;
  const { columns, stride, hidden, normalisation, pooled } = options;
  const label = 'llm.pool-hidden';
  const pipeline = await cache.get({ label, code });
  const shape = createShapeBuffer(device, `${label}.shape`, [columns, stride], [normalisation.epsilon]);
  const range = createShapeBuffer(device, `${label}.range`, [0, 0]);
  const group = createBindGroup(device, label, pipeline, [shape, range, hidden, normalisation.gain, pooled]);
  return {
    label,
    dispatchCount: 1,
    setRange(firstRow, rowCount) {
      device.queue.writeBuffer(range, 0, new Uint32Array([firstRow, rowCount]));
    },
    run(pass) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1);
    },
    destroy() {
      shape.destroy();
      range.destroy();
    },
  };
}
