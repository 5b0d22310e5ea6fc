/** Chromium switches that must be set before Electron is ready. */
import type { App } from 'electron';

/** Name and value; null where the switch has none. */
export type CommandLineSwitch = readonly [name: string, value: string | null];

/**
 * On Linux Electron answers `null` for a WebGPU adapter unless both are set (electron#41763). Elsewhere WebGPU is on by
 * default, and the unsafe switch would only add unfinished features.
 */
export function gpuSwitches(platform: NodeJS.Platform): readonly CommandLineSwitch[] {
  return platform === 'linux'
    ? [
        ['enable-unsafe-webgpu', null],
        ['enable-features', 'Vulkan'],
      ]
    : [];
}

export type EarlyApp = Pick<App, 'enableSandbox' | 'disableDomainBlockingFor3DAPIs'> & {
  readonly commandLine: Pick<App['commandLine'], 'appendSwitch'>;
};

/** Everything that only works before `ready`. */
export function prepareProcesses(app: EarlyApp, platform: NodeJS.Platform): void {
  // Every renderer is sandboxed, also one whose window forgot to ask for it.
  app.enableSandbox();
  // Chromium bars a page from the GPU after repeated GPU process crashes; here the supervisor's back-off decides instead.
  app.disableDomainBlockingFor3DAPIs();
  for (const [name, value] of gpuSwitches(platform)) {
    if (value === null) app.commandLine.appendSwitch(name);
    else app.commandLine.appendSwitch(name, value);
  }
}
