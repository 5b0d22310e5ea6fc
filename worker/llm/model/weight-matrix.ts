import { createStorageBuffer } from '../../gpu/buffers.ts';
import { LlmError } from '../llm-error.ts';
import { noteWeightPlanes } from '../profile/weight-planes.ts';
import { dataBytesPerRow, scaleBytesPerRow, type WeightFormat } from '../formats/weight-format.ts';

/** Rows [firstRow, firstRow + rowCount) of a matrix, in buffers that fit one binding. */
export interface WeightSlice {
  readonly firstRow: number;
  readonly rowCount: number;
  readonly data: GPUBuffer;
  readonly scales: GPUBuffer | undefined;
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
): WeightMatrix {
  const { rows, columns, sliceRows } = shape;
  const slices: WeightSlice[] = [];
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
