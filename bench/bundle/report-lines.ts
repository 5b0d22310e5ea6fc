import type { ModelBenchResult } from '../../worker/llm/profile/bench-result.ts';
import type { ModelCheck } from '../kernels/check-model.ts';
import type { AttentionMeasurement, AttentionSpec } from '../kernels/measure-attention.ts';
import type { MatrixMeasurement } from '../kernels/measure-matrix.ts';
import type { MatrixSpec } from '../kernels/random-matrix.ts';
import type { FailedAttempt } from './attempt.ts';

/** One line each for somebody who watches the run; the file has everything. */
export function modelCheckLine(check: { format: string; matrices: string } & (ModelCheck | FailedAttempt)): string {
  if ('error' in check) return `check ${check.format}, ${check.matrices}: FAILED, ${check.error}`;
  const { format, matrices, isRight, normalisedError, widestDecodeGap } = check;
  return `check ${format}, ${matrices}: ${isRight ? 'right' : 'WRONG'}, error ${normalisedError.toExponential(1)}, decode gap ${widestDecodeGap.toExponential(1)}`;
}

export function kernelLine(
  measured: MatrixSpec & { tokens: number; variant: string } & (MatrixMeasurement | FailedAttempt),
): string {
  const { rows, columns, format, tokens, variant } = measured;
  const title = `${format} ${rows} x ${columns}, ${tokens === 1 ? '1 token' : `${tokens} tokens`}, ${variant}`;
  if ('error' in measured) return `${title}: FAILED, ${measured.error}`;
  const { microseconds, bytesPerSecond, shareOfCopy, flopsPerSecond, check } = measured;
  const rate =
    tokens === 1
      ? `${(bytesPerSecond / 1e9).toFixed(1)} GB/s, ${(shareOfCopy * 100).toFixed(0)} % of copy`
      : `${(flopsPerSecond / 1e12).toFixed(3)} TFLOP/s`;
  return `${title}: ${microseconds.toFixed(1)} us, ${rate}${check.isRight ? '' : `, WRONG (error ${check.normalisedError.toExponential(1)})`}`;
}

export function attentionLine(measured: AttentionSpec & (AttentionMeasurement | FailedAttempt)): string {
  const { phase, rows, headCount, keyValueHeadCount, headLength, cacheType, length } = measured;
  const title = `attention ${phase} ${rows} at ${length}, heads ${headCount}/${keyValueHeadCount} of ${headLength}, ${cacheType}`;
  if ('error' in measured) return `${title}: FAILED, ${measured.error}`;
  const { microseconds, bytesPerSecond, shareOfCopy, flopsPerSecond, check } = measured;
  const rate =
    phase === 'decode'
      ? `${(bytesPerSecond / 1e9).toFixed(1)} GB/s, ${(shareOfCopy * 100).toFixed(0)} % of copy`
      : `${(flopsPerSecond / 1e12).toFixed(3)} TFLOP/s`;
  return `${title}: ${microseconds.toFixed(1)} us, ${rate}${check.isRight ? '' : `, WRONG (error ${check.normalisedError.toExponential(1)})`}`;
}

export function modelLine(
  measured: { shape: string; format: string; matrices: string; vectors: string } & (ModelBenchResult | FailedAttempt),
): string {
  const title = `${measured.shape} ${measured.format}, ${measured.matrices}, vectors in ${measured.vectors}`;
  if ('error' in measured) return `${title}: FAILED, ${measured.error}`;
  const { model, prefill, decode, batches, counters } = measured;
  const rates = [
    ...decode.map(({ depth, tokensPerSecond }) => `${tokensPerSecond.toFixed(1)} at ${depth}`),
    ...batches.map(({ requests, tokensPerSecond }) => `${tokensPerSecond.toFixed(0)} by ${requests} requests`),
  ];
  return `${title}: matrices in ${model.matrices}, prefill ${prefill.tokensPerSecond.toFixed(0)} tokens/s, decode ${rates.join(', ')}; ${counters.dispatchesPerToken} dispatches a token`;
}
