import embedCode from '../../../shaders/llm/embed.wgsl?raw';
import { composeWithWeights } from '../formats/weight-format.ts';
import type { WeightMatrix } from '../model/weight-matrix.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';

/** hidden[t] = scale * embedding[tokens[slot][position]] of each row t; one dispatch per slice of the table. */
export async function createEmbed(
  cache: PipelineCache,
  options: {
    table: WeightMatrix;
    rows: GPUBuffer;
    tokens: GPUBuffer;
    /** Positions of a slot. */
    capacity: number;
    hidden: GPUBuffer;
    scale?: number;
  },
): Promise<Kernel> {
  const { device } = cache;
  const { table, rows, capacity, tokens, hidden } = options;
  const label = `llm.embed.${table.label}`;
  const pipeline = await cache.get({
    label,
    code: composeWithWeights(embedCode, [{ prefix: 'weight', format: table.format, firstBinding: 4 }]),
  });
  const groups = Math.ceil((table.blocks * table.format.unitsPerBlock) / 64);
  const slices = table.slices.map((slice) => {
    const integers = [slice.firstRow, slice.rowCount, table.blocks, capacity];
    const shape = createShapeBuffer(device, `${label}.shape`, integers, [options.scale ?? 1]);
    const group = createBindGroup(device, label, pipeline, [shape, rows, tokens, hidden, slice.data, slice.scales]);
    return { shape, group };
  });
  return {
    label,
    dispatchCount: slices.length,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      for (const { group } of slices) {
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(groups, tokenCount);
      }
    },
    destroy() {
      for (const { shape } of slices) shape.destroy();
    },
  };
}
