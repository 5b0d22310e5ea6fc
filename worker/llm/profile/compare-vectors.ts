import { isSoftwareAdapter } from '../../gpu/adapter-choice.ts';
import type { Rehearsal } from '../../gpu/autotune/candidate.ts';
import { measureCandidates } from '../../gpu/autotune/measure-candidates.ts';
import { createSubmitTimer } from '../../gpu/autotune/submit-timer.ts';
import { createStorageBuffer } from '../../gpu/buffers.ts';
import { SUPPORTED_FORMATS } from '../formats/supported-formats.ts';
import { checkIntegerDot, VECTOR_VARIANTS } from '../kernels/integer-dot.ts';
import { createShapeBuffer, pipelineCacheOf, type Kernel } from '../kernels/kernel.ts';
import { createMatrixVector } from '../kernels/matrix-vector.ts';
import { LlmError } from '../llm-error.ts';
import { allocateWeightMatrix, rowsPerSlice, type WeightMatrix } from '../model/weight-matrix.ts';
import type { VectorVariant } from '../product-variants.ts';
import type { VectorComparison } from './bench-result.ts';

/** Past the caches of today's cards, so that every weight comes from memory as it does in a model. */
const COLD_BYTES = 256 * 1024 * 1024;
const MOST_COPIES = 32;
/** What superblocks divide. */
const ROUND_TO = 256;

/**
 * Times a matrix of each of these formats, [rows][columns], times one token: as floats and in eight bits, where the format and the adapter have
 * that. The weights are zeros, on which the time does not depend.
 */
export async function compareVectors(
  environment: { readonly device: GPUDevice; readonly nowMs: () => number },
  formats: readonly string[],
  shape: { readonly rows: number; readonly columns: number },
): Promise<VectorComparison[]> {
  const { device, nowMs } = environment;
  try {
    await checkIntegerDot(device);
  } catch (error) {
    if (error instanceof LlmError) return [];
    throw error;
  }
  const bindingLimit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const timer = createSubmitTimer(device, nowMs);
  const columns = Math.ceil(shape.columns / ROUND_TO) * ROUND_TO;
  const comparisons: VectorComparison[] = [];
  for (const name of formats) {
    const format = SUPPORTED_FORMATS.get(name);
    if (format?.int8Code === undefined) continue;
    const rows = Math.min(shape.rows, rowsPerSlice(format, columns, bindingLimit));
    const create = () => allocateWeightMatrix(device, `bench.${name}`, format, { rows, columns, sliceRows: rows });
    const matrices = [create()];
    const rehearsals: Rehearsal[] = [];
    try {
      const weightBytes = matrices[0]?.sizeBytes ?? 0;
      const copies = isSoftwareAdapter(device.adapterInfo)
        ? 1
        : Math.min(MOST_COPIES, Math.ceil(COLD_BYTES / weightBytes));
      while (matrices.length < copies) matrices.push(create());
      for (const variant of VECTOR_VARIANTS) rehearsals.push(await rehearse(device, matrices, variant));
      const [f32 = NaN, int8 = NaN] = await measureCandidates(timer, rehearsals);
      comparisons.push({
        format: name,
        rows,
        columns,
        weightBytes,
        microseconds: { f32: f32 * 1000, int8: int8 * 1000 },
      });
    } finally {
      for (const part of [...rehearsals, ...matrices]) part.destroy();
    }
  }
  return comparisons;
}

async function rehearse(
  device: GPUDevice,
  matrices: readonly WeightMatrix[],
  vectors: VectorVariant,
): Promise<Rehearsal> {
  const [first] = matrices;
  if (first === undefined) throw new RangeError('there is no matrix to rehearse');
  const outputBytes = first.rows * 4;
  const input = createStorageBuffer(device, 'bench.input', first.columns * 4);
  const output = createStorageBuffer(device, 'bench.output', outputBytes);
  const batch = createShapeBuffer(device, 'bench.batch', [1]);
  const place = {
    input,
    output,
    batch,
    outputOffset: 0,
    outputStride: first.rows,
    combine: 'replace',
    vectors,
  } as const;
  const kernels: Kernel[] = [];
  for (const matrix of matrices)
    kernels.push(await createMatrixVector(pipelineCacheOf(device), 'one', { ...place, matrix }));
  return {
    run: (pass, repetition) => kernels[repetition % kernels.length]?.run(pass, 1),
    output,
    outputBytes,
    destroy() {
      for (const part of [input, output, batch, ...kernels]) part.destroy();
    },
  };
}
