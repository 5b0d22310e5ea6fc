import type { HeadShape } from '../../../worker/llm/kernels/rope-append.ts';

/** Queries [row][heads][headStride] as a projection [row][q|k|v rows] in which keys and values are NaN, so that their use shows. */
export function projectionOf(
  { headCount, keyValueHeadCount, headLength, headStride }: HeadShape,
  queries: Float32Array,
): Float32Array<ArrayBuffer> {
  const width = (headCount + 2 * keyValueHeadCount) * headLength;
  const rowCount = queries.length / (headCount * headStride);
  return Float32Array.from({ length: rowCount * width }, (_, index) => {
    const column = index % width;
    const head = Math.floor(index / width) * headCount + Math.floor(column / headLength);
    return column < headCount * headLength ? (queries[head * headStride + (column % headLength)] ?? NaN) : NaN;
  });
}
