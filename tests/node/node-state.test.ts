import { describe, expect, it } from 'vitest';
import { decideNodeState, type NodeFacts } from '../../main/node/node-state.ts';

const quiet: NodeFacts = {
  stopped: false,
  started: true,
  blocked: null,
  owner: { kind: 'work' },
  runningTasks: 0,
  peerCount: 3,
  isSoftwareAdapter: false,
};
const blocked = { reason: 'No adapter answered.', fix: 'Install a Vulkan driver.' };
const pause = { kind: 'pause', reason: 'Paused by you until you resume.' } as const;
const finish = { kind: 'finish', reason: 'Finishing the task in hand, then no more.' } as const;

describe('the state an owner sees', () => {
  it.each<[string, Partial<NodeFacts>, string, string]>([
    ['off wins over everything', { stopped: true, blocked, owner: pause }, 'off', 'The node is stopped.'],
    ['blocked names the cause', { blocked, runningTasks: 1 }, 'blocked', 'No adapter answered.'],
    [
      'starting until the network is up',
      { started: false },
      'starting',
      'Starting: opening the adapter and the network.',
    ],
    [
      'pausing while work is handed back',
      { owner: pause, runningTasks: 1 },
      'pausing',
      'Paused by you until you resume. Handing back 1 task.',
    ],
    ['paused with the reason', { owner: pause }, 'paused', 'Paused by you until you resume.'],
    [
      'finishing while a task runs',
      { owner: finish, runningTasks: 2 },
      'finishing',
      'Finishing the task in hand, then no more. 2 tasks running.',
    ],
    ['finished afterwards', { owner: finish }, 'paused', 'Finished: no new work is taken until you resume.'],
    ['working', { runningTasks: 2 }, 'working', 'Working on 2 tasks.'],
    ['waiting counts peers', { peerCount: 1 }, 'waiting', 'Waiting for work: 1 peer connected.'],
    [
      'a software adapter says so',
      { isSoftwareAdapter: true },
      'waiting',
      'Waiting for work: 3 peers connected. Software adapter: for trying out, not for earning.',
    ],
  ])('%s', (_title, facts, name, reason) => {
    expect(decideNodeState({ ...quiet, ...facts })).toMatchObject({ name, reason });
  });

  it('offers the fix with the block', () => {
    expect(decideNodeState({ ...quiet, blocked }).fix).toBe('Install a Vulkan driver.');
  });
});
