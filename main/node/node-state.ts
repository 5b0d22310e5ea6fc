import type { NodeState } from '../../protocol/node-api.ts';
import type { OwnerDecision } from '../owner/owner-control.ts';

/** Everything the state is a function of; the node collects it, this file decides, the three user interfaces show the same. */
export interface NodeFacts {
  readonly stopped: boolean;
  readonly started: boolean;
  /** Why nothing can be earned, with what the owner can do about it. */
  readonly blocked: { readonly reason: string; readonly fix: string } | null;
  readonly owner: OwnerDecision;
  readonly runningTasks: number;
  readonly peerCount: number;
  readonly isSoftwareAdapter: boolean;
}

/** DESIGN §9. The order is what an owner wants to know first: off, cannot, was told not to, does, waits. */
export function decideNodeState(facts: NodeFacts): Omit<NodeState, 'sinceMs'> {
  const { owner, runningTasks, peerCount } = facts;
  const tasks = `${runningTasks} ${runningTasks === 1 ? 'task' : 'tasks'}`;
  if (facts.stopped) return { name: 'off', reason: 'The node is stopped.' };
  if (facts.blocked !== null) return { name: 'blocked', reason: facts.blocked.reason, fix: facts.blocked.fix };
  if (!facts.started) return { name: 'starting', reason: 'Starting: opening the adapter and the network.' };
  if (owner.kind === 'pause') {
    return runningTasks > 0
      ? { name: 'pausing', reason: `${owner.reason} Handing back ${tasks}.` }
      : { name: 'paused', reason: owner.reason };
  }
  if (owner.kind === 'finish') {
    return runningTasks > 0
      ? { name: 'finishing', reason: `${owner.reason} ${tasks} running.` }
      : { name: 'paused', reason: 'Finished: no new work is taken until you resume.' };
  }
  const software = facts.isSoftwareAdapter ? ' Software adapter: for trying out, not for earning.' : '';
  if (runningTasks > 0) return { name: 'working', reason: `Working on ${tasks}.${software}` };
  const peers = `${peerCount} ${peerCount === 1 ? 'peer' : 'peers'}`;
  return { name: 'waiting', reason: `Waiting for work: ${peers} connected.${software}` };
}
