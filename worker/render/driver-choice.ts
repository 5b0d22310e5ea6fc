import type { PathTraceKernel } from './kernels/path-trace-slice.ts';

/** `tile` follows each path to its end in one thread; `wavefront` takes one step with all paths of a slice. */
export type RenderDriver = 'tile' | 'wavefront';

/** How long a device renders before the second driver is compiled: short jobs would not earn it back. */
const defaultTrialAfterMs = 3000;
const trialSlices = 8;

/** What the trial found, once per device and process. */
const choices = new WeakMap<object, RenderDriver>();

export interface DriverChoice {
  /** Call before a tile: a second driver that became ready takes part from here on. Returns what its slices may hold. */
  begin(): { readonly mostSamples: number };
  /** The driver of the next slice. */
  current(): PathTraceKernel;
  /** Tells how long the slice took; on this the choice rests. */
  note(samples: number, durationMs: number): void;
  /** Whether the job has run for so long that what takes time to find out may still pay. */
  isLong(): boolean;
  bindFilm(film: GPUBuffer): void;
  destroy(): void;
}

export interface DriverChoiceOptions {
  readonly create: Record<RenderDriver, () => Promise<PathTraceKernel>>;
  readonly mostSamples: Record<RenderDriver, number>;
  /** Takes this one and tries nothing. */
  readonly fixed?: RenderDriver | undefined;
  readonly trialAfterMs?: number | undefined;
}

/**
 * Chooses between two drivers on the work itself: renders with `tile`, which compiles sooner, and when a job turns out to
 * be long, compiles `wavefront` beside it and gives both some slices in turn. Both write the same bytes, so no work is
 * lost by trying.
 *
 * @param device whose choice is remembered.
 */
export async function createDriverChoice(device: object, options: DriverChoiceOptions): Promise<DriverChoice> {
  const { create, mostSamples } = options;
  const trialAfterMs = options.trialAfterMs ?? defaultTrialAfterMs;
  const firstDriver = options.fixed ?? choices.get(device) ?? 'tile';
  const kernels: Partial<Record<RenderDriver, PathTraceKernel>> = { [firstDriver]: await create[firstDriver]() };
  const rates: Record<RenderDriver, number[]> = { tile: [], wavefront: [] };
  let chosen: RenderDriver = firstDriver;
  let phase: 'alone' | 'compiling' | 'ready' | 'trial' | 'settled' =
    options.fixed !== undefined || choices.has(device) ? 'settled' : 'alone';
  let film: GPUBuffer | undefined;
  let spentMs = 0;
  let isFirstSlice = true;
  let turn = 0;
  let destroyed = false;

  function compileOther(): void {
    phase = 'compiling';
    // An adapter that cannot drive waves goes on without them.
    void create.wavefront().then(takeOther, () => choices.set(device, 'tile'));
  }

  function takeOther(kernel: PathTraceKernel): void {
    if (destroyed) {
      kernel.destroy();
      return;
    }
    kernels.wavefront = kernel;
    if (film !== undefined) kernel.bindFilm(film);
    phase = 'ready';
  }

  function decide(): void {
    const [tile, wavefront] = [median(rates.tile), median(rates.wavefront)];
    chosen = wavefront > tile ? 'wavefront' : 'tile';
    choices.set(device, chosen);
    phase = 'settled';
  }

  return {
    begin() {
      if (phase === 'ready') phase = 'trial';
      return { mostSamples: phase === 'trial' ? mostSamples.wavefront : mostSamples[chosen] };
    },
    current() {
      const driver = phase === 'trial' ? turnDriver(turn) : chosen;
      return kernels[driver] as PathTraceKernel;
    },
    note(samples, durationMs) {
      // Some drivers compile a kernel when it first runs: that is no work yet.
      if (!isFirstSlice) spentMs += durationMs;
      isFirstSlice = false;
      if (phase === 'alone' && spentMs >= trialAfterMs) compileOther();
      if (phase !== 'trial') return;
      rates[turnDriver(turn)].push(samples / Math.max(durationMs, 0.01));
      turn += 1;
      if (turn === trialSlices) decide();
    },
    isLong: () => spentMs >= trialAfterMs,
    bindFilm(next) {
      film = next;
      for (const kernel of Object.values(kernels)) kernel.bindFilm(next);
    },
    destroy() {
      destroyed = true;
      for (const kernel of Object.values(kernels)) kernel.destroy();
    },
  };
}

function turnDriver(turn: number): RenderDriver {
  return turn % 2 === 0 ? 'wavefront' : 'tile';
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
