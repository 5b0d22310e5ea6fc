import type { CacheFormat } from '../cache/cache-format.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { logProbabilityBytes } from '../kernels/log-probability.ts';
import {
  BIAS_CAPACITY,
  packBiases,
  packSamplingRules,
  RULES_BYTES,
  type SamplingRules,
} from '../sampling/sampling-rules.ts';
import { SCORING_CHUNK, type LlamaGraph, type TokenCount } from '../model/llama-graph.ts';
import { LeanPass } from '../../gpu/lean-pass.ts';
import { cutEvenly } from './cut-evenly.ts';
import type { SliceBudget, SubmitKind } from './slice-budget.ts';
import { createBatchBuffers, MAXIMUM_BATCH, type BatchBuffers, type CacheShape } from './batch-buffers.ts';
import { createBatchKernels, createOptionalKernel, type BatchKernels, type OptionalKernels } from './batch-kernels.ts';

/** One row of a batch: the token at `position` of the sequence in `slot`. */
export interface BatchRow {
  readonly slot: number;
  readonly position: number;
}

/** What is made of the rows behind the layers, and where it is copied. */
export type BatchOutput =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'logits'; readonly destination: GPUBuffer }
  | { readonly kind: 'gaps'; readonly isFiltered: boolean; readonly destination: GPUBuffer }
  | { readonly kind: 'log-probabilities'; readonly destination: GPUBuffer }
  | { readonly kind: 'pool'; readonly firstRow: number; readonly rowCount: number; readonly isFirst: boolean };

/** What a decoded step gives besides moving its rows on. */
export interface DecodeOutput {
  /** Some row has rules beyond temperature. */
  readonly isFiltered: boolean;
  /** Four bytes a row. */
  readonly ids: GPUBuffer;
  /** Likeliest tokens beside the chosen, and where they go; left out, nothing is computed. */
  readonly alternatives?: { readonly count: number; readonly destination: GPUBuffer };
}

/**
 * Records and submits batches over the paged cache. Each call writes what it needs and submits before it returns, so that calls of
 * different sequences follow each other in the queue whatever the order of their callers. Positions move on in GPU memory: a step
 * of the same rows as the last one writes nothing, and what is recorded for it changes with each block of 64 positions at most.
 */
export class BatchRunner {
  readonly buffers: BatchBuffers;
  readonly format: CacheFormat;
  readonly #graph: LlamaGraph;
  readonly #kernels: BatchKernels;
  readonly #budget: SliceBudget;
  /** What the GPU has in its rows, so that nothing is written twice. */
  #rows: BatchRow[] = [];
  /** Some are of one sequence, so that one sees what another appends. */
  #lookAtEachOther = false;
  #alternatives = -1;
  readonly #optional: { [Name in keyof OptionalKernels]?: OptionalKernels[Name] } = {};
  readonly #preparing = new Map<keyof OptionalKernels, Promise<void>>();
  #destroyed = false;

  private constructor(
    graph: LlamaGraph,
    format: CacheFormat,
    buffers: BatchBuffers,
    kernels: BatchKernels,
    budget: SliceBudget,
  ) {
    this.#graph = graph;
    this.#budget = budget;
    this.format = format;
    this.buffers = buffers;
    this.#kernels = kernels;
  }

  /** @throws LlmError ADAPTER_LIMIT, OUT_OF_MEMORY */
  static async create(graph: LlamaGraph, shape: CacheShape, budget: SliceBudget): Promise<BatchRunner> {
    const buffers = await createBatchBuffers(graph, shape);
    try {
      const kernels = await createBatchKernels(graph, buffers, shape.format);
      return new BatchRunner(graph, shape.format, buffers, kernels, budget);
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  /** Dispatches of one decoded step of one row, or of several, without filters, behind a long context. */
  dispatchesPerToken(count: TokenCount): number {
    return this.#decodeKernels(count, {}).reduce((sum, kernel) => sum + kernel.dispatchCount, 0);
  }

  /** Compiles a kernel that not every request needs; to be awaited before the first call that takes it. */
  prepare(name: keyof OptionalKernels): Promise<void> {
    const known = this.#preparing.get(name);
    if (known !== undefined) return known;
    const prepared = this.#prepare(name);
    this.#preparing.set(name, prepared);
    return prepared;
  }

  /** A sequence moves into a slot with its tokens, pages and rules. */
  setSlot(slot: number, sequence: { tokens: readonly number[]; pages: readonly number[]; rules: SamplingRules }): void {
    const { sampling, table } = this.buffers;
    this.#queue.writeBuffer(sampling.tokens, slot * table.capacity * 4, new Uint32Array(sequence.tokens));
    sequence.pages.forEach((page, index) => this.setPage(slot, index, page));
    this.#queue.writeBuffer(sampling.rules, slot * RULES_BYTES, packSamplingRules(sequence.rules));
    if (sequence.rules.logitBias.length > 0) {
      this.#queue.writeBuffer(sampling.biases, slot * BIAS_CAPACITY * 8, packBiases(sequence.rules));
    }
  }

  /** Tokens of a draft, from `position` on; the rows that check them follow in the same submit. */
  setTokens(slot: number, position: number, tokens: readonly number[]): void {
    if (tokens.length === 0) return;
    const offset = (slot * this.buffers.table.capacity + position) * 4;
    this.#queue.writeBuffer(this.buffers.sampling.tokens, offset, new Uint32Array(tokens));
  }

  setPage(slot: number, index: number, page: number): void {
    const { rows, pageTableStart, pagesPerSlot } = this.buffers.table;
    this.#queue.writeBuffer(rows, (pageTableStart + slot * pagesPerSlot + index) * 4, new Uint32Array([page]));
  }

  /** Most rows of a `prefill` with logits. */
  get scoringChunk(): number {
    return this.#graph.vectors === 'int8' ? MAXIMUM_BATCH : SCORING_CHUNK;
  }

  /** Rows that follow each other in one sequence: fills its cache, and makes what `output` says. At most PREFILL_CHUNK, or `scoringChunk` with logits. */
  prefill(first: BatchRow, count: number, output: BatchOutput): void {
    this.#setRows(Array.from({ length: count }, (_, index) => ({ ...first, position: first.position + index })));
    const { sampling, gaps, logProbabilities, pooled } = this.buffers;
    if (output.kind === 'log-probabilities') this.#prepared('following').setAlternatives(0);
    if (output.kind === 'pool') {
      const pool = this.#prepared('pool');
      if (output.isFirst) this.#queue.writeBuffer(pooled, 0, new Uint8Array(pooled.size));
      pool.setRange(output.firstRow, output.rowCount);
    }
    const hasLogits = output.kind !== 'pool' && output.kind !== 'nothing';
    const isDecoded = hasLogits && this.#graph.vectors === 'int8';
    const decoded = count === 1 ? 'one' : 'few';
    const kernels: Pick<Kernel, 'run'>[] = isDecoded
      ? this.#layerKernels(decoded, 'decode', this.#lookAtEachOther)
      : this.#layerKernels('many', 'prefill', true);
    if (output.kind === 'pool') kernels.push(this.#prepared('pool'));
    if (hasLogits) kernels.push(this.#graph.head(isDecoded ? decoded : 'many'));
    if (output.kind === 'log-probabilities') kernels.push(this.#prepared('following'));
    if (output.kind === 'gaps') {
      if (output.isFiltered) kernels.push(this.#prepared('filter'));
      kernels.push(this.#prepared('replayGap'));
    }
    this.#submit(isDecoded ? decoded : 'prompt', kernels, { count, depth: first.position }, (encoder) => {
      if (output.kind === 'logits') {
        const bytes = count * this.#graph.config.vocabularySize * 4;
        encoder.copyBufferToBuffer(sampling.logits, 0, output.destination, 0, bytes);
      } else if (output.kind === 'gaps') {
        encoder.copyBufferToBuffer(gaps, 0, output.destination, 0, count * 4);
      } else if (output.kind === 'log-probabilities') {
        encoder.copyBufferToBuffer(logProbabilities, 0, output.destination, 0, count * logProbabilityBytes(0));
      }
    });
  }

  /** The next token of each row, at most MAXIMUM_BATCH; rows of one sequence follow each other in the order of their positions. */
  decode(rows: readonly BatchRow[], output: DecodeOutput): void {
    if (rows.length > MAXIMUM_BATCH) throw new RangeError(`${rows.length} rows in a batch of ${MAXIMUM_BATCH}`);
    this.#setRows(rows);
    const { alternatives } = output;
    if (alternatives !== undefined && this.#alternatives !== alternatives.count) {
      this.#alternatives = alternatives.count;
      this.#prepared('chosen').setAlternatives(alternatives.count);
    }
    const count = rows.length;
    const { isFiltered } = output;
    const isAppended = this.#lookAtEachOther;
    const kernels: Pick<Kernel, 'run'>[] = this.#decodeKernels(count === 1 ? 'one' : 'few', { isFiltered, isAppended });
    if (alternatives !== undefined) kernels.push(this.#prepared('chosen'));
    this.#submit(count === 1 ? 'one' : 'few', kernels, { count, depth: 0 }, (encoder) => {
      encoder.copyBufferToBuffer(this.buffers.sampling.ids, 0, output.ids, 0, count * 4);
      if (alternatives === undefined) return;
      const bytes = count * logProbabilityBytes(alternatives.count);
      encoder.copyBufferToBuffer(this.buffers.logProbabilities, 0, alternatives.destination, 0, bytes);
    });
    this.#rows = rows.map(({ slot, position }) => ({ slot, position: position + 1 }));
  }

  /**
   * Cuts matrices by rows where one dispatch alone keeps the GPU for longer than the budget, as the last batches show. Resolves when the
   * kernels are there; answers whether anything had to be cut.
   */
  async shortenDispatches(): Promise<boolean> {
    const limits: number[] = [];
    for (const kind of ['prompt', 'one', 'few'] as const) {
      const { share, weights } = this.#graph.largestDispatch(kind === 'prompt' ? 'prompt' : 'step');
      const factor = this.#budget.shortenBy(kind, share);
      // The largest dispatch of a step may multiply by two matrices.
      if (factor > 1) limits.push(weights / factor / (kind === 'prompt' ? 1 : 2));
    }
    return limits.length > 0 && this.#graph.cutRows(Math.min(...limits));
  }

  /** One submit, or several in a row where one would keep the GPU from its owner for too long; `copy` goes behind the last kernel. */
  #submit(
    kind: SubmitKind,
    kernels: readonly Pick<Kernel, 'run'>[],
    { count, depth }: { readonly count: number; readonly depth: number },
    copy: (encoder: GPUCommandEncoder) => void,
  ): void {
    const label = `llm.${kind}`;
    const pieces = cutEvenly(kernels, this.#budget.pieces(kind, count, depth));
    const longest = this.#rows.reduce((most, { position }) => Math.max(most, position + 1), 1);
    pieces.forEach((piece, index) => {
      const encoder = this.#graph.cache.device.createCommandEncoder({ label });
      const pass = encoder.beginComputePass({ label });
      const lean = new LeanPass(pass);
      for (const kernel of piece) kernel.run(lean, count, longest);
      pass.end();
      if (index === pieces.length - 1) copy(encoder);
      this.#queue.submit([encoder.finish()]);
    });
  }

  destroy(): void {
    this.#destroyed = true;
    this.#kernels.destroy();
    for (const kernel of Object.values(this.#optional)) kernel.destroy();
    this.buffers.destroy();
  }

  get #queue(): GPUQueue {
    return this.#graph.cache.device.queue;
  }

  async #prepare<Name extends keyof OptionalKernels>(name: Name): Promise<void> {
    const kernel = await createOptionalKernel(name, this.#graph, this.buffers);
    if (this.#destroyed) kernel.destroy();
    else Object.assign(this.#optional, { [name]: kernel });
  }

  #prepared<Name extends keyof OptionalKernels>(name: Name): OptionalKernels[Name] {
    const kernel = this.#optional[name];
    if (kernel === undefined) throw new RangeError(`kernel ${name} was not prepared`);
    return kernel;
  }

  #setRows(rows: readonly BatchRow[]): void {
    const known = this.#rows;
    const lookAtEachOther = rows.length > 1 && new Set(rows.map(({ slot }) => slot)).size < rows.length;
    if (rows.length !== known.length || lookAtEachOther !== this.#lookAtEachOther) {
      const words = new Uint32Array([rows.length, lookAtEachOther ? 1 : 0]);
      this.#queue.writeBuffer(this.#graph.scratch.batch, 0, words);
      this.#lookAtEachOther = lookAtEachOther;
    } else if (rows.every((row, t) => row.slot === known[t]?.slot && row.position === known[t].position)) {
      return;
    }
    const words = new Uint32Array(rows.flatMap(({ slot, position }) => [slot, position]));
    this.#queue.writeBuffer(this.buffers.table.rows, 0, words);
    this.#rows = [...rows];
  }

  #decodeKernels(
    count: TokenCount,
    { isFiltered = false, isAppended = false }: { readonly isFiltered?: boolean; readonly isAppended?: boolean },
  ): Kernel[] {
    const layers = this.#layerKernels(count, 'decode', isAppended);
    const filters = isFiltered ? [this.#prepared('filter')] : [];
    return [...layers, this.#graph.head(count), ...filters, this.#kernels.sample];
  }

  /** `isAppended`: keys and values are in the cache before attention, which in a decode else does that on its way. */
  #layerKernels(count: TokenCount, phase: 'decode' | 'prefill', isAppended: boolean): Kernel[] {
    const { embed, rope, attention } = this.#kernels;
    const layers = attention[phase].flatMap((attend, index) => {
      const { beforeRope, afterAttention } = this.#graph.layer(index, count);
      const append = isAppended ? rope.slice(index, index + 1) : [];
      return [...beforeRope, ...append, attend, ...afterAttention];
    });
    return [embed, ...layers];
  }
}
