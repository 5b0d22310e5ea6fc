import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../../worker/gpu/buffers.ts';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { SUPPORTED_FORMATS } from '../../../worker/llm/formats/supported-formats.ts';
import {
  createShapeBuffer,
  pipelineCacheOf,
  type Kernel,
  type PipelineCache,
} from '../../../worker/llm/kernels/kernel.ts';
import { TensorUpload } from '../../../worker/llm/model/tensor-upload.ts';
import { allocateWeightMatrix, type WeightMatrix } from '../../../worker/llm/model/weight-matrix.ts';
import { randomTensor } from '../../fixtures/llm/random-tensor.ts';
import { normal } from '../../fixtures/llm/random.ts';
import type { GgmlTypeName } from '../reference/dequantise.ts';
import { getTestDevice } from '../test-device.ts';

/** What the kernel tests share: buffers that are freed together, and weights that go the way of a file's. */
export class KernelBench {
  readonly cache: PipelineCache;
  readonly #buffers: { destroy(): void }[] = [];

  private constructor(device: GPUDevice) {
    this.cache = pipelineCacheOf(device);
  }

  static async open(): Promise<KernelBench> {
    return new KernelBench(await getTestDevice());
  }

  get device(): GPUDevice {
    return this.cache.device;
  }

  floats(label: string, values: ArrayLike<number>): GPUBuffer {
    return this.#own(uploadStorageBuffer(this.device, label, Float32Array.from(values)));
  }
  integers(label: string, values: ArrayLike<number>): GPUBuffer {
    return this.#own(uploadStorageBuffer(this.device, label, Uint32Array.from(values)));
  }
  empty(label: string, length: number): GPUBuffer {
    return this.#own(createStorageBuffer(this.device, label, length * 4));
  }
  uniform(values: readonly number[]): GPUBuffer {
    return this.#own(createShapeBuffer(this.device, 'uniform', values));
  }
  /** Unsigned integers at a word of a buffer. */
  write(buffer: GPUBuffer, firstWord: number, values: readonly number[]): void {
    this.device.queue.writeBuffer(buffer, firstWord * 4, Uint32Array.from(values));
  }

  /** A random matrix through staging and repack, cut into slices of `sliceRows`, and its values in float64. */
  async matrix(
    random: () => number,
    type: GgmlTypeName,
    shape: { rows: number; columns: number; sliceRows?: number },
  ): Promise<{ matrix: WeightMatrix; values: Float64Array }> {
    const { rows, columns, sliceRows = rows } = shape;
    const tensor = randomTensor(random, type, rows * columns, 1);
    const format = SUPPORTED_FORMATS.get(type);
    if (format === undefined) throw new Error(`no format ${type}`);
    const matrix = this.#own(allocateWeightMatrix(this.device, 'test', format, { rows, columns, sliceRows }));
    const upload = new TensorUpload(this.cache, createMemorySource(tensor.bytes));
    const described = {
      name: 'test',
      type: { name: type, blockLength: 1, blockBytes: 1 },
      dimensions: [columns, rows],
      elementCount: rows * columns,
      offsetBytes: 0,
      sizeBytes: tensor.bytes.byteLength,
    };
    await upload.fill(matrix, 0, { tensor: described, format, firstRow: 0, rowCount: rows });
    upload.destroy();
    return { matrix, values: tensor.values };
  }

  /** Runs a kernel once and gives the floats of a buffer. */
  async run(kernel: Kernel, tokenCount: number, output: GPUBuffer, length: number): Promise<Float32Array> {
    const encoder = this.device.createCommandEncoder({ label: 'test' });
    const pass = encoder.beginComputePass({ label: 'test' });
    kernel.run(pass, tokenCount);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
    return this.read(output, length);
  }

  async read(buffer: GPUBuffer, length: number): Promise<Float32Array> {
    return new Float32Array(await readBuffer(this.device, buffer, length * 4));
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  #own<T extends { destroy(): void }>(item: T): T {
    this.#buffers.push(item);
    return item;
  }
}

/** [rows][stride] with random numbers in the first `length` of each row and zeros after. */
export function paddedRows(random: () => number, rows: number, length: number, stride: number): Float32Array {
  return Float32Array.from({ length: rows * stride }, (_, index) => (index % stride < length ? normal(random) : 0));
}

export function pad32(length: number): number {
  return Math.ceil(length / 32) * 32;
}

/** One row as float64, without its padding. */
export function rowOf(rows: ArrayLike<number>, index: number, length: number, stride: number): Float64Array {
  return Float64Array.from({ length }, (_, column) => rows[index * stride + column] ?? NaN);
}
