/**
 * Dawn in Node asks by `setImmediate` whether the adapter has finished, again and again: while a kernel runs or a driver
 * compiles, the process keeps a core busy with asking, which is a core less for a software adapter and heat for nothing
 * beside a real one. What takes longer than a short wait is therefore asked for once per tick of a timer.
 */
export interface PollingClock {
  readonly setImmediate: Schedule;
  setTimeout(callback: () => void, delayMs: number): unknown;
  nowMs(): number;
}

type Schedule = (callback: (...values: unknown[]) => void, ...values: unknown[]) => unknown;

const tickMs = 1;

/**
 * How long a wait is asked about without pause: some twenty ticks, so that a wait ends at most a twentieth late.
 * Timers of Windows tick every 15.6 ms.
 */
export const patienceMs = (platform: NodeJS.Platform): number => (platform === 'win32' ? 300 : 20);

/**
 * What takes the place of `setImmediate`. Only functions from outside JavaScript are slowed down, and of those only one that
 * asks for the next turn from its own turn; a new wait starts anew.
 */
export function createPatientSchedule(clock: PollingClock, waitMs: number): Schedule {
  /** When the wait began whose turn it is. */
  let turnOfMs: number | undefined;
  return (callback, ...values) => {
    if (!isNative(callback)) return clock.setImmediate(callback, ...values);
    const beganMs = turnOfMs ?? clock.nowMs();
    const turn = () => {
      turnOfMs = beganMs;
      try {
        callback(...values);
      } finally {
        turnOfMs = undefined;
      }
    };
    return clock.nowMs() - beganMs < waitMs ? clock.setImmediate(turn) : clock.setTimeout(turn, tickMs);
  };
}

function isNative(callback: (...values: unknown[]) => void): boolean {
  return Function.prototype.toString.call(callback).endsWith('{ [native code] }');
}

let isInstalled = false;

/** Once per process. Dawn reads the global each time it polls. */
export function pollPatiently(): void {
  if (isInstalled) return;
  isInstalled = true;
  const { setImmediate, setTimeout } = globalThis;
  const clock: PollingClock = { setImmediate, setTimeout, nowMs: () => performance.now() };
  const schedule = createPatientSchedule(clock, patienceMs(process.platform));
  Object.assign(globalThis, { setImmediate: Object.assign(schedule, setImmediate) });
}
