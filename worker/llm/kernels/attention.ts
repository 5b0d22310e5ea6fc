import code from '../../../shaders/llm/attention.wgsl?raw';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import type { HeadShape } from './rope-append.ts';

/** What architectures vary in attention. */
export interface AttentionVariant {
  /** Of the dot products; 1 / sqrt(headLength) when left out. */
  readonly scale?: number;
  /** Scores pass through c tanh(score / c). */
  readonly softCap?: number;
  /** Positions a token sees, itself included; all when left out. */
  readonly window?: number;
}

/** Causal grouped-query attention over the cache, one dispatch for decode and prefill. headLength at most 256. */
export async function createAttention(
  cache: PipelineCache,
  options: AttentionVariant & {
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
  const constants = { HEAD_VECTORS: headStride / 4, SOFT_CAP: options.softCap ?? 0, WINDOW: options.window ?? 0 };
  const pipeline = await cache.get({ label, code, constants });
  const shape = createShapeBuffer(
    device,
    `${label}.shape`,
    [headCount, keyValueHeadCount, headLength, options.outputStride],
    [options.scale ?? 1 / Math.sqrt(headLength)],
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
