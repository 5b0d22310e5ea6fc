import { createStorageBuffer } from '../../gpu/buffers.ts';
import type { BufferPart } from '../kernels/kernel.ts';
import { LlmError } from '../llm-error.ts';
import { noteWeightPlanes } from '../profile/weight-planes.ts';
import { dataBytesPerRow, scaleBytesPerRow, type WeightFormat } from '../formats/weight-format.ts';

/** Rows [firstRow, firstRow + rowCount) of a matrix, in what fits one binding: a dispatch takes one slice. */
export interface WeightSlice {
  readonly firstRow: number;
  readonly rowCount: number;
  readonly data: BufferPart;
  readonly scales: BufferPart | undefined;
}

/** A slice that is whole buffers, as they were allocated. */
export interface AllocatedSlice extends WeightSlice {
  readonly data: GPUBuffer;
  readonly scales: GPUBuffer | undefined;
}

export interface AllocatedMatrix extends WeightMatrix {
  readonly slices: readonly AllocatedSlice[];
}

/** A matrix [rows][columns] in GPU planes, split by rows where a binding would exceed the adapter's limit. */
export interface WeightMatrix {
  readonly label: string;
  readonly format: WeightFormat;
  readonly rows: number;
  readonly columns: number;
  /** Blocks of 32 columns per row, the last one padded with zeros. */
  readonly blocks: number;
  readonly slices: readonly WeightSlice[];
  readonly sizeBytes: number;
  destroy(): void;
}

/** Rows of a slice: as many as the binding limit holds. @throws LlmError ADAPTER_LIMIT when not even one row fits. */
export function rowsPerSlice(format: WeightFormat, columns: number, maximumBindingBytes: number): number {
  const neededBytes = dataBytesPerRow(format, columns);
  if (neededBytes <= maximumBindingBytes) return Math.floor(maximumBindingBytes / neededBytes);
  throw new LlmError(
    'ADAPTER_LIMIT',
    `a row of ${columns} ${format.name} columns takes ${neededBytes} bytes, but the adapter binds at most ${maximumBindingBytes}`,
    { data: { neededBytes, availableBytes: maximumBindingBytes } },
  );
}

/** Allocates the planes; contents come from the upload. */
export function allocateWeightMatrix(
  device: GPUDevice,
  label: string,
  format: WeightFormat,
  shape: { rows: number; columns: number; sliceRows: number },
): AllocatedMatrix {
  const { rows, columns, sliceRows } = shape;
  const slices: AllocatedSlice[] = [];
  let sizeBytes = 0;
  for (let firstRow = 0; firstRow < rows; firstRow += sliceRows) {
    const rowCount = Math.min(sliceRows, rows - firstRow);
    const dataBytes = rowCount * dataBytesPerRow(format, columns);
    const scaleBytes = rowCount * scaleBytesPerRow(format, columns);
    sizeBytes += dataBytes + scaleBytes;
    const data = createStorageBuffer(device, `${label}.data`, dataBytes);
    const scales = scaleBytes === 0 ? undefined : createStorageBuffer(device, `${label}.scales`, scaleBytes);
    noteWeightPlanes([data, scales], { rows: rowCount, columns });
    slices.push({ firstRow, rowCount, data, scales });
  }
  return {
    label,
    format,
    rows,
    columns,
    blocks: Math.ceil(columns / 32),
    slices,
    sizeBytes,
    destroy() {
      for (const slice of slices) {
        slice.data.destroy();
        slice.scales?.destroy();
      }
    },
  };
}

/** Rows that start at a multiple of 256 bytes in every plane: a row is whole words. */
const CUT_ROWS = 64;

/**
 * The same matrix in slices of at most `mostWeights` (or 64 rows, where these are more): ranges of the same buffers, so that dispatches
 * get shorter and nothing is copied. Destroying the view destroys nothing.
 */
export function cutMatrix(matrix: WeightMatrix, mostWeights: number): WeightMatrix {
  const rows = Math.max(CUT_ROWS, Math.floor(mostWeights / matrix.columns / CUT_ROWS) * CUT_ROWS);
  const slices = matrix.slices.flatMap((slice) => cutSlice(matrix, slice, rows));
  return { ...matrix, slices, destroy() {} };
}

function cutSlice({ format, columns }: WeightMatrix, slice: WeightSlice, rows: number): WeightSlice[] {
  const parts: WeightSlice[] = [];
  for (let row = 0; row < slice.rowCount; row += rows) {
    const rowCount = Math.min(rows, slice.rowCount - row);
    parts.push({
      firstRow: slice.firstRow + row,
      rowCount,
      data: partOf(slice.data, row, rowCount, dataBytesPerRow(format, columns)),
      scales: slice.scales && partOf(slice.scales, row, rowCount, scaleBytesPerRow(format, columns)),
    });
  }
  return parts;
}

function partOf(part: BufferPart, row: number, rowCount: number, rowBytes: number): GPUBufferBinding {
  const whole = 'buffer' in part ? part : { buffer: part };
  return { buffer: whole.buffer, offset: (whole.offset ?? 0) + row * rowBytes, size: rowCount * rowBytes };
}
