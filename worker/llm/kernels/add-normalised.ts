import code from '../../../shaders/llm/add-normalised.wgsl?raw';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import type { Normalisation } from './matrix-options.ts';

/** hidden += RMSNorm(branch), per token, in one dispatch; rows of both are `stride` floats apart. */
export async function createAddNormalised(
  cache: PipelineCache,
  options: { columns: number; stride: number; branch: GPUBuffer; hidden: GPUBuffer; normalisation: Normalisation },
): Promise<Kernel> {
  const { device } = cache;
  const { columns, stride, branch, hidden, normalisation } = options;
  const label = 'llm.add-normalised';
  const pipeline = await cache.get({ label, code });
  const shape = createShapeBuffer(device, `${label}.shape`, [columns, stride], [normalisation.epsilon]);
  const group = createBindGroup(device, label, pipeline, [shape, branch, normalisation.gain, hidden]);
  return {
    label,
    dispatchCount: 1,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(tokenCount);
    },
    destroy: () => shape.destroy(),
  };
}
