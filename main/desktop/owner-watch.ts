/** Watches whether somebody uses the machine, in the main process, which alone may ask the system. */
import { isPresent } from '../owner/presence.ts';

/** Short enough that work gives way before a returning owner has found the window that stutters. */
const POLL_MS = 1_000;

export interface OwnerWatchParts {
  /** Seconds since the last input, as the system counts them. */
  readonly idleSeconds: () => number;
  readonly schedule: (delayMs: number, task: () => void) => () => void;
  /** Told at every change. */
  readonly onChange: (isPresent: boolean) => void;
}

export interface OwnerWatch {
  readonly isPresent: boolean;
  stop(): void;
}

export function watchOwner({ idleSeconds, schedule, onChange }: OwnerWatchParts): OwnerWatch {
  let known = isPresent(idleSeconds());
  let cancel = schedule(POLL_MS, poll);

  function poll(): void {
    const now = isPresent(idleSeconds());
    if (now !== known) {
      known = now;
      onChange(known);
    }
    cancel = schedule(POLL_MS, poll);
  }

  return {
    get isPresent() {
      return known;
    },
    stop: () => cancel(),
  };
}
