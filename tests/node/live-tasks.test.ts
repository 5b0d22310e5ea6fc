import { describe, expect, it } from 'vitest';
import { createLiveTasks } from '../../main/node/live-tasks.ts';
import type { TaskSnapshot } from '../../protocol/node-api.ts';

const task: TaskSnapshot = {
  id: '0x01',
  role: 'provider',
  kind: 'chat',
  counterparty: '0x02',
  state: 'running',
  unitsDone: '0',
  unitsTotal: '64',
  amountDue: '0',
  startedAtMs: 1_000,
  finishedAtMs: null,
  unitsPerSecond: null,
  detail: '',
};

describe('the list of tasks an owner sees', () => {
  it('shows how a running task goes, with the start the ledger knows', () => {
    const tasks = createLiveTasks(() => [task]);
    tasks.note({ ...task, unitsDone: '16', unitsPerSecond: 20, startedAtMs: 5_000, detail: 'computing' });
    expect(tasks.list()).toEqual([{ ...task, unitsDone: '16', unitsPerSecond: 20, detail: 'computing' }]);
  });

  it('believes the ledger about how a task ended and keeps the rate it ran at', () => {
    const ended: TaskSnapshot = { ...task, state: 'claimed', unitsDone: '64', amountDue: '64', finishedAtMs: 9_000 };
    const tasks = createLiveTasks(() => [ended]);
    tasks.note({ ...task, state: 'running', unitsDone: '48', unitsPerSecond: 20 });
    expect(tasks.list()).toEqual([{ ...ended, unitsPerSecond: 20 }]);
  });

  it('does not mix up both sides of a task bought from itself', () => {
    const bought: TaskSnapshot = { ...task, role: 'requester' };
    const tasks = createLiveTasks(() => [bought, task]);
    tasks.note({ ...task, unitsDone: '16' });
    expect(tasks.list().map(({ unitsDone }) => unitsDone)).toEqual(['0', '16']);
  });

  it('remembers no more than it lists', () => {
    const tasks = createLiveTasks(() => [task]);
    tasks.note({ ...task, unitsDone: '16' });
    for (let index = 0; index < 100; index++) tasks.note({ ...task, id: `0x1${index}` });
    expect(tasks.list()).toEqual([task]);
  });
});
