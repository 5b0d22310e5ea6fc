import { translate } from './i18n/messages.ts';
import { Flame } from './icons.tsx';
import type { NodeStore } from './node-store.ts';
import { AdapterCard } from './views/adapter-card.tsx';
import { AlarmList } from './views/alarm-list.tsx';
import { ConnectionNotice } from './views/connection-notice.tsx';
import { EarningsCard } from './views/earnings-card.tsx';
import { NetworkCard } from './views/network-card.tsx';
import { StateCard } from './views/state-card.tsx';
import { TaskList } from './views/task-list.tsx';

export function App({ store }: { store: NodeStore }) {
  const snapshot = store.snapshot.value;
  const isConnected = store.connection.value === 'open';
  return (
    <>
      <header class="page-header">
        <span class="brand">
          <Flame className="brand-icon" />
          <h1>{translate('app.name')}</h1>
        </span>
        {snapshot !== null && (
          <span class="node-name">
            {snapshot.name} <span class="quiet">{translate('app.version', { version: snapshot.version })}</span>
          </span>
        )}
      </header>
      <main aria-label={translate('app.main')}>
        <ConnectionNotice state={store.connection.value} hasSnapshot={snapshot !== null} />
        {snapshot !== null && (
          <div class="grid" data-stale={!isConnected}>
            <StateCard
              state={snapshot.state}
              adapter={snapshot.adapter}
              nowMs={store.nowMs.value}
              api={store.api}
              isConnected={isConnected}
            />
            <AlarmList alarms={snapshot.alarms ?? []} nowMs={store.nowMs.value} />
            <EarningsCard earnings={snapshot.earnings} api={store.api} isConnected={isConnected} />
            <AdapterCard adapter={snapshot.adapter} />
            <NetworkCard snapshot={snapshot} />
            <TaskList tasks={snapshot.tasks} earnings={snapshot.earnings} />
          </div>
        )}
      </main>
    </>
  );
}
