import code from '../../../shaders/llm/gated-matrix-matrix.wgsl?raw';
import { composeWithWeights } from '../formats/weight-format.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import { MATRIX_TILE } from './matrix-matrix.ts';
import type { GatedMatrixKernelOptions } from './matrix-options.ts';
import { pairSlices } from './pair-slices.ts';

/** RMSNorm, gate and up matrices and SiLU(gate) * up of a batch of tokens (prefill) in one dispatch per slice. */
export async function createGatedMatrixMatrix(
  cache: PipelineCache,
  options: GatedMatrixKernelOptions,
): Promise<Kernel> {
  const { device } = cache;
  const { gate, up, input, output, normalisation } = options;
  const label = `llm.gated-matrix-matrix.${gate.label}`;
  const pipeline = await cache.get({
    label,
    code: composeWithWeights(code, [
      { prefix: 'gate', format: gate.format, firstBinding: 4 },
      { prefix: 'up', format: up.format, firstBinding: 6 },
    ]),
  });
  const slices = pairSlices(gate, up).map(([gateSlice, upSlice]) => {
    const shape = createShapeBuffer(
      device,
      `${label}.shape`,
      [gateSlice.rowCount, gate.blocks, gate.columns, gateSlice.firstRow, options.outputStride],
      [normalisation.epsilon],
    );
    const weights = [gateSlice.data, gateSlice.scales, upSlice.data, upSlice.scales];
    return {
      shape,
      group: createBindGroup(device, label, pipeline, [shape, input, normalisation.gain, output, ...weights]),
      rowTiles: Math.ceil(gateSlice.rowCount / MATRIX_TILE),
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
