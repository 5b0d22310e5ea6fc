import { translate } from '../i18n/messages.ts';
import type { ConnectionState } from '../transport/connection.ts';

/** Says when the page does not show the present: nothing while it does. */
export function ConnectionNotice({ state, hasSnapshot }: { state: ConnectionState; hasSnapshot: boolean }) {
  if (state === 'open') return null;
  if (state === 'connecting') {
    return hasSnapshot ? null : (
      <p class="notice" role="status">
        {translate('connection.connecting')}
      </p>
    );
  }
  const detail =
    state === 'refused'
      ? translate('connection.refusedDetail')
      : hasSnapshot
        ? translate('connection.lostDetail')
        : translate('connection.connecting');
  return (
    <div class="notice notice-strong" role="alert">
      <strong>{translate(state === 'refused' ? 'connection.refused' : 'connection.lost')}</strong> {detail}
    </div>
  );
}
