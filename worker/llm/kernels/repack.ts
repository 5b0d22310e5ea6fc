import repackCode from '../../../shaders/llm/repack.wgsl?raw';
import type { WeightFormat } from '../formats/weight-format.ts';
import type { WeightSlice } from '../model/weight-matrix.ts';
import { createBindGroup, createShapeBuffer, type PipelineCache } from './kernel.ts';

/** Rows in file layout, at the front of the staging buffer, on their way to rows of a slice. */
export interface RepackRows {
  readonly rowCount: number;
  readonly columns: number;
  /** Bytes of a row in the file. */
  readonly rowBytes: number;
  /** Row inside the slice. */
  readonly destinationRow: number;
}

/** Load-time only: one dispatch per chunk of a tensor. `staging` holds the chunk and at least 4 bytes more. */
export interface Repack {
  /** Binds a slice as the destination; the bind group serves all of its chunks. */
  bind(slice: WeightSlice): GPUBindGroup;
  run(pass: GPUComputePassEncoder, destination: GPUBindGroup, rows: RepackRows): void;
  destroy(): void;
}

export async function createRepack(cache: PipelineCache, format: WeightFormat, staging: GPUBuffer): Promise<Repack> {
  const { device } = cache;
  const label = `llm.repack.${format.name}`;
  const pipeline = await cache.get({ label, code: `${format.repackCode}\n${repackCode}` });
  const shape = createShapeBuffer(device, `${label}.shape`, [0, 0, 0, 0]);
  return {
    bind: (slice) => createBindGroup(device, label, pipeline, [shape, staging, slice.data, slice.scales]),
    run(pass, destination, { rowCount, columns, rowBytes, destinationRow }) {
      device.queue.writeBuffer(shape, 0, new Uint32Array([rowCount, columns, rowBytes, destinationRow]));
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, destination);
      pass.dispatchWorkgroups(Math.ceil((rowCount * Math.ceil(columns / (32 * format.groupBlocks))) / 64));
    },
    destroy: () => shape.destroy(),
  };
}
