import noiseCode from '../../../shaders/llm/counter-rng.wgsl?raw';
import code from '../../../shaders/llm/sample.wgsl?raw';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';

/** Workgroups of the first stage; fixed, so that the order of comparison never depends on the adapter. */
export const MAXIMUM_SAMPLE_SLICES = 128;

/** Bytes of the Sampling struct of sample.wgsl. */
export const SAMPLING_BYTES = 32;

export function sampleSliceCount(vocabularySize: number): number {
  return Math.min(MAXIMUM_SAMPLE_SLICES, Math.ceil(vocabularySize / 256));
}

/** Chooses the next token from the logits and moves the state on, in two dispatches. */
export async function createSample(
  cache: PipelineCache,
  options: {
    vocabularySize: number;
    sampling: GPUBuffer;
    state: GPUBuffer;
    logits: GPUBuffer;
    bestScores: GPUBuffer;
    bestTokens: GPUBuffer;
    tokens: GPUBuffer;
  },
): Promise<Kernel> {
  const { device } = cache;
  const { sampling, state, logits, bestScores, bestTokens, tokens } = options;
  const label = 'llm.sample';
  const whole = `${noiseCode}\n${code}`;
  const [reduce, choose] = await Promise.all([
    cache.get({ label: `${label}.reduce`, code: whole, entryPoint: 'reduceSlices' }),
    cache.get({ label: `${label}.choose`, code: whole, entryPoint: 'choose' }),
  ]);
  const reduceGroup = createBindGroup(device, label, reduce, [sampling, state, logits, bestScores, bestTokens]);
  const chooseGroup = createBindGroup(device, label, choose, [
    sampling,
    state,
    undefined,
    bestScores,
    bestTokens,
    tokens,
  ]);
  const slices = sampleSliceCount(options.vocabularySize);
  return {
    label,
    dispatchCount: 2,
    run(pass) {
      pass.setPipeline(reduce);
      pass.setBindGroup(0, reduceGroup);
      pass.dispatchWorkgroups(slices);
      pass.setPipeline(choose);
      pass.setBindGroup(0, chooseGroup);
      pass.dispatchWorkgroups(1);
    },
    destroy: () => undefined,
  };
}
