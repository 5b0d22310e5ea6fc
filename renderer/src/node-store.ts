/** The dashboard's whole state: the newest snapshot, the connection, and the clock that "for 5 min" reads. */
import { computed, signal } from '@preact/signals';
import type { NodeApi, NodeSnapshot } from '../../protocol/node-api.ts';
import { translate } from './i18n/messages.ts';
import type { Connection, ConnectionState } from './transport/connection.ts';

const clockStepMs = 5_000;

export interface NodeStore {
  readonly api: NodeApi;
  readonly snapshot: { readonly value: NodeSnapshot | null };
  readonly connection: { readonly value: ConnectionState };
  readonly nowMs: { readonly value: number };
  readonly title: { readonly value: string };
}

export function createNodeStore(connection: Connection): NodeStore {
  const snapshot = signal<NodeSnapshot | null>(null);
  const state = signal<ConnectionState>('connecting');
  const nowMs = signal(Date.now());
  const title = computed(() => {
    const name = snapshot.value?.state.name;
    const app = translate('app.name');
    if (name === undefined) return app;
    const isUrgent = snapshot.value?.alarms?.some(({ severity }) => severity === 'urgent') === true;
    const state = translate(`state.${name}`);
    return `${isUrgent ? translate('alarm.title', { state }) : state} · ${app}`;
  });
  connection.onStateChange((next) => {
    state.value = next;
  });
  connection.api.subscribe((next) => {
    snapshot.value = next;
    nowMs.value = Date.now();
  });
  connection.start();
  setInterval(() => {
    nowMs.value = Date.now();
  }, clockStepMs);
  return { api: connection.api, snapshot, connection: state, nowMs, title };
}
