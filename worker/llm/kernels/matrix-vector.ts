import columnsCode from '../../../shaders/llm/matrix-columns.wgsl?raw';
import stageCode from '../../../shaders/llm/matrix-stage.wgsl?raw';
import vectorCode from '../../../shaders/llm/matrix-vector.wgsl?raw';
import gatedPairCode from '../../../shaders/llm/row-pair-gated.wgsl?raw';
import pairCode from '../../../shaders/llm/row-pair.wgsl?raw';
import fewFloatCode from '../../../shaders/llm/stage-few-float.wgsl?raw';
import fewInt8Code from '../../../shaders/llm/stage-few-int8.wgsl?raw';
import oneFloatCode from '../../../shaders/llm/stage-one-float.wgsl?raw';
import oneInt8Code from '../../../shaders/llm/stage-one-int8.wgsl?raw';
import unitInt8Code from '../../../shaders/llm/unit-int8.wgsl?raw';
import { isSoftwareAdapter } from '../../gpu/adapter-choice.ts';
import { decomposeWorkgroups } from '../../gpu/dispatch.ts';
import { composeWithWeights, type WeightSlot } from '../formats/weight-format.ts';
import type { WeightMatrix, WeightSlice } from '../model/weight-matrix.ts';
import { activationCode, ACTIVATIONS } from './activation.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import { type BatchMatrixKernelOptions, COMBINE_MODES, type GatedMatrixKernelOptions } from './matrix-options.ts';
import { pairSlices } from './pair-slices.ts';

/** As in the shaders. */
const WORKGROUP = 256;
/** Invocations to a pair of rows. On a processor they run one after the other, and waiting for each other costs more than a row. */
const MOST_LANES = { real: 32, software: 1 } as const;
/** Columns of x that `few` stages at once; of `one`, 4096, or half as many where workgroup memory is the least that WebGPU allows. */
const FEW_TILE_COLUMNS = 512;
/** Workgroup memory of desktop cards; others have 16 KiB. */
const ROOMY_BYTES = 32_768;
/** Tokens of one workgroup of `few`. */
const FEW_TOKENS = 8;
/** Workgroups that keep a large card busy; past them, each makes more rows of the x that it has staged. */
const BUSY_WORKGROUPS = 1024;
const MOST_PASSES = 8;

/** For one token, or for a few (2 to 16) at once. The bytes of a token do not depend on which. */
export type VectorKind = 'one' | 'few';

const KERNEL_CODE = {
  one: { kernel: vectorCode, f32: oneFloatCode, int8: `${unitInt8Code}\n${oneInt8Code}` },
  few: { kernel: columnsCode, f32: fewFloatCode, int8: `${unitInt8Code}\n${fewInt8Code}` },
} as const;

/** Matrix times the vectors of one token or of a few (decode), with optional RMSNorm before and residual after; one dispatch per slice. */
export async function createMatrixVector(
  cache: PipelineCache,
  kind: VectorKind,
  options: BatchMatrixKernelOptions,
  mostLanes: number = lanesFor(cache.device),
): Promise<Kernel> {
  const { matrix } = options;
  return createVectorKernel(cache, kind, {
    mostLanes,
    ...options,
    label: `llm.matrix-vector.${matrix.label}`,
    code: pairCode,
    slots: [{ prefix: 'weight', format: matrix.format, firstBinding: 4 }],
    slices: matrix.slices.map((slice) => [slice]),
    rowsOfPair: 2,
  });
}

/**
 * RMSNorm, gate and up matrices and activation(gate) * up of one token or a few (decode): one dispatch per slice, or two where the
 * formats have units of different lengths.
 */
export async function createGatedMatrixVector(
  cache: PipelineCache,
  kind: VectorKind,
  options: GatedMatrixKernelOptions,
  mostLanes: number = lanesFor(cache.device),
): Promise<Kernel> {
  const { gate, up, ...place } = options;
  const label = `llm.gated-matrix-vector.${gate.label}`;
  if (gate.format.unitsPerBlock !== up.format.unitsPerBlock) {
    return joinKernels(label, [
      await createMatrixVector(cache, kind, { ...place, matrix: gate, combine: 'replace' }, mostLanes),
      await createMatrixVector(cache, kind, { ...place, matrix: up, combine: 'gate' }, mostLanes),
    ]);
  }
  return createVectorKernel(cache, kind, {
    ...place,
    mostLanes,
    matrix: gate,
    combine: 'replace',
    label,
    code: gatedPairCode,
    slots: [
      { prefix: 'gate', format: gate.format, firstBinding: 4 },
      { prefix: 'up', format: up.format, firstBinding: 6 },
    ],
    slices: pairSlices(gate, up),
    rowsOfPair: 1,
  });
}

interface VectorKernelOptions extends BatchMatrixKernelOptions {
  readonly label: string;
  readonly mostLanes: number;
  /** What a pair of rows is. */
  readonly code: string;
  readonly slots: readonly WeightSlot[];
  /** Slices of the matrices of `slots`, cut at the same rows. */
  readonly slices: readonly (readonly WeightSlice[])[];
  readonly rowsOfPair: number;
}

async function createVectorKernel(
  cache: PipelineCache,
  kind: VectorKind,
  options: VectorKernelOptions,
): Promise<Kernel> {
  const { device } = cache;
  const { matrix, input, output, normalisation, combine, label, rowsOfPair, mostLanes } = options;
  const units = matrix.blocks * matrix.format.unitsPerBlock;
  const lanes = lanesPerPair(units, mostLanes);
  const isRoomy = device.limits.maxComputeWorkgroupStorageSize >= ROOMY_BYTES;
  const tileColumns = kind === 'few' ? FEW_TILE_COLUMNS : isRoomy ? 4096 : 2048;
  // Both rows of a pair take the same x, so both formats must have a section for its codes.
  const hasInt8 = options.slots.every(({ format }) => format.int8Code !== undefined);
  const vectors = hasInt8 ? (options.vectors ?? 'f32') : 'f32';
  const constants = [
    `const MOST_LANES = ${mostLanes}u;`,
    kind === 'one' ? `const TILE_VECTORS = ${tileColumns / 4}u;` : `const PADDING = ${isRoomy ? 1 : 0}u;`,
  ];
  const parts = [activationCode, stageCode, options.code, KERNEL_CODE[kind][vectors], KERNEL_CODE[kind].kernel];
  const code = composeWithWeights([...constants, ...parts].join('\n'), options.slots, vectors);
  const pipeline = await cache.get({ label, code });
  const slices = options.slices.map((parts) => {
    const [{ rowCount, firstRow }] = parts as [WeightSlice];
    const { passes, groups } = planRows(kind, matrix, { lanes, tileColumns, pairs: Math.ceil(rowCount / rowsOfPair) });
    const shape = createShapeBuffer(
      device,
      `${label}.shape`,
      [
        rowCount,
        matrix.blocks,
        matrix.columns,
        options.outputOffset + firstRow,
        options.outputStride,
        normalisation === undefined ? 0 : 1,
        COMBINE_MODES[combine],
        ACTIVATIONS[options.activation ?? 'silu'],
        lanes,
        passes,
      ],
      [normalisation?.epsilon ?? 0, options.softCap ?? 0],
    );
    const weights = [0, 1].flatMap((index) => [parts[index]?.data, parts[index]?.scales]);
    const buffers = [shape, input, normalisation?.gain ?? input, output, ...weights];
    return {
      shape,
      group: createBindGroup(device, label, pipeline, kind === 'one' ? buffers : [...buffers, options.batch]),
      grid: decomposeWorkgroups(groups, device.limits.maxComputeWorkgroupsPerDimension),
    };
  });
  return {
    label,
    dispatchCount: slices.length,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      for (const { group, grid } of slices) {
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(grid[0], grid[1], kind === 'one' ? 1 : Math.ceil(tokenCount / FEW_TOKENS));
      }
    },
    destroy() {
      for (const { shape } of slices) shape.destroy();
    },
  };
}

function lanesFor(device: GPUDevice): number {
  return MOST_LANES[isSoftwareAdapter(device.adapterInfo) ? 'software' : 'real'];
}

/** Invocations that share a pair of rows: a unit each at least, so that a short row leaves none without work. */
function lanesPerPair(units: number, mostLanes: number): number {
  let lanes = 1;
  while (lanes < mostLanes && lanes < units) lanes *= 2;
  return lanes;
}

/** Workgroups for the pairs of a slice, and lots of pairs that each makes. */
function planRows(
  kind: VectorKind,
  matrix: WeightMatrix,
  { lanes, tileColumns, pairs }: { lanes: number; tileColumns: number; pairs: number },
): { passes: number; groups: number } {
  const tileUnits = (tileColumns / 32) * matrix.format.unitsPerBlock;
  const lots = Math.ceil(pairs / (WORKGROUP / Math.min(lanes, tileUnits)));
  const fitsTile = matrix.blocks * 32 <= tileColumns;
  const passes =
    kind === 'one' && fitsTile ? Math.min(MOST_PASSES, Math.max(1, Math.floor(lots / BUSY_WORKGROUPS))) : 1;
  return { passes, groups: Math.ceil(lots / passes) };
}

function joinKernels(label: string, kernels: readonly Kernel[]): Kernel {
  return {
    label,
    dispatchCount: kernels.reduce((sum, { dispatchCount }) => sum + dispatchCount, 0),
    run(pass, tokenCount) {
      for (const kernel of kernels) kernel.run(pass, tokenCount);
    },
    destroy() {
      for (const kernel of kernels) kernel.destroy();
    },
  };
}
