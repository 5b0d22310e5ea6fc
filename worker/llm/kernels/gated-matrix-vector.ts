import code from '../../../shaders/llm/gated-matrix-vector.wgsl?raw';
import { decomposeWorkgroups } from '../../gpu/dispatch.ts';
import { composeWithWeights } from '../formats/weight-format.ts';
import { activationCode, ACTIVATIONS } from './activation.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import { lanesPerRow, type GatedMatrixKernelOptions } from './matrix-options.ts';
import { pairSlices } from './pair-slices.ts';

/** As in the shader. */
const WORKGROUP = 64;
const ROWS_PER_LANE_GROUP = 2;

/** RMSNorm, gate and up matrices and activation(gate) * up of one token (decode) in one dispatch per slice. */
export async function createGatedMatrixVector(
  cache: PipelineCache,
  options: GatedMatrixKernelOptions,
): Promise<Kernel> {
  const { device } = cache;
  const { gate, up, input, output, normalisation } = options;
  const label = `llm.gated-matrix-vector.${gate.label}`;
  const lanes = lanesPerRow(gate.blocks);
  const pipeline = await cache.get({
    label,
    code: composeWithWeights(`${activationCode}\n${code}`, [
      { prefix: 'gate', format: gate.format, firstBinding: 4 },
      { prefix: 'up', format: up.format, firstBinding: 6 },
    ]),
  });
  const slices = pairSlices(gate, up).map(([gateSlice, upSlice]) => {
    const shape = createShapeBuffer(
      device,
      `${label}.shape`,
      [
        gateSlice.rowCount,
        gate.blocks,
        gate.columns,
        gateSlice.firstRow,
        lanes,
        ACTIVATIONS[options.activation ?? 'silu'],
      ],
      [normalisation.epsilon],
    );
    const weights = [gateSlice.data, gateSlice.scales, upSlice.data, upSlice.scales];
    const groups = Math.ceil(gateSlice.rowCount / ((WORKGROUP / lanes) * ROWS_PER_LANE_GROUP));
    return {
      shape,
      group: createBindGroup(device, label, pipeline, [shape, input, normalisation.gain, output, ...weights]),
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
