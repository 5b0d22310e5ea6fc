import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { SoftwareAdapterName } from '../gpu/adapter-choice.ts';
import { unpackBundledParts } from './bundled-chromium.ts';

/** A Vulkan driver that computes on the processor, and what a process needs to reach it. */
export interface SoftwareAdapter {
  readonly name: SoftwareAdapterName;
  /** The driver's manifest, for VK_ICD_FILENAMES. */
  readonly manifestPath: string;
  /** A Vulkan loader of its own; null when the system's is used. */
  readonly loaderPath: string | null;
}

const manifestDirectories: readonly string[] = [
  '/usr/share/vulkan/icd.d',
  '/usr/local/share/vulkan/icd.d',
  '/etc/vulkan/icd.d',
  // NixOS keeps its drivers here.
  '/run/opengl-driver/share/vulkan/icd.d',
];

/** glibc's RTLD_NODELETE, which `os.constants.dlopen` leaves out. */
const keepLoaded = 0x1000;

/** Mesa's lavapipe when its manifest for this processor is installed; whether it works shows only when it is opened. */
export function findLavapipe(directories: readonly string[] = manifestDirectories): SoftwareAdapter | null {
  if (process.platform !== 'linux') return null;
  const architecture = process.arch === 'x64' ? 'x86_64' : 'aarch64';
  for (const directory of directories) {
    if (!existsSync(directory)) continue;
    const names = readdirSync(directory).filter((name) => /^lvp_icd(\.\w+)?\.json$/.test(name));
    const fitting = names.find((name) => name.includes(architecture)) ?? names.find((name) => name === 'lvp_icd.json');
    if (fitting !== undefined) {
      return { name: 'lavapipe', manifestPath: join(directory, fitting), loaderPath: null };
    }
  }
  return null;
}

/**
 * The embedded adapter: SwiftShader and a Vulkan loader out of `@sparticuz/chromium`, unpacked below `dataDirectory` on
 * first use (15 MB, about a quarter of a second). Needs no system package on Linux x64.
 *
 * @throws BundleError on other platforms.
 */
export async function unpackSwiftShader(dataDirectory: string): Promise<SoftwareAdapter> {
  const directory = await unpackBundledParts(dataDirectory, 'swiftshader', ['swiftshader']);
  return {
    name: 'swiftshader',
    manifestPath: join(directory, 'vk_swiftshader_icd.json'),
    loaderPath: join(directory, 'libvulkan.so.1'),
  };
}

/**
 * Makes this process, and no other, see this adapter. The Vulkan loader reads VK_ICD_FILENAMES whenever an instance is
 * created; LD_LIBRARY_PATH would be too late, as the dynamic linker reads it at the start. So the loader is brought in by
 * its path, and Dawn's `dlopen("libvulkan.so.1")` then finds it by its name.
 */
export function useSoftwareAdapter(adapter: SoftwareAdapter): void {
  process.env['VK_ICD_FILENAMES'] = adapter.manifestPath;
  process.env['VK_DRIVER_FILES'] = adapter.manifestPath;
  if (adapter.loaderPath === null) return;
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, adapter.loaderPath, RTLD_NOW | RTLD_GLOBAL | keepLoaded);
  } catch (error) {
    // Node says this of every library that is not an addon, after it has loaded it; anything else is a real failure.
    if (!(error instanceof Error) || !/did not self-register/i.test(error.message)) throw error;
  }
}
