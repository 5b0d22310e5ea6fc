import code from '../../../shaders/llm/replay-gap.wgsl?raw';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import { composeSampling, type SamplingBuffers } from './sampling-buffers.ts';

/** For each row: best value minus the value of the token that follows it in its sequence. */
export async function createReplayGap(
  cache: PipelineCache,
  options: SamplingBuffers & { readonly gaps: GPUBuffer },
): Promise<Kernel> {
  const { vocabulary, rules, rows, logits, adjusted, thresholds, tokens, gaps } = options;
  const label = 'llm.replay-gap';
  const pipeline = await cache.get({ label, code: composeSampling(code) });
  const bound = [vocabulary, rules, rows, logits, adjusted, thresholds, tokens, gaps];
  const group = createBindGroup(cache.device, label, pipeline, bound);
  return {
    label,
    dispatchCount: 1,
    run(pass, rowCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(rowCount);
    },
    destroy: () => undefined,
  };
}
