import { HearthError } from '../../protocol/errors.ts';
import { allocationLedgerOf } from '../gpu/allocation-ledger.ts';
import type { AdapterChoice, AdapterDescription, MemoryUse } from '../messages.ts';
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
  /** An error that no call's own scope caught, as from work that went on after its call was answered. */
  fault: WorkerServiceError | null;
}

/** The one open device of a worker, its loss and its errors. */
export class DeviceHolder {
  readonly #options: DeviceHolderOptions;
  #held: Held | null = null;
  #lossMessage: string | null = null;
  #choice: AdapterChoice = 'real';

  constructor(options: DeviceHolderOptions) {
    this.#options = options;
  }

  /** The open device when `choice` has not changed, else undefined: the caller frees what hangs on the old one first. */
  describe(choice: AdapterChoice): AdapterDescription | undefined {
    return this.#held?.choice === choice ? this.#held.description : undefined;
  }

  async open(choice: AdapterChoice): Promise<AdapterDescription> {
    this.close();
    this.#choice = choice;
    const { device, description } = await this.#options.openDevice(choice);
    const { promise: lost, reject } = Promise.withResolvers<never>();
    // A loss between two calls has nobody waiting for it.
    lost.catch(() => {});
    const held: Held = { device, description, choice, lost, fault: null };
    this.#held = held;
    this.#lossMessage = null;
    // Counts from here on.
    allocationLedgerOf(device);
    device.addEventListener('uncapturederror', (event) => {
      held.fault ??= gpuError(event.error.message);
    });
    void this.#watch(held, reject);
    return description;
  }

  /** Whether a card is open: the clock of a software adapter is that of a busy processor. */
  get isReal(): boolean {
    return this.#held?.description.isSoftware === false;
  }

  get isOpen(): boolean {
    return this.#held !== null;
  }

  /** A device by the last choice, after a loss. */
  reopen(): Promise<AdapterDescription> {
    return this.open(this.#choice);
  }

  /** Nothing where no device is open: what a lost device held went with it. */
  get memory(): MemoryUse {
    if (this.#held === null) return { liveBytes: 0, liveCount: 0, peakBytes: 0 };
    const { liveBytes, liveCount, peakBytes } = allocationLedgerOf(this.#held.device).counts;
    return { liveBytes, liveCount, peakBytes };
  }

  #current(): Held {
    if (this.#held !== null) return this.#held;
    if (this.#lossMessage !== null) throw deviceLost(this.#lossMessage);
    throw new WorkerServiceError('ADAPTER_NOT_OPEN', 'no adapter is open; call open-adapter first');
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
   * Runs `work` on the device. Rejects as soon as the device is lost, so no call hangs on it, and with GPU_ERROR or
   * OUT_OF_MEMORY when the device reported an error meanwhile: such a result may be wrong and is never delivered. What it
   * made is given to `discard` then.
   */
  async run<Result>(
    work: (device: GPUDevice) => Promise<Result>,
    discard: (result: Result) => void = () => {},
  ): Promise<Result> {
    const held = this.#current();
    const working = runChecked(held, work, discard, () => this.#held === held);
    return this.#orLost(held, working);
  }

  /**
   * The same without the device's error scopes, which are a stack and cannot tell overlapping calls apart: for work that catches
   * the errors of each of its submits itself.
   */
  async runShared<Result>(work: () => Promise<Result>): Promise<Result> {
    const held = this.#current();
    const working = work();
    return this.#orLost(held, working);
  }

  /** What `working` comes to, or DEVICE_LOST as soon as the device is lost. */
  async #orLost<Result>(held: Held, working: Promise<Result>): Promise<Result> {
    // After a loss the work itself fails too, later and for nobody.
    working.catch(() => {});
    try {
      return await Promise.race([working, held.lost]);
    } catch (error) {
      if (await this.#isLost(held, error)) throw deviceLost(this.#lossMessage ?? 'the device was closed');
      throw error;
    }
  }

  /** Work on a lost device may fail before the loss is told. */
  async #isLost(held: Held, error: unknown): Promise<boolean> {
    if (this.#held !== held) return true;
    if (error instanceof HearthError && !mayComeOfLoss.has(String(error.code))) return false;
    const soon = new Promise((resolve) => setTimeout(resolve, lossNoticeMs));
    await Promise.race([held.device.lost, soon]);
    return this.#held !== held;
  }

  close(): void {
    const held = this.#held;
    this.#held = null;
    held?.device.destroy();
  }
}

/** Codes of errors that a loss also shows as. */
const mayComeOfLoss: ReadonlySet<string> = new Set(['GPU_ERROR', 'OUT_OF_MEMORY', 'SESSION_CLOSED']);
/** A loss is told within this after work failed of it. */
const lossNoticeMs = 50;

/** In the order they are pushed. Together they cost about ten microseconds a call. */
const errorFilters: readonly GPUErrorFilter[] = ['validation', 'internal', 'out-of-memory'];

async function runChecked<Result>(
  held: Held,
  work: (device: GPUDevice) => Promise<Result>,
  discard: (result: Result) => void,
  isCurrent: () => boolean,
): Promise<Result> {
  const { device } = held;
  for (const filter of errorFilters) device.pushErrorScope(filter);
  const [outcome] = await Promise.allSettled([work(device)]);
  // Scopes are popped in the opposite order.
  const errors = await Promise.all(errorFilters.map(() => device.popErrorScope()));
  const fault = describeFault(errors.toReversed()) ?? held.fault;
  held.fault = null;
  if (outcome.status === 'fulfilled' && fault === null && isCurrent()) return outcome.value;
  if (outcome.status === 'fulfilled') discard(outcome.value);
  else if (fault === null) throw outcome.reason;
  throw fault ?? deviceLost('it was lost while it worked');
}

function describeFault(errors: readonly (GPUError | null)[]): WorkerServiceError | null {
  const index = errors.findIndex((error) => error !== null);
  const message = errors[index]?.message;
  if (message === undefined) return null;
  if (errorFilters[index] === 'out-of-memory') {
    return new WorkerServiceError('OUT_OF_MEMORY', `the GPU has too little free memory: ${message}`);
  }
  return gpuError(message);
}

function deviceLost(message: string): WorkerServiceError {
  return new WorkerServiceError('DEVICE_LOST', `the GPU device was lost: ${message || 'the driver gives no reason'}`);
}

function gpuError(message: string): WorkerServiceError {
  return new WorkerServiceError('GPU_ERROR', `the GPU reported an error, the result is dropped: ${message}`);
}
