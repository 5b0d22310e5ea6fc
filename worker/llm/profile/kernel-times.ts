import type { DispatchTime } from '../../gpu/profile/instrumented-device.ts';
import type { KernelTime } from './bench-result.ts';
import { weightPlaneOf } from './weight-planes.ts';

/** What the kernels ran over; from the model's own figures. */
export interface WorkFacts {
  readonly tokens: number;
  /** Positions in the cache when the last token was done. */
  readonly endPosition: number;
  /** Key and value bytes of one position in one layer. */
  readonly cacheBytesPerPosition: number;
  /** Query heads times head length. */
  readonly attentionWidth: number;
  readonly copyBytesPerSecond: number;
}

interface Work {
  readonly bytes: number;
  readonly flops: number;
}

interface Row {
  dispatches: number;
  nanoseconds: number;
  bytes: number;
  flops: number;
  isKnown: boolean;
}

/** Adds up the dispatches of each kernel, layers under one name (`blk.*`), slowest first. */
export function summariseKernelTimes(times: readonly DispatchTime[], facts: WorkFacts): KernelTime[] {
  const rows = new Map<string, Row>();
  const calls = countCalls(times);
  for (const time of times) {
    const name = time.label.replaceAll(/\bblk\.\d+/g, 'blk.*');
    let row = rows.get(name);
    if (row === undefined) {
      rows.set(name, (row = { dispatches: 0, nanoseconds: 0, bytes: 0, flops: 0, isKnown: true }));
    }
    const work = workOf(time, facts, calls);
    row.dispatches += 1;
    row.nanoseconds += time.nanoseconds;
    row.bytes += work?.bytes ?? 0;
    row.flops += work?.flops ?? 0;
    row.isKnown &&= work !== null;
  }
  const total = [...rows.values()].reduce((sum, { nanoseconds }) => sum + nanoseconds, 0);
  return [...rows]
    .map(([kernel, row]) => describeRow(kernel, row, total, facts.copyBytesPerSecond))
    .toSorted((one, other) => other.microseconds - one.microseconds);
}

/** Runs of each kernel: one whose runs are fewer than the tokens did several tokens at once. */
function countCalls(times: readonly DispatchTime[]): ReadonlyMap<string, number> {
  const calls = new Map<string, number>();
  for (const { label, buffers } of times) {
    const key = callKey(label, buffers);
    calls.set(key, (calls.get(key) ?? 0) + 1);
  }
  return calls;
}

/** Slices of one matrix have the same label and different planes. */
function callKey(label: string, buffers: DispatchTime['buffers']): string {
  const slice = buffers.find(({ buffer }) => weightPlaneOf(buffer) !== undefined);
  return slice === undefined ? label : `${label}|${slice.label}|${slice.sizeBytes}`;
}

/**
 * The least a dispatch has to move and compute: weights once, whatever the number of tokens; the cache up to the position. Null
 * for kernels that do neither (embedding rows, rotation, sampling), whose time is shown alone.
 */
function workOf(time: DispatchTime, facts: WorkFacts, calls: ReadonlyMap<string, number>): Work | null {
  const { label, buffers } = time;
  const planes = buffers.flatMap(({ buffer }) => weightPlaneOf(buffer) ?? []);
  const count = calls.get(callKey(label, buffers)) ?? 1;
  const tokensPerCall = Math.max(1, facts.tokens / count);
  if (/\battention\b/.test(label)) {
    // Prefill sees half of the final length on average; in decode the length hardly changes.
    const length = tokensPerCall > 1 ? facts.endPosition - facts.tokens / 2 : facts.endPosition;
    if (planes.length > 0 || /merge/.test(label)) return null;
    return {
      bytes: facts.cacheBytesPerPosition * length,
      flops: 4 * facts.attentionWidth * length * tokensPerCall,
    };
  }
  if (planes.length === 0 || /\bembed/.test(label)) return null;
  const weights = planes.reduce((sum, plane) => sum + plane.weights, 0);
  const bytes = planes.reduce((sum, plane) => sum + plane.sizeBytes, 0);
  return { bytes, flops: 2 * weights * tokensPerCall };
}

function describeRow(kernel: string, row: Row, totalNanoseconds: number, copyBytesPerSecond: number): KernelTime {
  const { dispatches, nanoseconds, isKnown } = row;
  const seconds = nanoseconds / 1e9;
  const perSecond = (amount: number): number | null => (isKnown && seconds > 0 ? amount / seconds : null);
  const bytesPerSecond = perSecond(row.bytes);
  return {
    kernel,
    dispatches,
    microseconds: nanoseconds / 1000,
    share: totalNanoseconds === 0 ? 0 : nanoseconds / totalNanoseconds,
    bytes: isKnown ? row.bytes : null,
    flops: isKnown ? row.flops : null,
    bytesPerSecond,
    shareOfCopy: bytesPerSecond === null ? null : bytesPerSecond / copyBytesPerSecond,
    flopsPerSecond: perSecond(row.flops),
  };
}
