import { startGpuProcess } from '../headless/gpu-process.ts';
import { GpuWorkerError } from '../node/gpu-worker.ts';
import { holdLog } from '../node/held-log.ts';

export interface DemoAdapter {
  /** For --adapter of every node of the demo. */
  readonly name: string;
  readonly isSoftware: boolean;
  readonly announce: string;
}

const withoutCard = new Set(['NO_ADAPTER', 'SOFTWARE_ONLY']);

/**
 * The demo takes a real adapter where there is one and the software adapter otherwise, which it may, as nothing in it earns.
 *
 * @throws GpuWorkerError when the adapter that was asked for cannot be opened.
 */
export async function chooseDemoAdapter(
  wanted: string,
  dataDirectory: string,
  log: (line: string) => void,
): Promise<DemoAdapter> {
  const held = holdLog(log);
  try {
    const adapter = await tryAdapter(wanted, dataDirectory, held.log);
    held.release();
    return adapter;
  } catch (error) {
    if (wanted !== 'real' || !(error instanceof GpuWorkerError) || !withoutCard.has(error.code)) {
      held.release();
      throw error;
    }
    return tryAdapter('software', dataDirectory, log);
  }
}

async function tryAdapter(name: string, dataDirectory: string, log: (line: string) => void): Promise<DemoAdapter> {
  const gpu = await startGpuProcess({ adapter: name, dataDirectory, log });
  await gpu.stop();
  return { name, isSoftware: gpu.description.isSoftware, announce: gpu.announce };
}
