import type { AdapterChoice, AdapterDescription, MemoryUse } from '../messages.ts';
import { DeviceHolder, type DeviceHolderOptions } from './device-holder.ts';
import { DeviceRecovery } from './device-recovery.ts';
import { WorkerServiceError } from './worker-service-error.ts';

/** Runs a load on the device once, and frees what came of it when the device was lost meanwhile. */
export type RunLoad = <Loaded extends { destroy(): void }>(
  load: (device: GPUDevice) => Promise<Loaded>,
) => Promise<Loaded>;

export interface PersistentDeviceOptions extends Pick<DeviceHolderOptions, 'openDevice'> {
  /** The device is gone: lets go of what was on it, and remembers how to put it back. */
  readonly onLost: () => void;
  /** Puts it back on a new device. */
  readonly restore: (run: RunLoad) => Promise<void>;
  readonly onRecovered: (description: AdapterDescription, lossMessage: string) => void;
  /** No device came back: what was remembered is of no use. */
  readonly onGivenUp: (reason: string, message: string) => void;
}

/** The one device of a worker, which outlives its losses: work that was lost with it is done again. */
export class PersistentDevice {
  readonly #holder: DeviceHolder;
  readonly #recovery: DeviceRecovery;

  constructor(options: PersistentDeviceOptions) {
    const holder: DeviceHolder = new DeviceHolder({
      openDevice: options.openDevice,
      onLost: (reason, message) => {
        options.onLost();
        this.#recovery.lost(reason, message);
      },
    });
    this.#holder = holder;
    this.#recovery = new DeviceRecovery({
      reopen: () => holder.reopen(),
      restore: () => options.restore((load) => holder.run(load, (loaded) => loaded.destroy())),
      onRecovered: options.onRecovered,
      onGivenUp: options.onGivenUp,
      sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
      nowMs: () => performance.now(),
    });
  }

  /** Whether a card is open: the clock of a software adapter is that of a busy processor. */
  get isReal(): boolean {
    return this.#holder.isReal;
  }

  get memory(): MemoryUse {
    return this.#holder.memory;
  }

  /** Opens an adapter, or answers with the one that is open by the same choice; `clear` frees what hangs on another first. */
  async open(choice: AdapterChoice, clear: () => void): Promise<AdapterDescription> {
    // A device that does not come back is asked for anew.
    await this.#recovery.ready().catch(() => {});
    const open = this.#holder.describe(choice);
    if (open !== undefined) return open;
    clear();
    return this.#holder.open(choice);
  }

  /** `DeviceHolder.run`, again where the device was lost and came back. @throws DEVICE_LOST when it does not come back */
  run<Result>(work: (device: GPUDevice) => Promise<Result>, discard?: (result: Result) => void): Promise<Result> {
    return this.#persist(() => this.#holder.run(work, discard));
  }

  /** `DeviceHolder.runShared`, likewise. */
  runShared<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#persist(() => this.#holder.runShared(work));
  }

  /** Gives the device back; what is lost from now on stays lost. */
  close(): void {
    this.#recovery.stop();
    this.#holder.close();
  }

  async #persist<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      await this.#recovery.ready();
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof WorkerServiceError) || error.code !== 'DEVICE_LOST') throw error;
        // Losses are counted: after too many nothing is open any more.
        if (!this.#recovery.isUnderWay && !this.#holder.isOpen) throw this.#recovery.failure ?? error;
      }
    }
  }
}
