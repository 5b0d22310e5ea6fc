import { createStorageBuffer } from '../../gpu/buffers.ts';
import type { VectorVariant } from '../../messages.ts';
import { LlmError } from '../llm-error.ts';
import type { AttentionVariant } from '../kernels/attention.ts';
import { createShapeBuffer, type Kernel, type PipelineCache } from '../kernels/kernel.ts';
import { createMatrixMatrix } from '../kernels/matrix-matrix.ts';
import type { BatchMatrixKernelOptions } from '../kernels/matrix-options.ts';
import { createMatrixVector, type VectorKind } from '../kernels/matrix-vector.ts';
import { createPromptMatrices, type ChosenMatrices, type PromptMatrices } from '../kernels/prompt-matrices.ts';
import type { HeadShape, RopeVariant } from '../kernels/rope-append.ts';
import { allocateOrFail } from './allocation.ts';
import { cutWeights, dispatchWeights } from './cut-weights.ts';
import type { WeightMatrix } from './weight-matrix.ts';
import { createLayer, padToBlock, type CreateMatrix, type LayerKernels } from './layer-kernels.ts';
import type { LlamaConfig } from './llama-config.ts';
import type { LlamaLayer, LlamaWeights } from './llama-weights.ts';

/** Tokens of one prefill submit; a multiple of the widest matrix tile. */
export const PREFILL_CHUNK = 512;

/** Tokens whose logits are made at once when all are wanted. */
export const SCORING_CHUNK = 32;

/** Activations of one batch. Shared by all contexts: every submit computes a whole batch, and the queue keeps their order. */
export interface Scratch {
  /** [chunk][embedding, padded to 32]: the residual stream. */
  readonly hidden: GPUBuffer;
  /** [chunk][q|k|v rows]. */
  readonly projected: GPUBuffer;
  /** [chunk][heads][headStride]. */
  readonly query: GPUBuffer;
  /** [chunk][heads * headLength, padded to 32]. */
  readonly attended: GPUBuffer;
  /** [chunk][embedding, padded to 32]: what attention or feed-forward gave, where it is normalised before it is added. */
  readonly branch: GPUBuffer;
  /** [chunk][feed-forward, padded to 32]. */
  readonly activated: GPUBuffer;
  /** [SCORING_CHUNK][vocabulary]. */
  readonly logits: GPUBuffer;
  /** Uniform: the count of tokens in the batch that is being recorded; then 1 where `createRopeAppend` goes before its attention. */
  readonly batch: GPUBuffer;
}

/**
 * For whom a kernel is: one token; a few (2 to 16), with the same bytes for each as alone; or many, rows of a prompt, summed in another
 * order, so that what must agree bit by bit with a decoded token does not take them.
 */
export type TokenCount = 'one' | 'few' | 'many';

/** How a model's products are rounded. */
export interface Numbers {
  readonly matrices: ChosenMatrices;
  readonly vectors: VectorVariant;
}

/** What all contexts of a model share: scratch and the weight kernels, each for one token, for a few and for many. */
export class LlamaGraph {
  readonly cache: PipelineCache;
  readonly config: LlamaConfig;
  readonly weights: LlamaWeights;
  readonly heads: HeadShape;
  readonly scratch: Scratch;
  #layers: Readonly<Record<TokenCount, readonly LayerKernels[]>>;
  readonly #promptMatrices: PromptMatrices;
  readonly #numbers: Numbers;
  #head: Readonly<Record<TokenCount, Kernel>>;
  /** As the kernels have them: whole, or cut by rows. */
  #cut: LlamaWeights;
  #isDestroyed = false;

  private constructor(
    cache: PipelineCache,
    config: LlamaConfig,
    weights: LlamaWeights,
    parts: {
      heads: HeadShape;
      scratch: Scratch;
      layers: Readonly<Record<TokenCount, readonly LayerKernels[]>>;
      promptMatrices: PromptMatrices;
      numbers: Numbers;
      head: Readonly<Record<TokenCount, Kernel>>;
    },
  ) {
    this.cache = cache;
    this.config = config;
    this.weights = weights;
    this.heads = parts.heads;
    this.scratch = parts.scratch;
    this.#layers = parts.layers;
    this.#promptMatrices = parts.promptMatrices;
    this.#numbers = parts.numbers;
    this.#head = parts.head;
    this.#cut = weights;
  }

  /** `shared`: buffers of another graph of the same model, in the place of its own. */
  static async create(
    cache: PipelineCache,
    config: LlamaConfig,
    weights: LlamaWeights,
    numbers: Numbers,
    shared?: SharedBuffers,
  ): Promise<LlamaGraph> {
    const heads: HeadShape = {
      headCount: config.headCount,
      keyValueHeadCount: config.keyValueHeadCount,
      headLength: config.headLength,
      headStride: Math.ceil(config.headLength / 4) * 4,
    };
    checkLogits(cache.device, config.vocabularySize);
    const { scratch, promptMatrices } =
      shared ??
      (await allocateOrFail(
        cache.device,
        'activations',
        () => ({
          scratch: allocateScratch(cache.device, config, heads),
          promptMatrices: createPromptMatrices(
            cache,
            numbers.matrices,
            weights.layers.flatMap(matricesOf),
            PREFILL_CHUNK,
          ),
        }),
        destroyShared,
      ));
    const { vectors } = numbers;
    const createLayers = (count: TokenCount, create: CreateMatrix) =>
      Promise.all(
        weights.layers.map((layer) => createLayer(cache, config, scratch, { layer, count, vectors, create })),
      );
    const forTokens =
      (count: VectorKind): CreateMatrix =>
      (options) =>
        createMatrixVector(cache, count, { ...options, vectors });
    const headPlace = headOptions(config, weights, scratch);
    const [one, few, many, headOfOne, headOfFew, headOfMany] = await Promise.all([
      createLayers('one', forTokens('one')),
      createLayers('few', forTokens('few')),
      createLayers('many', promptMatrices.create),
      createMatrixVector(cache, 'one', { ...headPlace, vectors }),
      createMatrixVector(cache, 'few', { ...headPlace, vectors }),
      createMatrixMatrix(cache, headPlace),
    ]);
    return new LlamaGraph(cache, config, weights, {
      heads,
      scratch,
      layers: { one, few, many },
      promptMatrices,
      numbers,
      head: { one: headOfOne, few: headOfFew, many: headOfMany },
    });
  }

  get vectors(): VectorVariant {
    return this.#numbers.vectors;
  }

  layer(index: number, count: TokenCount): LayerKernels {
    const layer = this.#layers[count][index];
    if (layer === undefined) throw new RangeError(`layer ${index} of ${this.config.layerCount}`);
    return layer;
  }

  /** What the architecture asks of this layer's rope; its table is `ropeTableOf(config, index)`. */
  ropeVariant(index: number): RopeVariant {
    const { architecture, normEpsilon } = this.config;
    const parameters = this.weights.layers[index]?.headParameters;
    return {
      ropeStyle: architecture.ropeStyle,
      ...(parameters === undefined ? {} : { parameters: { ...parameters, epsilon: normEpsilon } }),
    };
  }

  /** What the architecture asks of this layer's attention. */
  attentionVariant(index: number): AttentionVariant {
    const { attentionScale, attentionSoftCap, window } = this.config.variation;
    return {
      ...(attentionScale === undefined ? {} : { scale: attentionScale }),
      ...(attentionSoftCap === undefined ? {} : { softCap: attentionSoftCap }),
      ...(window?.hasLayer(index) === true ? { window: window.length } : {}),
    };
  }

  /** Logits of the rows in `scratch.hidden`: row 0, a few, or up to SCORING_CHUNK. */
  head(count: TokenCount): Kernel {
    return this.#head[count];
  }

  /** The share of a batch's weights that its largest dispatch has, and how many they are. */
  largestDispatch(kind: 'prompt' | 'step'): { readonly share: number; readonly weights: number } {
    const sizes = dispatchWeights(this.#cut, kind);
    const weights = sizes.reduce((most, size) => Math.max(most, size), 0);
    return { weights, share: weights / sizes.reduce((sum, size) => sum + size, 0) };
  }

  /**
   * From the next submit on no matrix is multiplied by more than `mostWeights` of its weights at once, or 64 rows; the bytes stay the same.
   * False when nothing gets shorter by it.
   */
  async cutRows(mostWeights: number): Promise<boolean> {
    const cut = cutWeights(this.weights, mostWeights);
    if (dispatchWeights(cut, 'step').length <= dispatchWeights(this.#cut, 'step').length) return false;
    const shared = { scratch: this.scratch, promptMatrices: this.#promptMatrices };
    const fresh = await LlamaGraph.create(this.cache, this.config, cut, this.#numbers, shared);
    if (this.#isDestroyed) {
      fresh.#destroyKernels();
      return false;
    }
    this.#destroyKernels();
    this.#layers = fresh.#layers;
    this.#head = fresh.#head;
    this.#cut = cut;
    return true;
  }

  #destroyKernels(): void {
    for (const layer of Object.values(this.#layers).flat()) {
      for (const kernel of [...layer.beforeRope, ...layer.afterAttention]) kernel.destroy();
    }
    for (const kernel of Object.values(this.#head)) kernel.destroy();
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#destroyKernels();
    destroyShared({ scratch: this.scratch, promptMatrices: this.#promptMatrices });
    this.weights.destroy();
  }
}

/** @throws LlmError ADAPTER_LIMIT when the logits of a chunk do not fit a binding. */
function checkLogits(device: GPUDevice, vocabularySize: number): void {
  const sizeBytes = SCORING_CHUNK * vocabularySize * 4;
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  if (sizeBytes <= limit) return;
  throw new LlmError(
    'ADAPTER_LIMIT',
    `the logits of ${SCORING_CHUNK} tokens take ${sizeBytes} bytes, but the adapter binds at most ${limit}`,
    { data: { neededBytes: sizeBytes, availableBytes: limit } },
  );
}

function allocateScratch(device: GPUDevice, config: LlamaConfig, heads: HeadShape): Scratch {
  const rows = (label: string, length: number) =>
    createStorageBuffer(device, `llm.scratch.${label}`, PREFILL_CHUNK * length * 4);
  return {
    hidden: rows('hidden', padToBlock(config.embeddingLength)),
    projected: rows('projected', (heads.headCount + 2 * heads.keyValueHeadCount) * heads.headLength),
    query: rows('query', heads.headCount * heads.headStride),
    attended: rows('attended', padToBlock(heads.headCount * heads.headLength)),
    branch: rows('branch', padToBlock(config.embeddingLength)),
    activated: rows('activated', padToBlock(config.feedForwardLength)),
    logits: createStorageBuffer(device, 'llm.scratch.logits', SCORING_CHUNK * config.vocabularySize * 4),
    batch: createShapeBuffer(device, 'llm.scratch.batch', [1]),
  };
}

/** What all kernels of a model compute in, whatever they are cut into. */
interface SharedBuffers {
  readonly scratch: Scratch;
  readonly promptMatrices: PromptMatrices;
}

function destroyShared({ scratch, promptMatrices }: SharedBuffers): void {
  promptMatrices.destroy();
  destroyScratch(scratch);
}

function destroyScratch(scratch: Scratch): void {
  for (const buffer of Object.values(scratch) as GPUBuffer[]) buffer.destroy();
}

function headOptions(config: LlamaConfig, weights: LlamaWeights, scratch: Scratch): BatchMatrixKernelOptions {
  return {
    batch: scratch.batch,
    matrix: weights.head,
    input: scratch.hidden,
    output: scratch.logits,
    outputOffset: 0,
    outputStride: config.vocabularySize,
    normalisation: { gain: weights.outputGain, epsilon: config.normEpsilon },
    combine: 'replace',
    ...(config.variation.outputSoftCap === undefined ? {} : { softCap: config.variation.outputSoftCap }),
  };
}

function matricesOf(layer: LlamaLayer): WeightMatrix[] {
  const { attentionOutput, gate, up, down } = layer;
  return [...layer.projections.map(({ matrix }) => matrix), attentionOutput, gate, up, down];
}
