import { createStorageBuffer } from '../../gpu/buffers.ts';
import type { MatrixChoice, MatrixVariant } from '../../messages.ts';
import { LlmError } from '../llm-error.ts';
import type { WeightMatrix } from '../model/weight-matrix.ts';
import { checkSubgroupKernel } from './check-subgroup-kernel.ts';
import type { Kernel, PipelineCache } from './kernel.ts';
import { createMatrixMatrix } from './matrix-matrix.ts';
import { createMatrixMatrixSubgroup, partNumbers, type MatrixWorkspace } from './matrix-matrix-subgroup.ts';
import type { BatchMatrixKernelOptions } from './matrix-options.ts';
import { findMatrixUnits, NVIDIA_UNITS, type MatrixUnits } from './matrix-units.ts';

export const MATRIX_CHOICES: readonly MatrixChoice[] = ['auto', 'f32', 'f16', 'subgroup-matrix'];

export type ChosenMatrices =
  | {
      readonly variant: 'f32' | 'f16';
      /** Why not on matrix units, where those were wished for. */ readonly reason: string | null;
    }
  | { readonly variant: 'subgroup-matrix'; readonly units: MatrixUnits; readonly reason: null };

const verified = new WeakMap<
  GPUDevice,
  Promise<{ units: MatrixUnits; reason: null } | { units: null; reason: string }>
>();

/**
 * Settles a choice on a device. Matrix units are tried with known numbers first, alone and in the kernel itself, once for a device.
 *
 * @throws LlmError ADAPTER_LIMIT for a variant that is named and cannot be had.
 */
export async function chooseMatrices(device: GPUDevice, choice: MatrixChoice): Promise<ChosenMatrices> {
  if (choice === 'f32') return { variant: choice, reason: null };
  if (choice === 'f16') {
    if (!device.features.has('shader-f16')) throw unavailable(choice, 'the adapter has no shader-f16');
    return { variant: choice, reason: null };
  }
  let known = verified.get(device);
  if (known === undefined) verified.set(device, (known = verify(device)));
  const { units, reason } = await known;
  if (units !== null) return { variant: 'subgroup-matrix', units, reason };
  if (choice === 'auto') return { variant: 'f32', reason };
  throw unavailable(choice, reason);
}

/** What `chooseMatrices` comes to where matrix units keep what the adapter promises; for counting memory without a device. */
export function presumeMatrices(features: { has(name: string): boolean }, choice: MatrixChoice): ChosenMatrices {
  if (choice === 'f32' || choice === 'f16') return { variant: choice, reason: null };
  const isOffered = choice === 'subgroup-matrix' || features.has('chromium-experimental-subgroup-matrix');
  return isOffered
    ? { variant: 'subgroup-matrix', units: NVIDIA_UNITS, reason: null }
    : { variant: 'f32', reason: 'the adapter has no chromium-experimental-subgroup-matrix' };
}

async function verify(
  device: GPUDevice,
): Promise<{ units: MatrixUnits; reason: null } | { units: null; reason: string }> {
  const found = await findMatrixUnits(device);
  if (found.units === null) return found;
  const fault = await checkSubgroupKernel(device, found.units);
  return fault === null ? found : { units: null, reason: fault };
}

function unavailable(choice: MatrixVariant, reason: string): LlmError {
  return new LlmError('ADAPTER_LIMIT', `matrices is ${choice}, but ${reason}; f32 works everywhere`, {
    data: { field: 'matrices', value: choice },
  });
}

/** Makes the matrix kernels of a prompt; owns what they share. */
export interface PromptMatrices {
  create(options: BatchMatrixKernelOptions): Promise<Kernel>;
  destroy(): void;
}

/** @param matrices all that kernels will be made of: the widest and tallest decide how much memory they share. */
export function createPromptMatrices(
  cache: PipelineCache,
  chosen: ChosenMatrices,
  matrices: readonly WeightMatrix[],
  chunkTokens: number,
): PromptMatrices {
  const { variant } = chosen;
  if (variant !== 'subgroup-matrix') {
    return { create: (options) => createMatrixMatrix(cache, options, variant), destroy: () => {} };
  }
  const workspace = createMatrixWorkspace(cache.device, matrices, chunkTokens);
  return {
    create: (options) => createMatrixMatrixSubgroup(cache, { ...options, units: chosen.units, workspace }),
    destroy() {
      for (const buffer of [workspace.halves, workspace.factors, workspace.parts]) buffer.destroy();
    },
  };
}

export function createMatrixWorkspace(
  device: GPUDevice,
  matrices: readonly Pick<WeightMatrix, 'blocks' | 'slices'>[],
  chunkTokens: number,
): MatrixWorkspace {
  const widest = Math.max(0, ...matrices.map(({ blocks }) => blocks));
  const numbers = matrices.flatMap(({ blocks, slices }) =>
    slices.map(({ rowCount }) => partNumbers(rowCount, blocks, chunkTokens)),
  );
  const storage = (label: string, bytes: number) => createStorageBuffer(device, `llm.scratch.${label}`, bytes);
  return {
    chunkTokens,
    halves: storage('halves', chunkTokens * widest * 64),
    factors: storage('factors', chunkTokens * 4),
    parts: storage('parts', Math.max(0, ...numbers) * 4),
  };
}
