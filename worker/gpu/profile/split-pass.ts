import { override } from './override.ts';

/** One dispatch as it was asked for, before it is recorded. */
export interface DispatchRecord {
  /** The bind group's label: kernels give it their own, while a pipeline is shared by all kernels of a kind. */
  readonly label: string;
  readonly bindGroup: GPUBindGroup | null;
}

export interface SplitPassOptions {
  readonly encoder: GPUCommandEncoder;
  /** Passes everything on; gives the timestamps of the pass that this dispatch gets for itself, or none. */
  onDispatch(record: DispatchRecord): GPUComputePassTimestampWrites | undefined;
}

/**
 * A compute pass that records every dispatch in a pass of its own, since timestamps are taken at the edges of passes only.
 * Results are the same: dispatches of one pass are ordered already.
 */
export function openSplitPass({ encoder, onDispatch }: SplitPassOptions): GPUComputePassEncoder {
  // A real pass to take prototypes and error reports from; it stays empty.
  const empty = encoder.beginComputePass({ label: 'gpu.profile.unused' });
  empty.end();
  const state: ((pass: GPUComputePassEncoder) => void)[] = [];
  let setPipeline: ((pass: GPUComputePassEncoder) => void) | null = null;
  let current: GPUBindGroup | null = null;

  const dispatch = (record: (pass: GPUComputePassEncoder) => void): undefined => {
    const label = current?.label ?? 'unnamed';
    const timestampWrites = onDispatch({ label, bindGroup: current });
    const pass = encoder.beginComputePass({ label, ...(timestampWrites === undefined ? {} : { timestampWrites }) });
    setPipeline?.(pass);
    for (const apply of state) apply(pass);
    record(pass);
    pass.end();
  };

  return override(empty, {
    setPipeline: (pipeline): undefined => {
      setPipeline = (pass) => pass.setPipeline(pipeline);
    },
    setBindGroup: (index: number, bindGroup: GPUBindGroup | null | undefined, ...rest: unknown[]): undefined => {
      if (index === 0) current = bindGroup ?? null;
      state[index] = (pass) => void Reflect.apply(pass.setBindGroup, pass, [index, bindGroup, ...rest]);
    },
    dispatchWorkgroups: (...counts): undefined => dispatch((pass) => pass.dispatchWorkgroups(...counts)),
    dispatchWorkgroupsIndirect: (...source): undefined =>
      dispatch((pass) => pass.dispatchWorkgroupsIndirect(...source)),
    end: (): undefined => undefined,
  });
}
