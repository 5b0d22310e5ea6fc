import { projectionOf } from '../../tests/gpu/reference/projection-of-queries.ts';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../worker/gpu/buffers.ts';
import { CACHE_FORMATS, planePageBytes } from '../../worker/llm/cache/cache-format.ts';
import type { CacheType } from '../../worker/llm/cache/cache-type.ts';
import {
  attentionBytesRead,
  attentionPartsBytes,
  createAttentionDecode,
} from '../../worker/llm/kernels/attention-decode.ts';
import { createAttentionPrefill } from '../../worker/llm/kernels/attention-prefill.ts';
import { createShapeBuffer, type Kernel, pipelineCacheOf } from '../../worker/llm/kernels/kernel.ts';
import { checkHeads, type HeadCheck } from './check-heads.ts';
import type { MeasureEnvironment } from './measure-matrix.ts';
import { createRandomPlane, spreadPages } from './random-cache.ts';
import { randomVector } from './random-matrix.ts';
import { timeRepeats } from './time-repeats.ts';

/** Past the caches of today's cards, so that keys and values come from memory as they do in a model of many layers. */
const coldBytes = 512 * 1024 * 1024;
const mostCopies = 64;

export interface AttentionSpec {
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  readonly cacheType: CacheType;
  /** `decode`: a row each of so many sequences of `length`; `prefill`: the last so many rows of one. */
  readonly phase: 'decode' | 'prefill';
  readonly rows: number;
  /** Positions that the last row sees. */
  readonly length: number;
}

export interface AttentionMeasurement extends AttentionSpec {
  /** Keys and values that the rows see, each counted once for a sequence. */
  readonly cacheBytes: number;
  /** Layers that were taken in turn. */
  readonly copies: number;
  /** Attention of one layer, merging the parts included, and the gap to the next. */
  readonly microseconds: number;
  /** Of `cacheBytes`. */
  readonly bytesPerSecond: number;
  /** Against the measured copy, which counts what is read and what is written. */
  readonly shareOfCopy: number;
  readonly flopsPerSecond: number;
  readonly check: HeadCheck;
}

/** Times one layer's attention over pages that are spread in memory, and compares heads of the result with float64. */
export async function measureAttention(
  environment: MeasureEnvironment,
  spec: AttentionSpec,
): Promise<AttentionMeasurement> {
  const { device, copyBytesPerSecond } = environment;
  const { headCount, headLength, phase, length, rows: rowCount } = spec;
  const format = CACHE_FORMATS[spec.cacheType];
  const cache = pipelineCacheOf(device);
  const headStride = Math.ceil(headLength / 4) * 4;
  const heads = { headCount, keyValueHeadCount: spec.keyValueHeadCount, headLength, headStride };
  const rows = Array.from({ length: rowCount }, (_, row) =>
    phase === 'decode' ? ([row, length - 1] as const) : ([0, length - rowCount + row] as const),
  );
  const owned: { destroy(): void }[] = [];
  const own = <Item extends { destroy(): void }>(item: Item): Item => {
    owned.push(item);
    return item;
  };
  try {
    const { table, pageCount, placeOf } = spreadPages(device, rows, length);
    own(table.rows);
    const plane = { ...heads, pageCount };
    const cold = Math.ceil((environment.coldBytes ?? coldBytes) / (2 * pageCount * planePageBytes(heads, format)));
    const copies = Math.min(mostCopies, cold);
    const keys = createRandomPlane(device, format, { ...plane, seed: 1, copies });
    const values = createRandomPlane(device, format, { ...plane, seed: 2, copies });
    for (const buffer of [...keys.buffers, ...values.buffers]) own(buffer);
    const outputStride = headCount * headLength;
    const queries = randomVector(rowCount * headCount * headStride, headStride, headLength).map((value) => value * 3);
    const output = own(createStorageBuffer(device, 'bench.output', rowCount * outputStride * 4));
    const shared = {
      heads,
      table,
      format,
      output,
      outputStride,
      // Keys and values are in the cache.
      batch: own(createShapeBuffer(device, 'bench.batch', [rowCount, 1])),
    };
    const query = own(uploadStorageBuffer(device, 'bench.query', queries));
    const projected = own(uploadStorageBuffer(device, 'bench.projected', projectionOf(heads, queries)));
    const angles = own(createStorageBuffer(device, 'bench.angles', 8));
    const parts = own(createStorageBuffer(device, 'bench.parts', attentionPartsBytes(heads, length, rowCount)));
    const kernels: Kernel[] = [];
    for (const [index, keyBuffer] of keys.buffers.entries()) {
      const valueBuffer = values.buffers[index];
      if (valueBuffer === undefined) throw new RangeError(`copy ${index} of ${values.buffers.length}`);
      const options = { ...shared, keys: keyBuffer, values: valueBuffer };
      kernels.push(
        own(
          phase === 'decode'
            ? await createAttentionDecode(cache, { ...options, ropePairs: 0, projected, angles, parts })
            : await createAttentionPrefill(cache, { ...options, query }),
        ),
      );
    }
    const seconds = await timeRepeats(device, environment.targetMs, (pass, index) => {
      kernels[index % kernels.length]?.run(pass, rowCount);
    });
    const result = new Float32Array(await readBuffer(device, output, rowCount * outputStride * 4));
    const check = checkHeads(heads, { rows, queries, keys, values, placeOf, output: result });
    const sequences = phase === 'decode' ? rowCount : 1;
    const cacheBytes = sequences * attentionBytesRead(heads, format, length);
    const bytesPerSecond = cacheBytes / seconds;
    const positions = rows.reduce((sum, [, position]) => sum + position + 1, 0);
    return {
      ...spec,
      cacheBytes,
      copies,
      microseconds: seconds * 1e6,
      bytesPerSecond,
      shareOfCopy: bytesPerSecond / copyBytesPerSecond,
      flopsPerSecond: (4 * headCount * headLength * positions) / seconds,
      check,
    };
  } finally {
    for (const item of owned) item.destroy();
  }
}
