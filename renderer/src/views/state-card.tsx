import { useSignal } from '@preact/signals';
import type { AdapterSnapshot, NodeApi, NodeState, NodeStateName } from '../../../protocol/node-api.ts';
import { formatDuration } from '../i18n/format.ts';
import { type MessageKey, translate } from '../i18n/messages.ts';
import { StateIcon } from '../icons.tsx';
import { errorText } from '../../../protocol/errors.ts';

type Action = 'pause' | 'pauseHalfHour' | 'resume' | 'finish';

const actionsByState: Record<NodeStateName, readonly Action[]> = {
  off: [],
  starting: [],
  waiting: ['pause', 'pauseHalfHour', 'finish'],
  working: ['pause', 'pauseHalfHour', 'finish'],
  pausing: ['resume'],
  paused: ['resume'],
  blocked: [],
  finishing: ['resume', 'pause'],
};

const actionTexts: Record<Action, MessageKey> = {
  pause: 'action.pause',
  pauseHalfHour: 'action.pauseHalfHour',
  resume: 'action.resume',
  finish: 'action.finish',
};

function ask(api: NodeApi, action: Action): Promise<NodeState> {
  if (action === 'pauseHalfHour') return api.request('pause', { minutes: 30 });
  return api.request(action, {});
}

export function StateCard(props: {
  state: NodeState;
  adapter: AdapterSnapshot | null;
  nowMs: number;
  api: NodeApi;
  isConnected: boolean;
}) {
  const { state, adapter, nowMs, api, isConnected } = props;
  const busy = useSignal(false);
  const failure = useSignal<string | null>(null);

  async function act(action: Action): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    failure.value = null;
    try {
      await ask(api, action);
    } catch (error) {
      failure.value = errorText(error);
    } finally {
      busy.value = false;
    }
  }

  const actions = actionsByState[state.name];
  return (
    <section class="card card-state" data-state={state.name} aria-label={translate('state.heading')}>
      <div class="state-body">
        <span class="state-badge">
          <StateIcon name={state.name} />
        </span>
        <div>
          <div role="status">
            <p class="state-name">{translate(`state.${state.name}`)}</p>
            <p class="state-reason">{state.reason}</p>
            {state.fix !== undefined && <p class="state-fix">{translate('state.fix', { fix: state.fix })}</p>}
          </div>
          <p class="state-since quiet">
            {translate('state.since', { duration: formatDuration(nowMs - state.sinceMs) })}
          </p>
        </div>
      </div>
      <div class="state-actions" role="group" aria-label={translate('action.group')}>
        {actions.map((action) => (
          <button
            key={action}
            type="button"
            class={action === 'resume' ? 'button button-first' : 'button'}
            aria-disabled={busy.value || !isConnected}
            onClick={() => void (isConnected && act(action))}
          >
            {translate(actionTexts[action])}
          </button>
        ))}
      </div>
      {failure.value !== null && (
        <p class="failure" role="alert">
          {translate('action.failed', { message: failure.value })}
        </p>
      )}
      {adapter?.isSoftware === true && (
        <p class="software-note">
          <strong>{translate('adapter.software')}.</strong> {translate('adapter.softwareNote')}
        </p>
      )}
    </section>
  );
}
