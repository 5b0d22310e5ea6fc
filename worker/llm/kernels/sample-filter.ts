import code from '../../../shaders/llm/sample-filter.wgsl?raw';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import { composeSampling, type SamplingBuffers } from './sampling-buffers.ts';

/** Bias, penalties and the cut of top-k, top-p and min-p; recorded only when a row's slot has any of them. */
export async function createSampleFilter(cache: PipelineCache, buffers: SamplingBuffers): Promise<Kernel> {
  const { vocabulary, rules, rows, logits, tokens, biases, adjusted, thresholds } = buffers;
  const label = 'llm.sample-filter';
  const pipeline = await cache.get({ label, code: composeSampling(code) });
  const bound = [vocabulary, rules, rows, logits, tokens, biases, adjusted, thresholds];
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
