import noiseCode from '../../../shaders/llm/counter-rng.wgsl?raw';
import code from '../../../shaders/llm/replay-gap.wgsl?raw';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';

/** For each token of a chunk: best score minus the score of the token that follows it in the sequence. */
export async function createReplayGap(
  cache: PipelineCache,
  options: { sampling: GPUBuffer; state: GPUBuffer; logits: GPUBuffer; tokens: GPUBuffer; gaps: GPUBuffer },
): Promise<Kernel> {
  const { sampling, state, logits, tokens, gaps } = options;
  const label = 'llm.replay-gap';
  const pipeline = await cache.get({ label, code: `${noiseCode}\n${code}` });
  const group = createBindGroup(cache.device, label, pipeline, [sampling, state, logits, tokens, gaps]);
  return {
    label,
    dispatchCount: 1,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(tokenCount);
    },
    destroy: () => undefined,
  };
}
