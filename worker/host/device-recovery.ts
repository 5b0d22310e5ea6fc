import type { AdapterDescription } from '../messages.ts';
import { WorkerServiceError } from './worker-service-error.ts';

export interface DeviceRecoveryOptions {
  /** Opens a device like the one that was lost. */
  readonly reopen: () => Promise<AdapterDescription>;
  /** Puts back what was on it. Rejects with DEVICE_LOST when it is lost again meanwhile. */
  readonly restore: () => Promise<void>;
  readonly onRecovered: (description: AdapterDescription, lossMessage: string) => void;
  /** The device stays lost. */
  readonly onGivenUp: (reason: string, message: string) => void;
  readonly sleep: (durationMs: number) => Promise<void>;
  readonly nowMs: () => number;
}

/**
 * A driver that resets takes a moment; one that is gone is better served by a new process. The pauses grow from the first to the
 * last, one for each attempt; more losses than `losses` within `windowMs` are a device that does not stay, or work that kills it.
 */
export const RECOVERY_LIMITS = { pausesMs: [50, 200, 800, 3200], losses: 4, windowMs: 60_000 } as const;

/** Brings a lost device back, with everything that was on it, a bounded number of times. */
export class DeviceRecovery {
  readonly #options: DeviceRecoveryOptions;
  #lossesMs: number[] = [];
  #message = '';
  #underWay: Promise<void> | null = null;
  #failure: WorkerServiceError | null = null;
  #isStopped = false;

  constructor(options: DeviceRecoveryOptions) {
    this.#options = options;
  }

  /** The device is lost. Begins to bring it back, unless that is under way. */
  lost(reason: string, message: string): void {
    if (this.#isStopped) return;
    const nowMs = this.#options.nowMs();
    this.#lossesMs = [...this.#lossesMs.filter((lossMs) => nowMs - lossMs < RECOVERY_LIMITS.windowMs), nowMs];
    this.#message = message;
    if (this.#underWay !== null) return;
    const recovering = this.#recover(reason);
    this.#underWay = recovering;
    const settle = (): void => {
      this.#underWay = null;
    };
    recovering.then(settle, settle);
  }

  /** Why the last loss could not be mended; null where it was. */
  get failure(): WorkerServiceError | null {
    return this.#failure;
  }

  /** What is lost from now on stays lost. */
  stop(): void {
    this.#isStopped = true;
  }

  get isUnderWay(): boolean {
    return this.#underWay !== null;
  }

  /** Resolves when no loss is being mended. @throws WorkerServiceError DEVICE_LOST when it could not be mended. */
  async ready(): Promise<void> {
    while (this.#underWay !== null) await this.#underWay;
  }

  async #recover(reason: string): Promise<void> {
    let last = this.#message;
    for (const pauseMs of RECOVERY_LIMITS.pausesMs) {
      if (this.#lossesMs.length > RECOVERY_LIMITS.losses || this.#isStopped) break;
      await this.#options.sleep(pauseMs);
      try {
        const description = await this.#options.reopen();
        await this.#options.restore();
        this.#failure = null;
        this.#options.onRecovered(description, this.#message);
        return;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
    }
    const count = this.#lossesMs.length;
    this.#options.onGivenUp(reason, last);
    this.#failure = new WorkerServiceError(
      'DEVICE_LOST',
      `the GPU device was lost ${count} times within ${RECOVERY_LIMITS.windowMs / 1000} s and did not come back: ${last}`,
      { data: { losses: count, attempts: RECOVERY_LIMITS.pausesMs.length } },
    );
    throw this.#failure;
  }
}
