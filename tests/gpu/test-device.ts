import { fileURLToPath } from 'node:url';
import { AdapterError } from '../../worker/gpu/adapter-choice.ts';
import { openDawnDevice, type OpenedDevice } from '../../worker/host/dawn.ts';

const cacheDirectory = fileURLToPath(new URL('../../node_modules/.cache/hearth', import.meta.url));

let opened: Promise<OpenedDevice> | undefined;

/**
 * One device for a test process: on the adapter named by HEARTH_TEST_ADAPTER, else a real GPU, else lavapipe where it is
 * installed and works, else the embedded SwiftShader. HEARTH_SOFTWARE_ADAPTER=swiftshader or =lavapipe asks for that one.
 */
export async function getTestDevice(): Promise<GPUDevice> {
  return (await getTestAdapter()).device;
}

/** The same device with the description of its adapter. */
export function getTestAdapter(): Promise<OpenedDevice> {
  opened ??= openTestDevice();
  return opened;
}

/** A device of its own, for tests that lose or destroy it. */
export async function openTestDevice(): Promise<OpenedDevice> {
  const named = process.env['HEARTH_TEST_ADAPTER'];
  if (named !== undefined) return openDawnDevice(named, cacheDirectory);
  if (process.env['HEARTH_SOFTWARE_ADAPTER'] === undefined) {
    try {
      return await openDawnDevice('real', cacheDirectory);
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error;
    }
  }
  return openDawnDevice('software', cacheDirectory);
}
