/** Keeps one process running: starts it, and starts it again with back-off when it ends by itself. */
import type { RestartPolicy } from './restart-policy.ts';

/** One life of the process. Starting calls `onEnded` at most once, with a reason for people. */
export interface SupervisedRun {
  end(): void;
}

export interface SupervisorOptions {
  readonly start: (onEnded: (reason: string) => void) => SupervisedRun;
  readonly policy: RestartPolicy;
  /** Runs `task` later; returns the function that cancels it. */
  readonly schedule: (delayMs: number, task: () => void) => () => void;
  /** The process ended by itself and is started again after `delayMs`. */
  readonly onEnded?: (reason: string, delayMs: number) => void;
}

export interface Supervisor {
  start(): void;
  /** Ends the process, if it runs, and starts it at once: no failure, so no back-off. */
  restart(): void;
  /** Ends a process that runs but is of no use any more; counts as its own end, with back-off. */
  fail(reason: string): void;
  stop(): void;
  /** Supervises no more and leaves the process to end by itself. */
  letGo(): void;
}

export function createSupervisor({ start, policy, schedule, onEnded }: SupervisorOptions): Supervisor {
  let run: SupervisedRun | null = null;
  let cancelPlanned: (() => void) | null = null;
  let life = 0;

  function begin(): void {
    cancelPlanned?.();
    cancelPlanned = null;
    const ownLife = ++life;
    policy.started();
    run = start((reason) => {
      // An end that was asked for, or of a life already replaced, is no news.
      if (ownLife === life) plan(reason);
    });
  }

  function plan(reason: string): void {
    run = null;
    const delayMs = policy.ended();
    cancelPlanned = schedule(delayMs, begin);
    onEnded?.(reason, delayMs);
  }

  function letGo(): SupervisedRun | null {
    cancelPlanned?.();
    cancelPlanned = null;
    return letGoOfRun();
  }

  function letGoOfRun(): SupervisedRun | null {
    const left = run;
    if (left !== null) life += 1;
    run = null;
    return left;
  }

  return {
    start: begin,
    restart() {
      letGo()?.end();
      begin();
    },
    fail(reason) {
      // Where none runs, the next start is planned already.
      const useless = letGoOfRun();
      if (useless === null) return;
      useless.end();
      plan(reason);
    },
    stop: () => letGo()?.end(),
    letGo: () => void letGo(),
  };
}

export function scheduleWithTimer(delayMs: number, task: () => void): () => void {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
}
