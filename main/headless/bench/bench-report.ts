/** What `hearth bench` says: one JSON document, and the same for people. */
import type { AdapterDescription, BenchmarkResult, ModelBenchResult } from '../../../worker/messages.ts';
import { renderTable } from '../../demo/table.ts';
import type { RenderRate } from './measure-render.ts';

export interface BenchReport {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly adapter: AdapterDescription;
  /** Said of software adapters: their figures compare kernels with each other only. */
  readonly note: string | null;
  readonly limits: BenchmarkResult;
  readonly model: ModelBenchResult;
  readonly render: RenderRate;
}

export const softwareNote = 'measured on a software adapter: relative cost only, no measure of any card';

export function renderReport(report: BenchReport): string {
  const { adapter, note, limits, model, render } = report;
  const { prefill, decode, counters } = model;
  const lines = [
    `Adapter         ${adapter.description || adapter.device} (${adapter.backend})`,
    ...(note === null ? [] : [`                ${note}`]),
    `Copy            ${(limits.copyBytesPerSecond / 1e9).toFixed(1)} GB/s read and written`,
    `Multiply-add    ${(limits.multiplyAddFlopsPerSecond / 1e12).toFixed(3)} TFLOP/s, f32`,
    `Dispatch gap    ${limits.dispatchMicroseconds.toFixed(2)} us`,
    '',
    `Model           ${model.model.name}, ${(model.model.weightBytes / 1e6).toFixed(1)} MB of weights, loaded in ${(model.loadMs / 1000).toFixed(2)} s`,
    `Prefill         ${rate(prefill.tokensPerSecond)} over ${prefill.tokens} tokens${clamped(prefill.tokens, prefill.wantedTokens)}`,
    `                ${describeNumbers(model.model)}`,
    ...decode.map(
      ({ depth, wantedDepth, tokens, tokensPerSecond, hostMicrosecondsPerToken }) =>
        `Decode          ${rate(tokensPerSecond)} over ${tokens} tokens at depth ${depth}${clamped(depth, wantedDepth)}; ${hostMicrosecondsPerToken.toFixed(0)} us a token on the host`,
    ),
    ...model.batches.map(
      ({ requests, tokens, tokensPerSecond }) =>
        `Together        ${rate(tokensPerSecond)} by ${requests} request${requests === 1 ? '' : 's'} of ${tokens} tokens`,
    ),
    `Per token       ${counters.dispatchesPerToken} dispatches, ${counters.submitsPerToken} submits, ${counters.buffersCreatedPerToken} buffers and ${counters.bindGroupsCreatedPerToken} bind groups created, ${counters.readBackBytesPerToken} bytes read back`,
    `                ${(counters.weightBytesPerToken / 1e6).toFixed(2)} MB of weights read`,
    ...model.vectorKernels.map(
      ({ format, rows, columns, microseconds }) =>
        `Vectors         ${format} ${rows} x ${columns}: ${microseconds.f32.toFixed(1)} us in f32, ${microseconds.int8.toFixed(1)} us in int8`,
    ),
    '',
    `Render          ${rate(render.samplesPerSecond, 'samples')}, ${render.scene} (${render.triangleCount} triangles)`,
  ];
  return [...lines, ...renderProfile(model)].join('\n');
}

function describeNumbers({ cacheType, matrices, matricesReason, vectors }: ModelBenchResult['model']): string {
  const reason = matricesReason === null ? '' : ` (not on matrix units: ${matricesReason})`;
  const profile = matrices === 'f32' && cacheType === 'f32' ? 'f32' : 'f16';
  const agreed = vectors === 'f32' ? `numeric profile ${profile}` : 'within no numeric profile';
  return `matrices in ${matrices}, vectors in ${vectors}, cache in ${cacheType}, ${agreed}${reason}`;
}

function rate(perSecond: number, unit = 'tokens'): string {
  return `${perSecond.toFixed(1)} ${unit}/s`;
}

function clamped(found: number, wanted: number): string {
  return found === wanted ? '' : ` (of ${wanted}: the context ends there)`;
}

function renderProfile({ profile }: ModelBenchResult): string[] {
  if (profile === null) return [];
  if (profile.refused !== null) return ['', `Kernels are not timed: ${profile.refused.message}`];
  return profile.phases.flatMap(({ phase, tokens, depth, kernels }) => [
    '',
    `Kernels of ${phase}, ${tokens} tokens from depth ${depth}, each dispatch in a pass of its own:`,
    renderTable(
      ['kernel', 'dispatches', 'us', 'share', 'GB/s', 'of copy', 'GFLOP/s'],
      kernels.map((kernel) => [
        kernel.kernel,
        String(kernel.dispatches),
        kernel.microseconds.toFixed(1),
        `${(kernel.share * 100).toFixed(1)} %`,
        figure(kernel.bytesPerSecond, 1e9),
        kernel.shareOfCopy === null ? '' : `${(kernel.shareOfCopy * 100).toFixed(0)} %`,
        figure(kernel.flopsPerSecond, 1e9),
      ]),
    ),
  ]);
}

function figure(value: number | null, unit: number): string {
  return value === null ? '' : (value / unit).toFixed(2);
}
