import code from '../../../shaders/llm/sample.wgsl?raw';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import { composeSampling, sampleSliceCount, type SamplingBuffers } from './sampling-buffers.ts';

/** Chooses the next token of each row and moves the rows on, in two dispatches. */
export async function createSample(
  cache: PipelineCache,
  options: SamplingBuffers & { readonly vocabularySize: number },
): Promise<Kernel> {
  const { device } = cache;
  const { vocabulary, rules, rows, logits, adjusted, thresholds, best, tokens, ids } = options;
  const label = 'llm.sample';
  const whole = composeSampling(code);
  const [reduce, choose] = await Promise.all([
    cache.get({ label: `${label}.reduce`, code: whole, entryPoint: 'reduceSlices' }),
    cache.get({ label: `${label}.choose`, code: whole, entryPoint: 'choose' }),
  ]);
  const reduceGroup = createBindGroup(device, label, reduce, [
    vocabulary,
    rules,
    rows,
    logits,
    adjusted,
    thresholds,
    best,
  ]);
  const none = undefined;
  const chooseBuffers = [vocabulary, none, rows, none, none, none, best, tokens, ids];
  const chooseGroup = createBindGroup(device, label, choose, chooseBuffers);
  const slices = sampleSliceCount(options.vocabularySize);
  return {
    label,
    dispatchCount: 2,
    run(pass, rowCount) {
      pass.setPipeline(reduce);
      pass.setBindGroup(0, reduceGroup);
      pass.dispatchWorkgroups(slices, rowCount);
      pass.setPipeline(choose);
      pass.setBindGroup(0, chooseGroup);
      pass.dispatchWorkgroups(rowCount);
    },
    destroy: () => undefined,
  };
}
