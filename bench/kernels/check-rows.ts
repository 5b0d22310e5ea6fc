import { dequantise, type GgmlTypeName } from '../../tests/gpu/reference/dequantise.ts';
import { type MatrixSpec, readMatrixBytes, rowBytesOf } from './random-matrix.ts';

export interface RowCheck {
  /** Numbers compared. */
  readonly compared: number;
  /** Squared error over squared reference, against float64. */
  readonly normalisedError: number;
  readonly limit: number;
  readonly isRight: boolean;
}

const mostRows = 61;

/** Compares rows spread over the matrix, its first and last among them, for the first and last token. */
export function checkRows(
  spec: MatrixSpec,
  run: { input: ArrayLike<number>; stride: number; tokens: number; output: Float32Array; limit: number },
): RowCheck {
  const rowBytes = rowBytesOf(spec);
  const count = Math.min(mostRows, spec.rows);
  let error = 0;
  let power = 0;
  let compared = 0;
  for (let index = 0; index < count; index++) {
    const row = count === 1 ? 0 : Math.round((index * (spec.rows - 1)) / (count - 1));
    const bytes = readMatrixBytes(spec, row * rowBytes, rowBytes);
    const weights = dequantise(spec.format as GgmlTypeName, bytes, spec.columns);
    for (const token of new Set([0, run.tokens - 1])) {
      let sum = 0;
      for (let column = 0; column < spec.columns; column++) {
        sum += (weights[column] ?? NaN) * (run.input[token * run.stride + column] ?? NaN);
      }
      const found = run.output[token * spec.rows + row] ?? NaN;
      error += (found - sum) ** 2;
      power += sum ** 2;
      compared += 1;
    }
  }
  const normalisedError = error / power;
  return { compared, normalisedError, limit: run.limit, isRight: normalisedError <= run.limit };
}
