/** Electron: the preload script put a NodeApi at `window.hearth`. */
import type { NodeApi, NodeSnapshot } from '../../../protocol/node-api.ts';
import type { Connection, ConnectionState } from './connection.ts';

declare global {
  interface Window {
    readonly hearth?: NodeApi;
  }
}

export function createBridgeConnection(bridge: NodeApi): Connection {
  let report: ((state: ConnectionState) => void) | undefined;
  const api: NodeApi = {
    request: (name, parameters) => bridge.request(name, parameters),
    subscribe(listener) {
      const deliver = (snapshot: NodeSnapshot): void => {
        report?.('open');
        listener(snapshot);
      };
      const unsubscribe = bridge.subscribe(deliver);
      // The bridge pushes changes only; the first picture is asked for.
      bridge.request('getSnapshot', {}).then(deliver, () => report?.('lost'));
      return unsubscribe;
    },
  };
  return {
    api,
    onStateChange(listener) {
      report = listener;
    },
    start() {},
  };
}
