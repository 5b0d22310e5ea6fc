import code from '../../../shaders/llm/matrix-vector.wgsl?raw';
import { decomposeWorkgroups } from '../../gpu/dispatch.ts';
import { composeWithWeights } from '../formats/weight-format.ts';
import { activationCode } from './activation.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import { COMBINE_MODES, lanesPerRow, type MatrixKernelOptions } from './matrix-options.ts';

/** As in the shader. */
const WORKGROUP = 64;
const ROWS_PER_LANE_GROUP = 4;

/** Matrix times the vector of one token (decode), with optional RMSNorm before and residual after; one dispatch per slice. */
export async function createMatrixVector(cache: PipelineCache, options: MatrixKernelOptions): Promise<Kernel> {
  const { device } = cache;
  const { matrix, input, output, normalisation, combine } = options;
  const flags = [normalisation === undefined ? 0 : 1, COMBINE_MODES[combine]];
  const label = `llm.matrix-vector.${matrix.label}`;
  const lanes = lanesPerRow(matrix.blocks * matrix.format.unitsPerBlock);
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
      [slice.rowCount, matrix.blocks, matrix.columns, options.outputOffset + slice.firstRow, ...flags, lanes],
      [normalisation?.epsilon ?? 0, options.softCap ?? 0],
    );
    const buffers = [shape, input, normalisation?.gain ?? input, output, slice.data, slice.scales];
    const groups = Math.ceil(slice.rowCount / ((WORKGROUP / lanes) * ROWS_PER_LANE_GROUP));
    return {
      shape,
      group: createBindGroup(device, label, pipeline, buffers),
      grid: decomposeWorkgroups(groups, device.limits.maxComputeWorkgroupsPerDimension),
    };
  });
  return {
    label,
    dispatchCount: slices.length,
    run(pass) {
      pass.setPipeline(pipeline);
      for (const { group, grid } of slices) {
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...grid);
      }
    },
    destroy() {
      for (const { shape } of slices) shape.destroy();
    },
  };
}
