import type { AdapterChoice, AdapterDescription } from '../messages.ts';
import { WorkerServiceError } from './worker-service-error.ts';

export interface DeviceHolderOptions {
  openDevice(choice: AdapterChoice): Promise<{ device: GPUDevice; description: AdapterDescription }>;
  /** Called once when the driver takes a device away, not when we give it back. */
  onLost(reason: string, message: string): void;
}

interface Held {
  readonly device: GPUDevice;
  readonly description: AdapterDescription;
  readonly choice: AdapterChoice;
  /** Rejects with DEVICE_LOST, never resolves. */
  readonly lost: Promise<never>;
  fault: string | null;
}

/** The one open device of a worker, its loss and its errors. */
export class DeviceHolder {
  readonly #options: DeviceHolderOptions;
  #held: Held | null = null;
  #lossMessage: string | null = null;

  constructor(options: DeviceHolderOptions) {
    this.#options = options;
  }

  /** The open device when `choice` has not changed, else undefined: the caller frees what hangs on the old one first. */
  describe(choice: AdapterChoice): AdapterDescription | undefined {
    return this.#held?.choice === choice ? this.#held.description : undefined;
  }

  async open(choice: AdapterChoice): Promise<AdapterDescription> {
    this.close();
    const { device, description } = await this.#options.openDevice(choice);
    const { promise: lost, reject } = Promise.withResolvers<never>();
    // A loss between two calls has nobody waiting for it.
    lost.catch(() => {});
    const held: Held = { device, description, choice, lost, fault: null };
    this.#held = held;
    this.#lossMessage = null;
    device.addEventListener('uncapturederror', (event) => {
      held.fault ??= event.error.message;
    });
    void this.#watch(held, reject);
    return description;
  }

  async #watch(held: Held, reject: (error: Error) => void): Promise<void> {
    const { reason, message } = await held.device.lost;
    if (this.#held !== held) return;
    this.#held = null;
    this.#lossMessage = message;
    reject(deviceLost(message));
    this.#options.onLost(reason, message);
  }

  /**
   * Runs `work` on the device. Rejects as soon as the device is lost, so no call hangs on it, and with GPU_ERROR when the
   * device reported an error meanwhile: such a result may be wrong and is never delivered.
   */
  async run<Result>(work: (device: GPUDevice) => Promise<Result>): Promise<Result> {
    const held = this.#held;
    if (held === null) {
      if (this.#lossMessage !== null) throw deviceLost(this.#lossMessage);
      throw new WorkerServiceError('ADAPTER_NOT_OPEN', 'no adapter is open; call open-adapter first');
    }
    held.fault = null;
    const working = work(held.device);
    // After a loss the work itself fails too, later and for nobody.
    working.catch(() => {});
    try {
      const result = await Promise.race([working, held.lost]);
      if (held.fault !== null) throw gpuError(held.fault);
      return result;
    } catch (error) {
      if (this.#held !== held) throw deviceLost(this.#lossMessage ?? 'the device was closed');
      throw error;
    }
  }

  close(): void {
    const held = this.#held;
    this.#held = null;
    held?.device.destroy();
  }
}

function deviceLost(message: string): WorkerServiceError {
  return new WorkerServiceError('DEVICE_LOST', `the GPU device was lost: ${message || 'the driver gives no reason'}`);
}

function gpuError(message: string): WorkerServiceError {
  return new WorkerServiceError('GPU_ERROR', `the GPU reported an error, the result is dropped: ${message}`);
}
