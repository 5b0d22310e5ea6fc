import { SUPPORTED_FORMATS } from '../../worker/llm/formats/supported-formats.ts';
import type { PipelineCache } from '../../worker/llm/kernels/kernel.ts';
import { TensorUpload } from '../../worker/llm/model/tensor-upload.ts';
import { allocateWeightMatrix, rowsPerSlice, type AllocatedMatrix } from '../../worker/llm/model/weight-matrix.ts';
import { randomFormat } from '../../worker/llm/profile/random-model/random-formats.ts';
import { fillRandomTensor } from '../../worker/llm/profile/random-model/random-tensor.ts';

export interface MatrixSpec {
  readonly rows: number;
  readonly columns: number;
  /** GGML type. */
  readonly format: string;
}

/** Bytes of one row in a file of this type. */
export function rowBytesOf({ columns, format }: MatrixSpec): number {
  const { blockLength, blockBytes } = randomFormat(format);
  if (columns % blockLength !== 0) throw new RangeError(`${columns} columns do not divide into blocks of ${format}`);
  return (columns / blockLength) * blockBytes;
}

/** Bytes [offset, offset + length) of the matrix as a file would hold it. */
export function readMatrixBytes(spec: MatrixSpec, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const aligned = offset - (offset % 4);
  const bytes = new Uint8Array(offset - aligned + length);
  const seed = spec.rows * 31 + spec.columns;
  fillRandomTensor(bytes, aligned, { seed, format: spec.format, deviation: 1 / Math.sqrt(spec.columns) });
  return bytes.slice(offset - aligned);
}

/** Through staging and repack, the way of a file's tensor. @throws RangeError for a type the engine lacks. */
export async function uploadRandomMatrix(cache: PipelineCache, spec: MatrixSpec): Promise<AllocatedMatrix> {
  const format = SUPPORTED_FORMATS.get(spec.format);
  if (format === undefined) throw new RangeError(`the engine has no kernels for ${spec.format}`);
  const { device } = cache;
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const sliceRows = Math.min(spec.rows, rowsPerSlice(format, spec.columns, limit));
  const { rows, columns } = spec;
  const matrix = allocateWeightMatrix(device, 'bench.matrix', format, { rows, columns, sliceRows });
  const sizeBytes = rows * rowBytesOf(spec);
  const { blockLength, blockBytes } = randomFormat(spec.format);
  const upload = new TensorUpload(cache, {
    sizeBytes,
    read: (offset, length) => Promise.resolve(readMatrixBytes(spec, offset, length)),
    close: () => Promise.resolve(),
  });
  try {
    const tensor = {
      name: 'bench.matrix',
      type: { name: spec.format, blockLength, blockBytes },
      dimensions: [columns, rows],
      elementCount: rows * columns,
      offsetBytes: 0,
      sizeBytes,
    };
    await upload.fill(matrix, 0, { tensor, firstRow: 0, rowCount: rows, format });
  } finally {
    upload.destroy();
  }
  return matrix;
}

/** The same weights in other memory. */
export function copyMatrix(device: GPUDevice, matrix: AllocatedMatrix): AllocatedMatrix {
  const { rows, columns, format, label } = matrix;
  const sliceRows = matrix.slices[0]?.rowCount ?? rows;
  const copy = allocateWeightMatrix(device, label, format, { rows, columns, sliceRows });
  const encoder = device.createCommandEncoder({ label: 'bench.copy' });
  for (const [index, slice] of matrix.slices.entries()) {
    const target = copy.slices[index];
    if (target === undefined) throw new RangeError(`slice ${index} of ${copy.slices.length}`);
    encoder.copyBufferToBuffer(slice.data, 0, target.data, 0, slice.data.size);
    if (slice.scales !== undefined && target.scales !== undefined) {
      encoder.copyBufferToBuffer(slice.scales, 0, target.scales, 0, slice.scales.size);
    }
  }
  device.queue.submit([encoder.finish()]);
  return copy;
}

/** Numbers in [-1, 1) of a fixed sequence; zero past `columns` of each row of `stride`. */
export function randomVector(
  length: number,
  stride: number,
  columns: number,
  seed = 12_345,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  let state = seed;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 747796405) + 2891336453) >>> 0;
    if (index % stride < columns) values[index] = state / 2 ** 31 - 1;
  }
  return values;
}
