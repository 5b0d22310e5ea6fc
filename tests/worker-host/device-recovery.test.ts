import { describe, expect, it } from 'vitest';
import { DeviceRecovery, RECOVERY_LIMITS } from '../../worker/host/device-recovery.ts';
import type { AdapterDescription } from '../../worker/messages.ts';

const description = { description: 'a card' } as AdapterDescription;

function next(list: (Error | null)[] | undefined): Promise<void> {
  const outcome = list?.shift() ?? null;
  return outcome === null ? Promise.resolve() : Promise.reject(outcome);
}

/** A clock of its own: pauses pass at once and are counted. */
function open(outcomes: { reopen?: (Error | null)[]; restore?: (Error | null)[] }) {
  const said: string[] = [];
  let nowMs = 0;
  const recovery: DeviceRecovery = new DeviceRecovery({
    reopen: () => next(outcomes.reopen).then(() => description),
    restore: () => next(outcomes.restore),
    onRecovered: (_, message) => said.push(`back after ${message}`),
    onGivenUp: (reason, message) => said.push(`given up: ${reason}, ${message}`),
    sleep(durationMs) {
      said.push(`${durationMs}`);
      nowMs += durationMs;
      return Promise.resolve();
    },
    nowMs: () => nowMs,
  });
  return { recovery, said, pass: (durationMs: number) => (nowMs += durationMs) };
}

const no = new Error('the driver says no');

describe('a lost device', () => {
  it('is opened again after a pause, and whoever waits goes on', async () => {
    const { recovery, said } = open({});
    await recovery.ready();
    recovery.lost('unknown', 'a reset');
    expect(recovery.isUnderWay).toBe(true);
    await recovery.ready();
    expect(said).toEqual(['50', 'back after a reset']);
    expect(recovery.isUnderWay).toBe(false);
  });

  it('is asked for with growing pauses while the driver says no', async () => {
    const { recovery, said } = open({ reopen: [no, no, null] });
    recovery.lost('unknown', 'a reset');
    await recovery.ready();
    expect(said).toEqual(['50', '200', '800', 'back after a reset']);
  });

  it('that does not come back is told with how often it was tried', async () => {
    const { recovery, said } = open({ reopen: Array.from({ length: 9 }, () => no) });
    recovery.lost('unknown', 'a reset');
    await expect(recovery.ready()).rejects.toMatchObject({
      code: 'DEVICE_LOST',
      message: 'the GPU device was lost 1 times within 60 s and did not come back: the driver says no',
      data: { losses: 1, attempts: RECOVERY_LIMITS.pausesMs.length },
    });
    expect(said).toEqual(['50', '200', '800', '3200', 'given up: unknown, the driver says no']);
    // Nobody waits for what is over.
    await recovery.ready();
  });

  it('that is lost again while it is filled is one loss more, and goes on', async () => {
    const { recovery, said } = open({ restore: [no] });
    recovery.lost('unknown', 'a reset');
    recovery.lost('unknown', 'another reset');
    await recovery.ready();
    expect(said).toEqual(['50', '200', 'back after another reset']);
  });

  it('that is lost too often in a minute is given up; after a quiet minute it counts anew', async () => {
    const { recovery, said, pass } = open({});
    const lose = async (times: number) => {
      for (let index = 0; index < times; index++) {
        recovery.lost('unknown', 'a reset');
        await recovery.ready();
      }
    };
    await lose(RECOVERY_LIMITS.losses);
    pass(RECOVERY_LIMITS.windowMs);
    await lose(RECOVERY_LIMITS.losses);
    await expect(lose(1)).rejects.toMatchObject({ code: 'DEVICE_LOST', data: { losses: RECOVERY_LIMITS.losses + 1 } });
    expect(said.at(-1)).toBe('given up: unknown, a reset');
  });
});
