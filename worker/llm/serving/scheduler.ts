import type { SequenceCache } from '../cache/sequence-cache.ts';
import { LlmError } from '../llm-error.ts';
import { MAXIMUM_BATCH } from './batch-buffers.ts';
import type { BatchRunner } from './batch-runner.ts';
import { watchErrors } from './error-scopes.ts';
import type { ChosenToken, Sequence } from './sequence.ts';
import type { SliceBudget } from './slice-budget.ts';
import { createStepSlot, STEPS_IN_FLIGHT, type StepSlot } from './step-slots.ts';
import { noteSubmitted, rowCountOf, rowsOf, takeTokens, type Turn } from './turn.ts';

interface Step {
  readonly turns: readonly Turn[];
  readonly chosen: Promise<ChosenToken[]>;
  readonly submittedMs: number;
}

export interface SchedulerCounters {
  /** Submits that decoded, and the rows they had: their ratio is the batch that callers got. */
  readonly steps: number;
  readonly rows: number;
  /** Of the rows, those that checked a drafted token, and how many of these drafts came true. */
  readonly draftedTokens: number;
  readonly acceptedDrafts: number;
  readonly prefillChunks: number;
  readonly prefillTokens: number;
  /** The most prompt tokens that one submit had. */
  readonly largestChunk: number;
}

/**
 * Decodes all sequences that somebody asked tokens of together: each step takes a token further all that are ready, up to 16, and
 * callers join and leave between steps. Prompts are read in chunks between the steps. Nothing is computed that was not asked for,
 * except up to STEPS_IN_FLIGHT - 1 tokens behind a stop, and drafts that do not come true. Drafts take only rows that no sequence needs.
 */
export class Scheduler {
  readonly #device: GPUDevice;
  readonly #runner: BatchRunner;
  readonly #cache: SequenceCache;
  readonly #budget: SliceBudget;
  readonly #nowMs: () => number;
  /** In the order of their demands; the first is served first when room is short. */
  readonly #asking = new Set<Sequence>();
  readonly #slots: readonly StepSlot[];
  readonly #steps: Step[] = [];
  #chunk: Promise<void> | undefined;
  #wake = Promise.withResolvers<void>();
  #running = false;
  #lastDoneMs = 0;
  /** The cut that is being made; undefined where none is wanted. */
  #cutting: Promise<unknown> | null | undefined;
  #destroyed = false;
  #counters = {
    steps: 0,
    rows: 0,
    draftedTokens: 0,
    acceptedDrafts: 0,
    prefillChunks: 0,
    prefillTokens: 0,
    largestChunk: 0,
  };

  constructor(
    device: GPUDevice,
    parts: { runner: BatchRunner; cache: SequenceCache; budget: SliceBudget; nowMs: () => number; cutsRows: boolean },
  ) {
    this.#device = device;
    this.#runner = parts.runner;
    this.#cache = parts.cache;
    this.#budget = parts.budget;
    this.#nowMs = parts.nowMs;
    this.#cutting = parts.cutsRows ? null : undefined;
    this.#slots = Array.from({ length: STEPS_IN_FLIGHT }, (_, index) => createStepSlot(device, index));
  }

  get counters(): SchedulerCounters {
    return { ...this.#counters };
  }

  /** Resolves when the sequence's prompt is in the cache and `wanted` tokens (0: none) were accepted, or `accept` said no. */
  ask(sequence: Sequence, wanted: number, accept: (chosen: ChosenToken) => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#destroyed || sequence.isClosed) {
      reject(closed());
      return promise;
    }
    sequence.demand = { wanted, accept, resolve, reject, submitted: 0, accepted: 0 };
    this.#asking.add(sequence);
    this.notify();
    if (!this.#running) void this.#run();
    return promise;
  }

  /** Ends a sequence; a demand on it is rejected with SESSION_CLOSED. Its pages are free when this returns. */
  close(sequence: Sequence): void {
    if (sequence.isClosed) return;
    sequence.isClosed = true;
    const { demand } = sequence;
    this.#settle(sequence);
    demand?.reject(closed());
    this.#cache.release(sequence);
    this.notify();
  }

  /** Resolves when somebody gave something back, or a step was done. */
  waitForRoom(): Promise<void> {
    return this.#wake.promise;
  }

  /** Room may have become free. */
  notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  destroy(): void {
    this.#destroyed = true;
    for (const sequence of this.#asking) this.close(sequence);
    for (const slot of this.#slots) slot.destroy();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#asking.size > 0 && !this.#destroyed) {
        const wake = this.#wake.promise;
        this.#submitChunk();
        while (this.#steps.length < this.#depth && this.#submitStep());
        const [oldest] = this.#steps;
        if (oldest !== undefined) await this.#collect(oldest);
        else if (this.#chunk !== undefined) await this.#chunk;
        else if (this.#asking.size > 0 && !this.#makeRoom()) await wake;
      }
    } catch (error) {
      for (const sequence of this.#asking) this.#fail(sequence, error);
    } finally {
      this.#running = false;
    }
    // Somebody may have asked while the last step was being collected.
    if (this.#asking.size > 0 && !this.#destroyed) void this.#run();
  }

  /** One chunk of the first prompt that waits, if none is on its way. */
  #submitChunk(): void {
    if (this.#chunk !== undefined) return;
    for (const sequence of this.#asking) {
      if (!sequence.needsPrefill) {
        if (sequence.demand?.wanted === 0 && sequence.inFlight === 0) this.#finish(sequence);
        continue;
      }
      const last = sequence.tokens.length - 1;
      if (!this.#cache.reserve(sequence, Math.max(1, Math.min(last, sequence.cached + 1)))) continue;
      const count = Math.min(this.#budget.chunkTokens(sequence.cached), last - sequence.cached);
      if (count <= 0) {
        if (sequence.demand?.wanted === 0) this.#finish(sequence);
        continue;
      }
      if (!this.#cache.reserve(sequence, sequence.cached + count) || sequence.slot === undefined) continue;
      const startedMs = this.#nowMs();
      const first = { slot: sequence.slot, position: sequence.cached };
      const errors = watchErrors(this.#device, () => this.#runner.prefill(first, count, { kind: 'nothing' }));
      sequence.cached += count;
      if (sequence.cached >= last) this.#cache.rememberPrefix(sequence);
      this.#counters.prefillChunks += 1;
      this.#counters.prefillTokens += count;
      this.#counters.largestChunk = Math.max(this.#counters.largestChunk, count);
      this.#chunk = this.#awaitChunk(sequence, { count, depth: first.position, startedMs, errors });
      return;
    }
  }

  async #awaitChunk(
    sequence: Sequence,
    chunk: { count: number; depth: number; startedMs: number; errors: Promise<void> },
  ): Promise<void> {
    try {
      await this.#device.queue.onSubmittedWorkDone();
      this.#budget.note('prompt', chunk.count, this.#nowMs() - chunk.startedMs, chunk.depth);
      this.#shortenDispatches();
      await chunk.errors;
    } catch (error) {
      this.#fail(sequence, error);
    } finally {
      this.#chunk = undefined;
    }
  }

  /** Steps on their way at once. One while a prompt is read, and while a draft is checked, so that who drafts is in every step. */
  get #depth(): number {
    const isChecking = this.#steps.some(({ turns }) => turns.some(({ draft }) => draft.length > 0));
    return this.#chunk !== undefined || isChecking ? 1 : STEPS_IN_FLIGHT;
  }

  /** Who goes a token further in the next step, and with what draft. */
  #chooseTurns(): Turn[] {
    const turns: Turn[] = [];
    let spareRows = MAXIMUM_BATCH - this.#asking.size;
    for (const sequence of this.#asking) {
      if (turns.length === MAXIMUM_BATCH) break;
      const { demand, nextPosition: position } = sequence;
      if (demand === undefined || demand.submitted >= demand.wanted || sequence.needsPrefill) continue;
      if (sequence.isVerifying) continue;
      const wantedRows = Math.min(spareRows, demand.wanted - demand.submitted - 1);
      const proposed = sequence.lookup?.propose(sequence.tokens, wantedRows) ?? [];
      // A draft follows tokens that are known; those on their way come first.
      if (proposed.length > 0 && sequence.inFlight > 0) continue;
      if (!this.#cache.reserve(sequence, position + 1) || sequence.slot === undefined) continue;
      const room = this.#cache.extend(sequence, position + 1 + proposed.length) - position - 1;
      const draft = proposed.slice(0, room);
      spareRows -= draft.length;
      turns.push({ sequence, demand, slot: sequence.slot, position, draft });
    }
    return turns;
  }

  #submitStep(): boolean {
    const turns = this.#chooseTurns();
    const slot = this.#slots[this.#counters.steps % STEPS_IN_FLIGHT];
    if (turns.length === 0 || slot === undefined) return false;
    const rows = turns.flatMap(rowsOf);
    const asked = turns.flatMap(({ sequence: { alternatives } }) => (alternatives === undefined ? [] : [alternatives]));
    const count = asked.length === 0 ? undefined : Math.max(...asked);
    const isFiltered = turns.some(({ sequence: { rules } }) => rules.isAdjusted || rules.isFiltered);
    const errors = watchErrors(this.#device, () => {
      for (const { slot: place, position, draft } of turns) this.#runner.setTokens(place, position + 1, draft);
      this.#runner.decode(rows, {
        isFiltered,
        ids: slot.ids,
        ...(count === undefined ? {} : { alternatives: { count, destination: slot.details() } }),
      });
    });
    const chosen = slot.read(rows.length, count).then(async (tokens) => {
      await errors;
      return tokens;
    });
    // Waited for in order; a failure before its turn is not unhandled.
    chosen.catch(() => undefined);
    for (const turn of turns) noteSubmitted(turn);
    this.#steps.push({ turns, chosen, submittedMs: this.#nowMs() });
    this.#counters.steps += 1;
    this.#counters.rows += rows.length;
    this.#counters.draftedTokens += rows.length - turns.length;
    // Whoever was served goes behind those who found no place in the batch.
    if (this.#asking.size > MAXIMUM_BATCH) {
      for (const { sequence } of turns) {
        this.#asking.delete(sequence);
        this.#asking.add(sequence);
      }
    }
    return true;
  }

  async #collect(step: Step): Promise<void> {
    const [outcome] = await Promise.allSettled([step.chosen]);
    this.#noteStep(step);
    this.#steps.shift();
    let firstRow = 0;
    for (const turn of step.turns) {
      const { sequence, demand } = turn;
      const rows: readonly [number, number] = [firstRow, firstRow + rowCountOf(turn)];
      firstRow = rows[1];
      sequence.inFlight -= 1;
      sequence.isVerifying = false;
      if (sequence.demand !== demand) continue;
      if (outcome.status === 'rejected') {
        this.#fail(sequence, outcome.reason);
        continue;
      }
      const before = demand.accepted;
      const goesOn = takeTokens(turn, outcome.value.slice(...rows));
      this.#counters.acceptedDrafts += demand.accepted - before - 1;
      if (!goesOn || demand.accepted >= demand.wanted) this.#finish(sequence);
    }
    this.notify();
  }

  /** One cut at a time; one that fails leaves the kernels as they are. */
  #shortenDispatches(): void {
    if (this.#cutting !== null) return;
    const cutting = this.#runner.shortenDispatches().catch(() => {});
    this.#cutting = cutting;
    void cutting.then(() => (this.#cutting = null));
  }

  /** Steps queue up behind each other: one has the GPU from the end of the step before it. */
  #noteStep({ turns, submittedMs }: Step): void {
    const nowMs = this.#nowMs();
    const rows = turns.reduce((sum, turn) => sum + rowCountOf(turn), 0);
    const durationMs = nowMs - Math.max(submittedMs, this.#lastDoneMs);
    this.#lastDoneMs = nowMs;
    // Behind a chunk of a prompt it waited for that.
    if (this.#chunk !== undefined) return;
    this.#budget.note(rows === 1 ? 'one' : 'few', rows, durationMs);
    this.#shortenDispatches();
  }

  /** Nobody can go on: the last to ask gives its pages to the first, and is read again later. */
  #makeRoom(): boolean {
    const [, ...others] = this.#asking;
    const last = others.findLast(({ pages, inFlight }) => pages.length > 0 && inFlight === 0);
    if (last === undefined) return false;
    this.#cache.preempt(last);
    return true;
  }

  #finish(sequence: Sequence): void {
    const { demand } = sequence;
    this.#settle(sequence);
    demand?.resolve();
  }

  #fail(sequence: Sequence, error: unknown): void {
    const { demand } = sequence;
    this.#settle(sequence);
    demand?.reject(error);
  }

  #settle(sequence: Sequence): void {
    sequence.demand = undefined;
    this.#asking.delete(sequence);
  }
}

function closed(): LlmError {
  return new LlmError('SESSION_CLOSED', 'this generation was closed');
}
