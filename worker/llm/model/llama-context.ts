import type { SamplingParameters } from '../../messages.ts';
import { createStorageBuffer, uploadStorageBuffer } from '../../gpu/buffers.ts';
import { createAttention } from '../kernels/attention.ts';
import { createEmbed } from '../kernels/embed.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { createReplayGap } from '../kernels/replay-gap.ts';
import { createRopeAppend } from '../kernels/rope-append.ts';
import { createSample, SAMPLING_BYTES, sampleSliceCount } from '../kernels/sample.ts';
import { LlmError } from '../llm-error.ts';
import { allocateOrFail } from './allocation.ts';
import { PREFILL_CHUNK, SCORING_CHUNK, type LlamaGraph } from './llama-graph.ts';
import { buildRopeTables, ropeTableOf } from './rope-table.ts';

/** GPU memory of one sequence. `state` is { position, count, token } of sample.wgsl and its fellows. */
interface ContextBuffers {
  readonly state: GPUBuffer;
  readonly tokens: GPUBuffer;
  readonly sampling: GPUBuffer;
  readonly gaps: GPUBuffer;
  readonly ropeTables: readonly GPUBuffer[];
  readonly caches: readonly { readonly keys: GPUBuffer; readonly values: GPUBuffer }[];
}

interface ContextKernels {
  readonly embed: Kernel;
  readonly rope: readonly Kernel[];
  readonly attention: readonly Kernel[];
  readonly sample: Kernel;
}

/**
 * One sequence: its static KV cache, its tokens by absolute position, and the bind groups over them. Position and length live
 * in `state` on the GPU, so that every decoded token is the same list of commands.
 */
export class LlamaContext {
  /** Positions that fit. */
  readonly capacity: number;
  readonly #graph: LlamaGraph;
  readonly #buffers: ContextBuffers;
  readonly #kernels: ContextKernels;
  #replayGap: Promise<Kernel> | undefined;

  private constructor(graph: LlamaGraph, capacity: number, buffers: ContextBuffers, kernels: ContextKernels) {
    this.#graph = graph;
    this.capacity = capacity;
    this.#buffers = buffers;
    this.#kernels = kernels;
  }

  static async create(graph: LlamaGraph, capacity: number): Promise<LlamaContext> {
    const { device } = graph.cache;
    const { keyValueHeadCount, headStride } = graph.heads;
    const cacheBytes = capacity * keyValueHeadCount * headStride * 4;
    const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
    if (cacheBytes > limit) {
      throw new LlmError(
        'ADAPTER_LIMIT',
        `the key cache of ${capacity} positions takes ${cacheBytes} bytes a layer, but the adapter binds at most ${limit}`,
        { data: { neededBytes: cacheBytes, limitBytes: limit } },
      );
    }
    const buffers = await allocateOrFail(
      device,
      `a context of ${capacity} positions`,
      () => allocateBuffers(graph, capacity, cacheBytes),
      destroyBuffers,
    );
    return new LlamaContext(graph, capacity, buffers, await createKernels(graph, capacity, buffers));
  }

  /** Dispatches of one decoded token, sampling included. */
  get dispatchesPerToken(): number {
    const { embed, rope, attention, sample } = this.#kernels;
    const own = [embed, sample, ...rope, ...attention, this.#graph.head];
    const layers = rope.flatMap((_, index) => {
      const { beforeRope, afterAttention } = this.#graph.layer(index, 1);
      return [...beforeRope, ...afterAttention];
    });
    return [...own, ...layers].reduce((sum, kernel) => sum + kernel.dispatchCount, 0);
  }

  setSampling({ temperature, seed }: SamplingParameters): void {
    const isGreedy = temperature === 0;
    const bytes = new ArrayBuffer(SAMPLING_BYTES);
    const { vocabularySize } = this.#graph.config;
    new Uint32Array(bytes).set([
      vocabularySize,
      sampleSliceCount(vocabularySize),
      this.capacity,
      seed,
      isGreedy ? 1 : 0,
    ]);
    new Float32Array(bytes).set([isGreedy ? 1 : 1 / temperature], 5);
    this.#queue.writeBuffer(this.#buffers.sampling, 0, bytes);
  }

  /** Puts tokens at absolute positions [firstPosition, ...). */
  setTokens(tokens: readonly number[], firstPosition = 0): void {
    if (tokens.length > 0) this.#queue.writeBuffer(this.#buffers.tokens, firstPosition * 4, new Uint32Array(tokens));
  }

  /** The next decoded token is the one at `position`. */
  setPosition(position: number): void {
    this.#queue.writeBuffer(this.#buffers.state, 0, new Uint32Array([position, 1, 0, 0]));
  }

  /** Fills the cache for positions [from, to), a chunk per submit. */
  prefill(from: number, to: number): void {
    for (let position = from; position < to; position += PREFILL_CHUNK) {
      this.#submitBatch(position, Math.min(PREFILL_CHUNK, to - position));
    }
  }

  /** Records one token: embedding, layers, head, sampling; then copies its id to `destination` (4 bytes at 0). */
  encodeToken(encoder: GPUCommandEncoder, destination: GPUBuffer): void {
    const pass = encoder.beginComputePass({ label: 'llm.token' });
    this.#recordLayers(pass, 1);
    this.#graph.head.run(pass, 1);
    this.#kernels.sample.run(pass, 1);
    pass.end();
    encoder.copyBufferToBuffer(this.#buffers.state, 8, destination, 0, 4);
  }

  /** Logits of positions [from, from + count), count <= SCORING_CHUNK, written to the front of `destination`. */
  async scoreLogits(from: number, count: number, destination: GPUBuffer): Promise<void> {
    const { kernel, logits } = await this.#graph.scoring();
    const sizeBytes = count * this.#graph.config.vocabularySize * 4;
    this.#submitBatch(
      from,
      count,
      (pass) => kernel.run(pass, count),
      (encoder) => encoder.copyBufferToBuffer(logits, 0, destination, 0, sizeBytes),
    );
  }

  /** Gaps of positions [from, to) against the tokens that follow them; the buffer holds them by position. */
  async scoreGaps(from: number, to: number): Promise<GPUBuffer> {
    const { kernel, logits } = await this.#graph.scoring();
    const { sampling, state, tokens, gaps } = this.#buffers;
    this.#replayGap ??= createReplayGap(this.#graph.cache, { sampling, state, logits, tokens, gaps });
    const replayGap = await this.#replayGap;
    for (let position = from; position < to; position += SCORING_CHUNK) {
      const count = Math.min(SCORING_CHUNK, to - position);
      this.#submitBatch(position, count, (pass) => {
        kernel.run(pass, count);
        replayGap.run(pass, count);
      });
    }
    return gaps;
  }

  destroy(): void {
    const { embed, rope, attention, sample } = this.#kernels;
    for (const kernel of [embed, sample, ...rope, ...attention]) kernel.destroy();
    destroyBuffers(this.#buffers);
  }

  get #queue(): GPUQueue {
    return this.#graph.cache.device.queue;
  }

  #submitBatch(
    position: number,
    count: number,
    recordMore?: (pass: GPUComputePassEncoder) => void,
    copy?: (encoder: GPUCommandEncoder) => void,
  ): void {
    const { device } = this.#graph.cache;
    this.#queue.writeBuffer(this.#buffers.state, 0, new Uint32Array([position, count, 0, 0]));
    this.#queue.writeBuffer(this.#graph.scratch.batch, 0, new Uint32Array([count]));
    const encoder = device.createCommandEncoder({ label: 'llm.batch' });
    const pass = encoder.beginComputePass({ label: 'llm.batch' });
    this.#recordLayers(pass, count);
    recordMore?.(pass);
    pass.end();
    copy?.(encoder);
    device.queue.submit([encoder.finish()]);
  }

  #recordLayers(pass: GPUComputePassEncoder, tokenCount: number): void {
    const { embed, rope, attention } = this.#kernels;
    embed.run(pass, tokenCount);
    for (let index = 0; index < rope.length; index++) {
      const { beforeRope, afterAttention } = this.#graph.layer(index, tokenCount);
      for (const kernel of beforeRope) kernel.run(pass, tokenCount);
      rope[index]?.run(pass, tokenCount);
      attention[index]?.run(pass, tokenCount);
      for (const kernel of afterAttention) kernel.run(pass, tokenCount);
    }
  }
}

function allocateBuffers(graph: LlamaGraph, capacity: number, cacheBytes: number): ContextBuffers {
  const { device } = graph.cache;
  const storage = (label: string, sizeBytes: number) => createStorageBuffer(device, `llm.context.${label}`, sizeBytes);
  const tables = buildRopeTables(graph.config, capacity, graph.weights.ropeFactors);
  return {
    state: storage('state', 16),
    tokens: storage('tokens', capacity * 4),
    // UNIFORM 0x40 | COPY_DST 0x8.
    sampling: device.createBuffer({ label: 'llm.context.sampling', size: SAMPLING_BYTES, usage: 0x40 | 0x08 }),
    gaps: storage('gaps', capacity * 4),
    ropeTables: tables.map((table) => uploadStorageBuffer(device, 'llm.context.rope-table', table)),
    caches: graph.weights.layers.map((_, index) => ({
      keys: storage(`keys.${index}`, cacheBytes),
      values: storage(`values.${index}`, cacheBytes),
    })),
  };
}

function destroyBuffers({ caches, ropeTables, ...buffers }: ContextBuffers): void {
  for (const buffer of [...Object.values(buffers), ...ropeTables]) buffer.destroy();
  for (const { keys, values } of caches) {
    keys.destroy();
    values.destroy();
  }
}

async function createKernels(graph: LlamaGraph, capacity: number, buffers: ContextBuffers): Promise<ContextKernels> {
  const { cache, config, heads, scratch, weights } = graph;
  const { state, tokens, sampling, ropeTables, caches } = buffers;
  const { projected, query, attended, hidden, logits, bestScores, bestTokens } = scratch;
  const outputStride = Math.ceil((heads.headCount * heads.headLength) / 32) * 32;
  const ropePairs = config.ropeDimensions / 2;
  const tableOf = (layer: number): GPUBuffer => {
    const table = ropeTables[ropeTableOf(config, layer)];
    if (table === undefined) throw new RangeError(`layer ${layer} has no rope table`);
    return table;
  };
  const [embed, rope, attention, sample] = await Promise.all([
    createEmbed(cache, {
      table: weights.embedding,
      state,
      tokens,
      hidden,
      scale: config.variation.embeddingScale ?? 1,
    }),
    Promise.all(
      caches.map(({ keys, values }, layer) =>
        createRopeAppend(cache, {
          ...graph.ropeVariant(layer),
          heads,
          ropePairs,
          capacity,
          state,
          projected,
          table: tableOf(layer),
          query,
          keys,
          values,
        }),
      ),
    ),
    Promise.all(
      caches.map(({ keys, values }, layer) =>
        createAttention(cache, {
          ...graph.attentionVariant(layer),
          heads,
          state,
          query,
          keys,
          values,
          output: attended,
          outputStride,
        }),
      ),
    ),
    createSample(cache, {
      vocabularySize: config.vocabularySize,
      sampling,
      state,
      logits,
      bestScores,
      bestTokens,
      tokens,
    }),
  ]);
  return { embed, rope, attention, sample };
}
