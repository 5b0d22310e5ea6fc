/**
 * The owner's word over the node: pause (for ever or for some minutes), resume, finish. Sensor rules join here as further
 * sources of a pause; whichever came first gives the reason that tray, dashboard and CLI show.
 */
export interface Clock {
  nowMs(): number;
  /** Calls back once after `delayMs`; returns the cancel function. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export type OwnerDecision =
  | { readonly kind: 'work' }
  | { readonly kind: 'pause'; readonly reason: string }
  /** Take no new work; the task in hand is finished. */
  | { readonly kind: 'finish'; readonly reason: string };

/** A sensor rule: returns the sentence why the node must pause, or null. */
export interface OwnerRule {
  readonly name: string;
  reasonToPause(): string | null;
}

export interface OwnerControl {
  readonly decision: OwnerDecision;
  /** @throws RangeError when `minutes` is not in 1..10080 (a week). */
  pause(minutes?: number): void;
  resume(): void;
  finish(): void;
  /** Reads every rule again. Called on a timer and by sensor events. */
  evaluate(): void;
  /** Called after every change of the decision. */
  onChange(listener: (decision: OwnerDecision) => void): () => void;
  close(): void;
}

const longestPauseMinutes = 7 * 24 * 60;

export function createOwnerControl(options: { rules?: readonly OwnerRule[]; clock?: Clock } = {}): OwnerControl {
  const { rules = [], clock = systemClock } = options;
  const listeners = new Set<(decision: OwnerDecision) => void>();
  let manual: OwnerDecision = { kind: 'work' };
  let decision: OwnerDecision = manual;
  let cancelTimer: (() => void) | undefined;

  function evaluate(): void {
    const next = manual.kind === 'work' ? decideByRules(rules) : manual;
    if (next.kind === decision.kind && reasonOf(next) === reasonOf(decision)) return;
    decision = next;
    for (const listener of listeners) listener(decision);
  }

  function setManual(next: OwnerDecision): void {
    cancelTimer?.();
    cancelTimer = undefined;
    manual = next;
    evaluate();
  }

  return {
    get decision() {
      return decision;
    },
    pause(minutes) {
      if (minutes === undefined) {
        setManual({ kind: 'pause', reason: 'Paused by you until you resume.' });
        return;
      }
      if (!(minutes >= 1 && minutes <= longestPauseMinutes)) {
        throw new RangeError(`a pause of ${minutes} minutes is outside 1..${longestPauseMinutes}`);
      }
      const until = new Date(clock.nowMs() + minutes * 60_000).toISOString().slice(11, 16);
      setManual({ kind: 'pause', reason: `Paused by you for ${minutes} min, until ${until} UTC.` });
      cancelTimer = clock.after(minutes * 60_000, () => setManual({ kind: 'work' }));
    },
    resume: () => setManual({ kind: 'work' }),
    finish: () => setManual({ kind: 'finish', reason: 'Finishing the task in hand, then no more.' }),
    evaluate,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      cancelTimer?.();
      listeners.clear();
    },
  };
}

function decideByRules(rules: readonly OwnerRule[]): OwnerDecision {
  for (const rule of rules) {
    const reason = rule.reasonToPause();
    if (reason !== null) return { kind: 'pause', reason };
  }
  return { kind: 'work' };
}

function reasonOf(decision: OwnerDecision): string {
  return decision.kind === 'work' ? '' : decision.reason;
}
