/** Wakes everybody who waits, each time something is said to have changed. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring. */
  next(): Promise<void>;
}

/** Resolves with the promise, when the time is over, or when the signal is aborted. */
export async function within(promise: Promise<void>, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const late = Promise.withResolvers<void>();
  const onAbort = (): void => late.resolve();
  const timer = setTimeout(late.resolve, timeoutMs);
  signal?.addEventListener('abort', onAbort);
  await Promise.race([promise, late.promise]);
  signal?.removeEventListener('abort', onAbort);
  clearTimeout(timer);
}

export function createBell(): Bell {
  let ringing = Promise.withResolvers<void>();
  return {
    ring() {
      ringing.resolve();
      ringing = Promise.withResolvers();
    },
    next: () => ringing.promise,
  };
}
