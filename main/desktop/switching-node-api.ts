/**
 * A NodeApi that is there before the node is: until the node has started it answers with its own picture, whose state says what it
 * waits for, and refuses to act. Windows connect once and never see the change.
 */
import { HearthError } from '../../protocol/errors.ts';
import type { NodeApi, NodeRequestName, NodeRequests, NodeSnapshot, NodeState } from '../../protocol/node-api.ts';
import { DesktopError } from './desktop-error.ts';

export interface SwitchingNodeApi extends NodeApi {
  /** What is shown while there is no node. */
  setState(state: NodeState): void;
  switchTo(api: NodeApi): void;
}

export interface SwitchingNodeApiOptions {
  readonly version: string;
  readonly name: string;
  readonly initial: NodeState;
}

export function createSwitchingNodeApi({ version, name, initial }: SwitchingNodeApiOptions): SwitchingNodeApi {
  const listeners = new Set<(snapshot: NodeSnapshot) => void>();
  let own = emptySnapshot(version, name, initial);
  let node: NodeApi | null = null;

  function publish(snapshot: NodeSnapshot): void {
    for (const listener of listeners) listener(snapshot);
  }

  async function answer(request: NodeRequestName): Promise<unknown> {
    if (request === 'getSnapshot') return own;
    throw new DesktopError('NODE_NOT_READY', `"${request}" needs a running node: ${own.state.reason}`);
  }

  return {
    setState(state) {
      own = { ...own, state };
      if (node === null) publish(own);
    },
    switchTo(api) {
      if (node !== null) throw new HearthError('ALREADY_SWITCHED', 'the node API was switched to a node already');
      node = api;
      api.subscribe(publish);
      void api.request('getSnapshot', {}).then(publish, () => {});
    },
    request<Name extends NodeRequestName>(request: Name, parameters: NodeRequests[Name][0]) {
      return node === null ? (answer(request) as Promise<NodeRequests[Name][1]>) : node.request(request, parameters);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function emptySnapshot(version: string, name: string, state: NodeState): NodeSnapshot {
  return {
    version,
    name,
    state,
    adapter: null,
    peerId: null,
    addresses: [],
    peerCount: 0,
    wallet: null,
    chainId: null,
    tasks: [],
    earnings: { currency: 'USDC', decimals: 6, earned: '0', claimed: '0', settled: '0', spent: '0', series: [] },
  };
}
