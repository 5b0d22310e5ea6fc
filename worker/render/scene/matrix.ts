import type { Vector3 } from './scene.ts';

/** 4x4, column-major, as in glTF. The last row is taken to be 0 0 0 1. */
export type Matrix = readonly number[];

export const identity: Matrix = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** left x right, affine. */
export function multiply(left: Matrix, right: Matrix): Matrix {
  const result: number[] = [];
  for (let column = 0; column < 4; column += 1) {
    for (let row = 0; row < 4; row += 1) {
      let sum = 0;
      for (let inner = 0; inner < 4; inner += 1) sum += at(left, inner, row) * at(right, column, inner);
      result.push(sum);
    }
  }
  return result;
}

/** Translation x rotation (unit quaternion x, y, z, w) x scale. */
export function compose(translation: readonly number[], rotation: readonly number[], scale: readonly number[]): Matrix {
  const [x = 0, y = 0, z = 0, w = 1] = rotation;
  const [sx = 1, sy = 1, sz = 1] = scale;
  const [tx = 0, ty = 0, tz = 0] = translation;
  return [
    (1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0,
    2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z + x * w) * sy, 0,
    2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0,
    tx, ty, tz, 1,
  ]; // prettier-ignore
}

export function transformPoint(matrix: Matrix, x: number, y: number, z: number): Vector3 {
  const linear = transformVector(matrix, x, y, z);
  return [linear[0] + at(matrix, 3, 0), linear[1] + at(matrix, 3, 1), linear[2] + at(matrix, 3, 2)];
}

export function transformVector(matrix: Matrix, x: number, y: number, z: number): Vector3 {
  return [
    at(matrix, 0, 0) * x + at(matrix, 1, 0) * y + at(matrix, 2, 0) * z,
    at(matrix, 0, 1) * x + at(matrix, 1, 1) * y + at(matrix, 2, 1) * z,
    at(matrix, 0, 2) * x + at(matrix, 1, 2) * y + at(matrix, 2, 2) * z,
  ];
}

/** Determinant of the upper left 3x3. */
export function determinant(matrix: Matrix): number {
  const [a, b, c] = columns(matrix);
  return dot(a, cross(b, c));
}

/** The matrix that normals transform by, up to a positive factor: cofactors, which exist even when there is no inverse. */
export function normalMatrix(matrix: Matrix): Matrix {
  const [a, b, c] = columns(matrix);
  const sign = determinant(matrix) < 0 ? -1 : 1;
  return [
    ...scaled(cross(b, c), sign),
    0,
    ...scaled(cross(c, a), sign),
    0,
    ...scaled(cross(a, b), sign),
    0,
    0,
    0,
    0,
    1,
  ];
}

/** Beyond it, float32 rays moved by the inverse would miss what they are meant for. */
const largestCondition = 1e3;

/** Undefined when the matrix flattens what it moves, or nearly. */
export function inverseOf(matrix: Matrix): Matrix | undefined {
  const scale = 1 / determinant(matrix);
  const [a, b, c] = columns(matrix);
  const rows = [scaled(cross(b, c), scale), scaled(cross(c, a), scale), scaled(cross(a, b), scale)];
  // Also false for a NaN.
  if (!(sizeOf([a, b, c]) * sizeOf(rows) < largestCondition)) return undefined;
  const position: Vector3 = [at(matrix, 3, 0), at(matrix, 3, 1), at(matrix, 3, 2)];
  const column = (index: 0 | 1 | 2) => rows.map((row) => row[index]);
  return [...column(0), 0, ...column(1), 0, ...column(2), 0, ...rows.map((row) => -dot(row, position)), 1];
}

function sizeOf(vectors: readonly Vector3[]): number {
  return Math.sqrt(vectors.reduce((sum, vector) => sum + dot(vector, vector), 0));
}

export function cross(a: Vector3, b: Vector3): Vector3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function dot(a: Vector3, b: Vector3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function scaled(a: Vector3, factor: number): Vector3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

/** The unit vector along `a`, or undefined when `a` is too short to have a direction. */
export function unit(a: Vector3): Vector3 | undefined {
  const length = Math.sqrt(dot(a, a));
  return length > 1e-30 ? scaled(a, 1 / length) : undefined;
}

function columns(matrix: Matrix): [Vector3, Vector3, Vector3] {
  return [transformVector(matrix, 1, 0, 0), transformVector(matrix, 0, 1, 0), transformVector(matrix, 0, 0, 1)];
}

function at(matrix: Matrix, column: number, row: number): number {
  return matrix[column * 4 + row] as number;
}
