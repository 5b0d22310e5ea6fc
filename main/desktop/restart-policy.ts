/** When to start a process again that ended by itself: at once, then ever later, and from the beginning after it ran well. */
export interface RestartPolicyOptions {
  readonly firstDelayMs: number;
  readonly maximumDelayMs: number;
  /** A run this long counts as well: the next end starts from `firstDelayMs` again. */
  readonly stableAfterMs: number;
}

export const DEFAULT_RESTART_POLICY: RestartPolicyOptions = {
  firstDelayMs: 500,
  // A driver that crashes on every start should cost nearly nothing, but a repaired one should be found within a minute.
  maximumDelayMs: 60_000,
  stableAfterMs: 120_000,
};

export interface RestartPolicy {
  started(): void;
  /** Milliseconds to wait before the next start. */
  ended(): number;
  /** Ends in a row without a stable run between them. */
  readonly failures: number;
}

export function createRestartPolicy(
  nowMs: () => number,
  options: RestartPolicyOptions = DEFAULT_RESTART_POLICY,
): RestartPolicy {
  let failures = 0;
  let startedAtMs = nowMs();
  return {
    started() {
      startedAtMs = nowMs();
    },
    ended() {
      if (nowMs() - startedAtMs >= options.stableAfterMs) failures = 0;
      const delayMs = Math.min(options.firstDelayMs * 2 ** failures, options.maximumDelayMs);
      failures += 1;
      return delayMs;
    },
    get failures() {
      return failures;
    },
  };
}
