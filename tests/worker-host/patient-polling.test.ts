import { beforeEach, expect, test } from 'vitest';
import { createPatientSchedule, patienceMs } from '../../worker/host/patient-polling.ts';

const waitMs = 20;
let nowMs: number;
let queue: { readonly kind: 'at once' | 'after a tick'; readonly turn: () => void }[];
let schedule: ReturnType<typeof createPatientSchedule>;

beforeEach(() => {
  nowMs = 0;
  queue = [];
  schedule = createPatientSchedule(
    {
      setImmediate: (callback, ...values) => queue.push({ kind: 'at once', turn: () => callback(...values) }),
      setTimeout: (callback) => queue.push({ kind: 'after a tick', turn: callback }),
      nowMs: () => nowMs,
    },
    waitMs,
  );
});

/** As Dawn polls, a function from outside JavaScript that asks for its next turn until the adapter has finished. */
function wait(untilMs: number): void {
  const poll = () => {
    if (nowMs < untilMs) schedule(native);
  };
  const native = poll.bind(undefined);
  schedule(native);
}

function fail(): never {
  throw new Error('adapter gone');
}

/** Runs all turns, a millisecond each, and tells how each of them was scheduled. */
function drain(): string[] {
  const kinds: string[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    nowMs += 1;
    kinds.push(next.kind);
    next.turn();
  }
  return kinds;
}

test('a turn that throws does not make the next wait look old', () => {
  schedule(fail.bind(undefined));
  expect(drain).toThrow('adapter gone');
  nowMs += 100;
  wait(nowMs + 1);
  expect(new Set(drain())).toEqual(new Set(['at once']));
});

test('functions of JavaScript run as ever, with their values, however long they go on', () => {
  const seen: unknown[] = [];
  const again = (value: unknown) => {
    seen.push(value);
    if (seen.length < 50) schedule(again, seen.length);
  };
  schedule(again, 0);
  expect(new Set(drain())).toEqual(new Set(['at once']));
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index));
});

test('a short wait is asked about without pause, also after many others', () => {
  for (let count = 0; count < 10; count += 1) {
    wait(nowMs + waitMs - 1);
    expect(new Set(drain())).toEqual(new Set(['at once']));
  }
});

test('a long wait is asked about once per tick after the first milliseconds', () => {
  wait(100);
  const kinds = drain();
  expect(kinds.lastIndexOf('at once')).toBe(waitMs - 1);
  expect(kinds.slice(waitMs).every((kind) => kind === 'after a tick')).toBe(true);
  expect(nowMs).toBe(100);
});

test('where timers are coarse, patience lasts for twenty of their ticks at least', () => {
  expect(patienceMs('linux')).toBe(20);
  expect(patienceMs('win32')).toBeGreaterThanOrEqual(15.6 * 19);
});
