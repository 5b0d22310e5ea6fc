import code from '../../../shaders/llm/matrix-matrix.wgsl?raw';
import { composeWithWeights } from '../formats/weight-format.ts';
import { activationCode, ACTIVATIONS } from './activation.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import { COMBINE_MODES, type BatchMatrixKernelOptions } from './matrix-options.ts';

/** Rows and tokens of one workgroup's tile; chunks are a multiple of it. */
export const MATRIX_TILE = 32;

/** Matrix times a batch of tokens (prefill), with optional RMSNorm before and residual after; one dispatch per slice. */
export async function createMatrixMatrix(cache: PipelineCache, options: BatchMatrixKernelOptions): Promise<Kernel> {
  const { device } = cache;
  const { matrix, input, output, normalisation, combine } = options;
  const flags = [normalisation === undefined ? 0 : 1, COMBINE_MODES[combine]];
  const label = `llm.matrix-matrix.${matrix.label}`;
  const pipeline = await cache.get({
    label,
    code: composeWithWeights(`${activationCode}\n${code}`, [
      { prefix: 'weight', format: matrix.format, firstBinding: 4 },
    ]),
  });
  const slices = matrix.slices.map((slice) => {
    const shape = createShapeBuffer(
      device,
      `${label}.shape`,
      [
        slice.rowCount,
        matrix.blocks,
        matrix.columns,
        options.outputOffset + slice.firstRow,
        options.outputStride,
        ...flags,
        ACTIVATIONS[options.activation ?? 'silu'],
      ],
      [normalisation?.epsilon ?? 0, options.softCap ?? 0],
    );
    const buffers = [shape, input, normalisation?.gain ?? input, output, slice.data, slice.scales, options.batch];
    return {
      shape,
      group: createBindGroup(device, label, pipeline, buffers),
      rowTiles: Math.ceil(slice.rowCount / MATRIX_TILE),
    };
  });
  return {
    label,
    dispatchCount: slices.length,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      for (const { group, rowTiles } of slices) {
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(rowTiles, Math.ceil(tokenCount / MATRIX_TILE));
      }
    },
    destroy() {
      for (const { shape } of slices) shape.destroy();
    },
  };
}
