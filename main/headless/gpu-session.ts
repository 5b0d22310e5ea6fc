/** The GPU process for the length of one command. */
import type { CommandContext } from './command-definition.ts';
import { type GpuProcess, startGpuProcess } from './gpu-process.ts';

/**
 * Starts the GPU process, says on stderr which adapter it is, and ends it however `work` ends.
 * @throws GpuWorkerError NO_ADAPTER with the fix in its sentence when `--adapter` finds none.
 */
export async function withGpu<Result>(
  context: Pick<CommandContext, 'dataDirectory' | 'adapter' | 'output' | 'signal'>,
  work: (gpu: GpuProcess) => Promise<Result>,
): Promise<Result> {
  const { dataDirectory, adapter, output, signal } = context;
  signal.throwIfAborted();
  const gpu = await startGpuProcess({ dataDirectory, adapter, log: (line) => output.log(line) });
  try {
    output.log(gpu.announce);
    return await work(gpu);
  } finally {
    await gpu.stop();
  }
}

/** What `--json` says about the adapter a figure was measured on. */
export function describeAdapter({ description }: GpuProcess): object {
  const { vendor, device, backend, isSoftware } = description;
  return { name: description.description || device, vendor, backend, isSoftware };
}
