import { fileURLToPath } from 'node:url';
import { openDawnDevice, type OpenedDevice } from '../../worker/host/dawn.ts';

const cacheDirectory = fileURLToPath(new URL('../../node_modules/.cache/hearth', import.meta.url));

let opened: Promise<OpenedDevice> | undefined;

/**
 * One device for a test process: on the adapter named by HEARTH_TEST_ADAPTER, else lavapipe where it is installed and
 * works, else the embedded SwiftShader (HEARTH_SOFTWARE_ADAPTER=swiftshader asks for it).
 */
export async function getTestDevice(): Promise<GPUDevice> {
  return (await getTestAdapter()).device;
}

/** The same device with the description of its adapter. */
export function getTestAdapter(): Promise<OpenedDevice> {
  opened ??= openDawnDevice(process.env['HEARTH_TEST_ADAPTER'] ?? 'software', cacheDirectory);
  return opened;
}
