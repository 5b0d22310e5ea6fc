import { createAttentionDecode } from '../kernels/attention-decode.ts';
import { createAttentionPrefill } from '../kernels/attention-prefill.ts';
import { createEmbed } from '../kernels/embed.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { createLogProbability, type LogProbabilityKernel } from '../kernels/log-probability.ts';
import { createPoolHidden, type PoolHiddenKernel } from '../kernels/pool-hidden.ts';
import { createReplayGap } from '../kernels/replay-gap.ts';
import { createRopeAppend } from '../kernels/rope-append.ts';
import { createSampleFilter } from '../kernels/sample-filter.ts';
import { createSample } from '../kernels/sample.ts';
import type { CacheFormat } from '../cache/cache-format.ts';
import { padToBlock } from '../model/layer-kernels.ts';
import type { LlamaGraph } from '../model/llama-graph.ts';
import { ropeTableOf } from '../model/rope-table.ts';
import type { BatchBuffers } from './batch-buffers.ts';

/** The kernels that every token needs and that touch sequences: around those of the graph, which touch weights only. */
export interface BatchKernels {
  readonly embed: Kernel;
  /** Before any attention of a prompt; before that of a decode, where rows look at each other's keys. */
  readonly rope: readonly Kernel[];
  readonly attention: { readonly decode: readonly Kernel[]; readonly prefill: readonly Kernel[] };
  readonly sample: Kernel;
  destroy(): void;
}

/** Kernels that only some requests need; compiled when the first of them comes. */
export interface OptionalKernels {
  readonly filter: Kernel;
  readonly replayGap: Kernel;
  readonly chosen: LogProbabilityKernel;
  readonly following: LogProbabilityKernel;
  readonly pool: PoolHiddenKernel;
}

export async function createBatchKernels(
  graph: LlamaGraph,
  buffers: BatchBuffers,
  format: CacheFormat,
): Promise<BatchKernels> {
  const { cache, config, heads, scratch, weights } = graph;
  const { projected, query, attended, hidden, batch } = scratch;
  const { table, sampling, caches } = buffers;
  const anglesOf = (layer: number): GPUBuffer => {
    const found = buffers.ropeTables[ropeTableOf(config, layer)];
    if (found === undefined) throw new RangeError(`layer ${layer} has no rope table`);
    return found;
  };
  const layers = caches.map((planes, layer) => ({
    ...graph.ropeVariant(layer),
    ...graph.attentionVariant(layer),
    ...planes,
    heads,
    table,
    format,
    ropePairs: config.ropeDimensions / 2,
    projected,
    angles: anglesOf(layer),
    query,
    batch,
    output: attended,
    outputStride: padToBlock(heads.headCount * heads.headLength),
    parts: buffers.attentionParts,
  }));
  const [embed, rope, decode, prefill, sample] = await Promise.all([
    createEmbed(cache, {
      table: weights.embedding,
      rows: table.rows,
      tokens: sampling.tokens,
      capacity: table.capacity,
      hidden,
      scale: config.variation.embeddingScale ?? 1,
    }),
    Promise.all(layers.map((layer) => createRopeAppend(cache, layer))),
    Promise.all(layers.map((layer) => createAttentionDecode(cache, layer))),
    Promise.all(layers.map((layer) => createAttentionPrefill(cache, layer))),
    createSample(cache, { ...sampling, vocabularySize: config.vocabularySize }),
  ]);
  return {
    embed,
    rope,
    attention: { decode, prefill },
    sample,
    destroy() {
      for (const kernel of [embed, ...rope, ...decode, ...prefill, sample]) kernel.destroy();
    },
  };
}

export function createOptionalKernel<Name extends keyof OptionalKernels>(
  name: Name,
  graph: LlamaGraph,
  buffers: BatchBuffers,
): Promise<OptionalKernels[Name]> {
  const { cache, config, scratch, weights } = graph;
  const { sampling, gaps, logProbabilities, pooled } = buffers;
  const create: { readonly [K in keyof OptionalKernels]: () => Promise<OptionalKernels[K]> } = {
    filter: () => createSampleFilter(cache, sampling),
    replayGap: () => createReplayGap(cache, { ...sampling, gaps }),
    chosen: () => createLogProbability(cache, 'chosen', { ...sampling, result: logProbabilities }),
    following: () => createLogProbability(cache, 'following', { ...sampling, result: logProbabilities }),
    pool: () =>
      createPoolHidden(cache, {
        columns: config.embeddingLength,
        stride: padToBlock(config.embeddingLength),
        hidden: scratch.hidden,
        normalisation: { gain: weights.outputGain, epsilon: config.normEpsilon },
        pooled,
      }),
  };
  return create[name]();
}
