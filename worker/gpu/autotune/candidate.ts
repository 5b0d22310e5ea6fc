/** A kernel ready to be measured. Everything it needs is bound; it may be run any number of times. */
export interface Rehearsal {
  /**
   * Records the work once. `repetition` counts up: where a matrix would stay in the card's cache, take another one each time, so that
   * what is measured is memory and not cache.
   */
  run(pass: GPUComputePassEncoder, repetition: number): void;
  /** What `run(pass, 0)` writes: float32, the first `outputBytes` of it. */
  readonly output: GPUBuffer;
  readonly outputBytes: number;
  /** Frees what `prepare` made. */
  destroy(): void;
}

/** One way of running a kernel. */
export interface Candidate {
  /** At most 64 characters; goes into the cache. */
  readonly name: string;
  /** Compiles and binds. A candidate that rejects is left out. */
  prepare(): Promise<Rehearsal>;
}

/** Which of several candidates should run? */
export interface TuningQuestion {
  /** Of kernels, as `llm.matrix-vector`. */
  readonly family: string;
  /** Shapes that are answered alike, as `q4-0 2048x2048`. */
  readonly shapeClass: string;
  /** Every shader text that a candidate may run: with other text the question is asked anew. */
  readonly shaderCode: string;
  /**
   * What the candidates promise each other. `bytes`: the same bytes. `rounding`: float32 sums in another order, NMSE at most 1e-9;
   * such families are kept to their default where results are compared by bytes. A candidate that breaks the promise is left out.
   */
  readonly agreement: 'bytes' | 'rounding';
  /** The first is the default: it runs where nothing is measured. All allocate the same buffers. */
  readonly candidates: readonly [Candidate, ...Candidate[]];
}
