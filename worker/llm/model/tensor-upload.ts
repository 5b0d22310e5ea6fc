import type { ByteSource } from '../../byte-source.ts';
import { createStorageBuffer } from '../../gpu/buffers.ts';
import type { WeightFormat } from '../formats/weight-format.ts';
import type { GgufTensor } from '../gguf/parse-gguf.ts';
import type { PipelineCache } from '../kernels/kernel.ts';
import { createRepack, type Repack } from '../kernels/repack.ts';
import type { MatrixRows } from './tensor-directory.ts';
import type { WeightMatrix } from './weight-matrix.ts';

/** Bytes of the file in flight: one range is read, copied to the GPU and repacked there before the next. */
const WINDOW_BYTES = 4 * 1024 * 1024;

/** Streams tensors from the file into GPU planes; `destroy` frees the staging memory. */
export class TensorUpload {
  readonly #cache: PipelineCache;
  readonly #source: ByteSource;
  readonly #staging: GPUBuffer;
  readonly #repacks = new Map<string, Repack>();

  constructor(cache: PipelineCache, source: ByteSource) {
    this.#cache = cache;
    this.#source = source;
    this.#staging = createStorageBuffer(cache.device, 'llm.upload.staging', WINDOW_BYTES + 8);
  }

  /** Copies rows of a tensor to rows [firstRow, ...) of `matrix`, whose format and columns are the tensor's. */
  async fill(matrix: WeightMatrix, firstRow: number, part: MatrixRows): Promise<void> {
    const { device } = this.#cache;
    const repack = await this.#repackFor(matrix.format);
    const { tensor, rowCount: rows } = part;
    const columns = tensor.dimensions[0] ?? 0;
    const rowBytes = tensor.sizeBytes / (tensor.elementCount / columns);
    const rowsPerWindow = Math.floor(WINDOW_BYTES / rowBytes);
    for (const slice of matrix.slices) {
      const from = Math.max(firstRow, slice.firstRow);
      const to = Math.min(firstRow + rows, slice.firstRow + slice.rowCount);
      if (from >= to) continue;
      const destination = repack.bind(slice);
      for (let row = from; row < to; row += rowsPerWindow) {
        const rowCount = Math.min(rowsPerWindow, to - row);
        const offsetBytes = tensor.offsetBytes + (part.firstRow + row - firstRow) * rowBytes;
        await this.#stage(offsetBytes, rowCount * rowBytes);
        const encoder = device.createCommandEncoder({ label: `llm.upload.${tensor.name}` });
        const pass = encoder.beginComputePass({ label: `llm.upload.${tensor.name}` });
        repack.run(pass, destination, { rowCount, columns, rowBytes, destinationRow: row - slice.firstRow });
        pass.end();
        device.queue.submit([encoder.finish()]);
        // Writes to the queue are copied: without waiting, a fast disk would fill memory ahead of the GPU.
        await device.queue.onSubmittedWorkDone();
      }
    }
  }

  /** A vector of F32, F16 or BF16 as float32, padded with zeros to a multiple of 32. */
  async readVector(tensor: GgufTensor): Promise<Float32Array<ArrayBuffer>> {
    const bytes = await this.#source.read(tensor.offsetBytes, tensor.sizeBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const values = new Float32Array(Math.ceil(tensor.elementCount / 32) * 32);
    for (let index = 0; index < tensor.elementCount; index++) {
      values[index] = readNumber(view, tensor.type.name, index);
    }
    return values;
  }

  destroy(): void {
    this.#staging.destroy();
    for (const repack of this.#repacks.values()) repack.destroy();
  }

  async #repackFor(format: WeightFormat): Promise<Repack> {
    const existing = this.#repacks.get(format.name);
    if (existing !== undefined) return existing;
    const created = await createRepack(this.#cache, format, this.#staging);
    this.#repacks.set(format.name, created);
    return created;
  }

  async #stage(offsetBytes: number, lengthBytes: number): Promise<void> {
    const bytes = await this.#source.read(offsetBytes, lengthBytes);
    const { queue } = this.#cache.device;
    const whole = lengthBytes - (lengthBytes % 4);
    queue.writeBuffer(this.#staging, 0, bytes, 0, whole);
    if (whole < lengthBytes) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      queue.writeBuffer(this.#staging, whole, tail);
    }
  }
}

function readNumber(view: DataView, type: string, index: number): number {
  if (type === 'F32') return view.getFloat32(index * 4, true);
  const bits = view.getUint16(index * 2, true);
  if (type === 'F16') return halfToNumber(bits);
  // BF16: the upper half of a float32.
  const wide = new DataView(new ArrayBuffer(4));
  wide.setUint16(2, bits, true);
  return wide.getFloat32(0, true);
}

/** IEEE 754 binary16 to a number. */
export function halfToNumber(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
