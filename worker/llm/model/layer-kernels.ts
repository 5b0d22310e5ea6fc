import type { VectorVariant } from '../../messages.ts';
import { createAddNormalised } from '../kernels/add-normalised.ts';
import type { Kernel, PipelineCache } from '../kernels/kernel.ts';
import type { BatchMatrixKernelOptions, MatrixKernelOptions } from '../kernels/matrix-options.ts';
import { createGatedMatrixVector } from '../kernels/matrix-vector.ts';
import type { LlamaConfig } from './llama-config.ts';
import type { Scratch, TokenCount } from './llama-graph.ts';
import type { LlamaLayer } from './llama-weights.ts';
import type { WeightMatrix } from './weight-matrix.ts';

/** The kernels of one layer that read weights only, in the order around rope and attention. */
export interface LayerKernels {
  readonly beforeRope: readonly Kernel[];
  readonly afterAttention: readonly Kernel[];
}

export type CreateMatrix = (options: BatchMatrixKernelOptions) => Promise<Kernel>;

interface LayerOptions {
  readonly layer: LlamaLayer;
  readonly count: TokenCount;
  readonly vectors: VectorVariant;
  readonly create: CreateMatrix;
}

/**
 * Matrix kernels of a layer: q|k|v (1, or up to 3 when formats differ); then o + residual, gate and up (1 dispatch; 2 for many tokens, and
 * where their formats have units of different lengths), down + residual. A norm before a residual is one dispatch more. With attention: 5 for a token, 7 with norms
 * on both sides; one more where attention splits a long context, and for each change of format within q, k, v.
 */
export async function createLayer(
  cache: PipelineCache,
  config: LlamaConfig,
  scratch: Scratch,
  { layer, count, vectors, create }: LayerOptions,
): Promise<LayerKernels> {
  const { batch } = scratch;
  const createMatrix = (options: MatrixKernelOptions & { isInputReady?: boolean }) => create({ ...options, batch });
  const epsilon = config.normEpsilon;
  const { hidden, attended, activated } = scratch;
  const stride = padToBlock(config.embeddingLength);
  /** A matrix whose result is added to the residual, after a norm of its own where the layer has one. */
  const addBranch = (matrix: WeightMatrix, input: GPUBuffer, gain: GPUBuffer | undefined): Promise<Kernel>[] => {
    const common = { matrix, input, outputOffset: 0, outputStride: stride };
    if (gain === undefined) return [createMatrix({ ...common, output: hidden, combine: 'add' })];
    return [
      createMatrix({ ...common, output: scratch.branch, combine: 'replace' }),
      createAddNormalised(cache, {
        columns: config.embeddingLength,
        stride,
        branch: scratch.branch,
        hidden,
        normalisation: { gain, epsilon },
      }),
    ];
  };
  const normalisation = { gain: layer.feedForwardGain, epsilon };
  const { activation } = config.architecture;
  const outputStride = padToBlock(config.feedForwardLength);
  const gated = { input: hidden, output: activated, outputOffset: 0, outputStride, normalisation, activation };
  const beforeRope = layer.projections.map(({ matrix, outputOffset }, index) =>
    createMatrix({
      matrix,
      input: hidden,
      output: scratch.projected,
      outputOffset,
      outputStride: (config.headCount + 2 * config.keyValueHeadCount) * config.headLength,
      normalisation: { gain: layer.attentionGain, epsilon },
      combine: 'replace',
      isInputReady: index > 0,
    }),
  );
  const afterAttention = [
    ...addBranch(layer.attentionOutput, attended, layer.postAttentionGain),
    ...(count === 'many'
      ? [
          createMatrix({ matrix: layer.gate, combine: 'replace', ...gated }),
          createMatrix({ matrix: layer.up, combine: 'gate', isInputReady: true, ...gated }),
        ]
      : [createGatedMatrixVector(cache, count, { gate: layer.gate, up: layer.up, batch, vectors, ...gated })]),
    ...addBranch(layer.down, activated, layer.postFeedForwardGain),
  ];
  const [before, after] = await Promise.all([Promise.all(beforeRope), Promise.all(afterAttention)]);
  return { beforeRope: before, afterAttention: after };
}

/** Activations that a matrix reads are padded with zeros to whole blocks. */
export function padToBlock(length: number): number {
  return Math.ceil(length / 32) * 32;
}
