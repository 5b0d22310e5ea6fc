import code from '../../../shaders/llm/matrix-parts.wgsl?raw';
import type { DispatchPass } from '../../gpu/lean-pass.ts';
import { createBindGroup, type PipelineCache } from './kernel.ts';
import { matrixResultCode } from './matrix-result.ts';

/** As in the shader. */
const WORKGROUP = 64;

export interface MatrixPartsOptions {
  readonly label: string;
  readonly rowCount: number;
  /** As `createMatrixShape` makes it; owned by the caller. */
  readonly shape: GPUBuffer;
  /** [part][chunk][rows] float32. */
  readonly parts: GPUBuffer;
  /** [chunk]. */
  readonly factors: GPUBuffer;
  readonly output: GPUBuffer;
  readonly batch: GPUBuffer;
}

/** Adds up the parts of a matrix that was cut by columns. */
export async function createMatrixParts(
  cache: PipelineCache,
  options: MatrixPartsOptions,
): Promise<(pass: DispatchPass, tokenCount: number) => void> {
  const { label, rowCount, shape, parts, factors, output, batch } = options;
  const pipeline = await cache.get({ label: 'llm.matrix-parts', code: `${matrixResultCode}\n${code}` });
  const buffers = [shape, parts, factors, output, undefined, undefined, batch];
  const group = createBindGroup(cache.device, `llm.matrix-parts.${label}`, pipeline, buffers);
  const groups = Math.ceil(rowCount / WORKGROUP);
  return (pass, tokenCount) => {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(groups, tokenCount);
  };
}
