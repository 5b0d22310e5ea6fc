import { describe, expect, it } from 'vitest';
import { createOwnerControl, type Clock, type OwnerDecision } from '../../main/owner/owner-control.ts';

function createManualClock(): Clock & { advance(ms: number): void } {
  let now = Date.UTC(2026, 0, 1, 12, 0);
  let timers: { atMs: number; callback: () => void }[] = [];
  return {
    nowMs: () => now,
    after(delayMs, callback) {
      const timer = { atMs: now + delayMs, callback };
      timers.push(timer);
      return () => void (timers = timers.filter((other) => other !== timer));
    },
    advance(ms) {
      now += ms;
      const due = timers.filter((timer) => timer.atMs <= now);
      timers = timers.filter((timer) => timer.atMs > now);
      for (const timer of due) timer.callback();
    },
  };
}

describe("the owner's control", () => {
  it.each([0, -5, 0.2, Number.NaN, 10_081])('refuses a pause of %s minutes and keeps working', (minutes) => {
    const owner = createOwnerControl();
    expect(() => owner.pause(minutes)).toThrow(`a pause of ${minutes} minutes is outside 1..10080`);
    expect(owner.decision).toEqual({ kind: 'work' });
  });

  it('resumes by itself when a timed pause is over', () => {
    const clock = createManualClock();
    const owner = createOwnerControl({ clock });
    owner.pause(30);
    expect(owner.decision).toEqual({ kind: 'pause', reason: 'Paused by you for 30 min, until 12:30 UTC.' });
    clock.advance(29 * 60_000);
    expect(owner.decision.kind).toBe('pause');
    clock.advance(60_000);
    expect(owner.decision).toEqual({ kind: 'work' });
  });

  it('does not resume a pause without end because an earlier timed one ran out', () => {
    const clock = createManualClock();
    const owner = createOwnerControl({ clock });
    owner.pause(1);
    owner.pause();
    clock.advance(3_600_000);
    expect(owner.decision.kind).toBe('pause');
  });

  it('pauses by a rule and says why, tells each change once, and lets the owner come first', () => {
    let onBattery = true;
    const rule = { name: 'battery', reasonToPause: () => (onBattery ? 'Paused: running on battery.' : null) };
    const owner = createOwnerControl({ rules: [rule] });
    const seen: OwnerDecision[] = [];
    owner.onChange((decision) => seen.push(decision));
    owner.evaluate();
    owner.evaluate();
    owner.finish();
    onBattery = false;
    owner.evaluate();
    owner.resume();
    expect(seen).toEqual([
      { kind: 'pause', reason: 'Paused: running on battery.' },
      { kind: 'finish', reason: 'Finishing the task in hand, then no more.' },
      { kind: 'work' },
    ]);
  });
});
