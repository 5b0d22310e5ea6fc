import type { DispatchPass } from '../../gpu/lean-pass.ts';
import { createComputePipeline, type PipelineRequest } from '../../gpu/pipelines.ts';

/** A step of the forward pass with its bind groups made beforehand: `run` only records dispatches. */
export interface Kernel {
  readonly label: string;
  /** Dispatches that one `run` records at most. */
  readonly dispatchCount: number;
  /**
   * @param tokenCount tokens of this batch: 1 in decode, up to the chunk in prefill.
   * @param longest positions that the furthest of them sees, itself included: what is for longer contexts is not recorded. All is, when left out.
   */
  run(pass: DispatchPass, tokenCount: number, longest?: number): void;
  destroy(): void;
}

const caches = new WeakMap<GPUDevice, PipelineCache>();

/** The cache of a device: a second model on it compiles only what the first did not need. */
export function pipelineCacheOf(device: GPUDevice): PipelineCache {
  let cache = caches.get(device);
  if (cache === undefined) caches.set(device, (cache = new PipelineCache(device)));
  return cache;
}

/** Compiles each pipeline once per device: layers differ in their bind groups only. */
export class PipelineCache {
  readonly device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  get(request: PipelineRequest): Promise<GPUComputePipeline> {
    const key = `${request.entryPoint ?? ''}|${JSON.stringify(request.constants ?? {})}|${request.code}`;
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = createComputePipeline(this.device, request);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }
}

/** A small uniform buffer: unsigned integers first, floats after them, in the order of the shader's struct. */
export function createShapeBuffer(
  device: GPUDevice,
  label: string,
  integers: readonly number[],
  floats: readonly number[] = [],
): GPUBuffer {
  const bytes = new ArrayBuffer(Math.ceil((integers.length + floats.length) / 4) * 16);
  new Uint32Array(bytes).set(integers);
  new Float32Array(bytes).set(floats, integers.length);
  // UNIFORM 0x40 | COPY_DST 0x8.
  const buffer = device.createBuffer({ label, size: bytes.byteLength, usage: 0x40 | 0x08 });
  device.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
}

/** A whole buffer, or a range of one: offset a multiple of 256 bytes. */
export type BufferPart = GPUBuffer | GPUBufferBinding;

/** Binds buffers to consecutive numbers; `undefined` leaves a number out. */
export function createBindGroup(
  device: GPUDevice,
  label: string,
  pipeline: GPUComputePipeline,
  buffers: readonly (BufferPart | undefined)[],
): GPUBindGroup {
  return device.createBindGroup({
    label,
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.flatMap((part, binding) => {
      if (part === undefined) return [];
      return [{ binding, resource: 'buffer' in part ? part : { buffer: part } }];
    }),
  });
}
