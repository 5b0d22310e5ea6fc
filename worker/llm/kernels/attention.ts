import code from '../../../shaders/llm/attention.wgsl?raw';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import type { HeadShape } from './rope-append.ts';

/** Causal grouped-query attention over the cache, one dispatch for decode and prefill. headLength at most 256. */
export async function createAttention(
  cache: PipelineCache,
  options: {
    heads: HeadShape;
    state: GPUBuffer;
    query: GPUBuffer;
    keys: GPUBuffer;
    values: GPUBuffer;
    output: GPUBuffer;
    outputStride: number;
  },
): Promise<Kernel> {
  const { device } = cache;
  const { headCount, keyValueHeadCount, headLength, headStride } = options.heads;
  const label = 'llm.attention';
  const pipeline = await cache.get({ label, code, constants: { HEAD_VECTORS: headStride / 4 } });
  const shape = createShapeBuffer(
    device,
    `${label}.shape`,
    [headCount, keyValueHeadCount, headLength, options.outputStride],
    [1 / Math.sqrt(headLength)],
  );
  const { state, query, keys, values, output } = options;
  const group = createBindGroup(device, label, pipeline, [shape, state, query, keys, values, output]);
  return {
    label,
    dispatchCount: 1,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(headCount, tokenCount);
    },
    destroy: () => shape.destroy(),
  };
}
