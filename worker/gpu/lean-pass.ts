/** What kernels record with: a compute pass, or a `LeanPass` around one. */
export interface DispatchPass {
  setPipeline(pipeline: GPUComputePipeline): void;
  setBindGroup(index: number, group: GPUBindGroup): void;
  dispatchWorkgroups(x: number, y?: number, z?: number): void;
}

/**
 * A compute pass that leaves out what is set already and counts of one. Every call into a WebGPU implementation costs the processor about
 * a microsecond, and more for each argument that it checks.
 */
export class LeanPass implements DispatchPass {
  readonly #pass: GPUComputePassEncoder;
  #pipeline: GPUComputePipeline | undefined;

  constructor(pass: GPUComputePassEncoder) {
    this.#pass = pass;
  }

  setPipeline(pipeline: GPUComputePipeline): void {
    if (pipeline === this.#pipeline) return;
    this.#pipeline = pipeline;
    this.#pass.setPipeline(pipeline);
  }

  setBindGroup(index: number, group: GPUBindGroup): void {
    this.#pass.setBindGroup(index, group);
  }

  dispatchWorkgroups(x: number, y = 1, z = 1): void {
    if (z !== 1) this.#pass.dispatchWorkgroups(x, y, z);
    else if (y !== 1) this.#pass.dispatchWorkgroups(x, y);
    else this.#pass.dispatchWorkgroups(x);
  }
}
