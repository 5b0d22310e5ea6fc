import code from '../../../shaders/llm/log-probability.wgsl?raw';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import { composeSampling, type SamplingBuffers } from './sampling-buffers.ts';

/** Likeliest tokens that may be asked for beside the chosen one. */
export const MAXIMUM_ALTERNATIVES = 20;

/** Bytes of a row of results. */
export function logProbabilityBytes(alternatives: number): number {
  return (2 + 2 * alternatives) * 4;
}

export interface LogProbabilityKernel extends Kernel {
  /** For the runs submitted from now on. */
  setAlternatives(count: number): void;
}

/** `chosen`: of the token a row has just moved on to; `following`: of the one behind the row's position. */
export async function createLogProbability(
  cache: PipelineCache,
  target: 'chosen' | 'following',
  options: SamplingBuffers & { readonly result: GPUBuffer },
): Promise<LogProbabilityKernel> {
  const { device } = cache;
  const label = `llm.log-probability.${target}`;
  const constants = { OFFSET: target === 'chosen' ? 0 : 1 };
  const pipeline = await cache.get({ label, code: composeSampling(code), constants });
  const alternatives = createShapeBuffer(device, `${label}.alternatives`, [0]);
  const { vocabulary, rows, logits, tokens, result } = options;
  const group = createBindGroup(device, label, pipeline, [vocabulary, rows, logits, tokens, result, alternatives]);
  return {
    label,
    dispatchCount: 1,
    setAlternatives(count) {
      device.queue.writeBuffer(alternatives, 0, new Uint32Array([count]));
    },
    run(pass, rowCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(rowCount);
    },
    destroy: () => alternatives.destroy(),
  };
}
