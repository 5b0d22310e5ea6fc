import code from '../../../shaders/llm/half-input.wgsl?raw';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import type { Normalisation } from './matrix-options.ts';

export interface HalfInputOptions {
  readonly columns: number;
  /** [chunk][columns, padded to 32] float32, zero past the columns. */
  readonly input: GPUBuffer;
  readonly normalisation?: Normalisation;
  /** [chunk][columns, padded to 32] float16. */
  readonly halves: GPUBuffer;
  /** [chunk]. */
  readonly factors: GPUBuffer;
}

/** Activations of a batch as operands of half precision, each token with a power of two of its own; one dispatch. */
export async function createHalfInput(cache: PipelineCache, options: HalfInputOptions): Promise<Kernel> {
  const { device } = cache;
  const { columns, input, normalisation, halves, factors } = options;
  const label = 'llm.half-input';
  const pipeline = await cache.get({ label, code });
  const shape = createShapeBuffer(
    device,
    `${label}.shape`,
    [Math.ceil(columns / 32), columns, normalisation === undefined ? 0 : 1],
    [normalisation?.epsilon ?? 0],
  );
  const group = createBindGroup(device, label, pipeline, [shape, input, normalisation?.gain ?? input, halves, factors]);
  return {
    label,
    dispatchCount: 1,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(tokenCount);
    },
    destroy() {
      shape.destroy();
    },
  };
}
