import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { AdapterError } from '../../worker/gpu/adapter-choice.ts';
import { openDawnDevice, type OpenedDevice } from '../../worker/host/dawn.ts';

/** Without a display, GLX's library may lack X11; NVIDIA's EGL library is a Vulkan driver as well and does not need it. */
const nvidiaLibraries: readonly string[] = ['libGLX_nvidia.so.0', 'libEGL_nvidia.so.0'];

export interface OpenedAdapter extends OpenedDevice {
  /** How the driver was found: by the system's manifests, by the caller's, or by one written here. */
  readonly driver: string;
}

/**
 * Opens the adapter. Containers often carry NVIDIA's libraries without the manifest that tells the Vulkan loader of them; where no
 * real adapter is found and the caller names no manifest, one is written for each of them in turn.
 *
 * @throws AdapterError of the first attempt, when none works.
 */
export async function openAdapter(choice: string): Promise<OpenedAdapter> {
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  try {
    return {
      ...(await openDawnDevice(choice, tmpdir())),
      driver: named === undefined ? 'system' : `the caller's ${basename(named)}`,
    };
  } catch (error) {
    if (!(error instanceof AdapterError) || choice !== 'real' || named !== undefined) throw error;
    for (const library of nvidiaLibraries) {
      const opened = await openWithManifest(choice, library);
      if (opened !== null) return { ...opened, driver: `a manifest for ${library}` };
    }
    throw error;
  }
}

async function openWithManifest(choice: string, library: string): Promise<OpenedDevice | null> {
  const path = join(mkdtempSync(join(tmpdir(), 'hearth-bench-')), 'driver.json');
  writeFileSync(
    path,
    JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } }),
  );
  process.env['VK_DRIVER_FILES'] = path;
  process.env['VK_ICD_FILENAMES'] = path;
  try {
    return await openDawnDevice(choice, tmpdir());
  } catch {
    return null;
  } finally {
    delete process.env['VK_DRIVER_FILES'];
    delete process.env['VK_ICD_FILENAMES'];
  }
}
