import { useSignal } from '@preact/signals';
import type { EarningsSnapshot, NodeApi } from '../../../protocol/node-api.ts';
import { formatMoney } from '../i18n/format.ts';
import { translate } from '../i18n/messages.ts';
import { errorText } from '../../../protocol/errors.ts';

/** Claiming waits for blocks on the chain: the button says so meanwhile, and what came of it afterwards. */
export function ClaimButton(props: { earnings: EarningsSnapshot; api: NodeApi; isConnected: boolean }) {
  const { earnings, api, isConnected } = props;
  const busy = useSignal(false);
  const outcome = useSignal('');

  async function claim(): Promise<void> {
    if (busy.value || !isConnected) return;
    busy.value = true;
    outcome.value = '';
    try {
      const { claimed } = await api.request('claim', {});
      outcome.value =
        BigInt(claimed) === 0n
          ? translate('action.claimNothing')
          : translate('action.claimed', { amount: formatMoney(claimed, earnings) });
    } catch (error) {
      outcome.value = translate('action.failed', { message: errorText(error) });
    } finally {
      busy.value = false;
    }
  }

  return (
    <p class="claim">
      <button type="button" class="button" aria-disabled={busy.value || !isConnected} onClick={() => void claim()}>
        {translate(busy.value ? 'action.claiming' : 'action.claim')}
      </button>
      <span aria-live="polite">{outcome.value}</span>
    </p>
  );
}
