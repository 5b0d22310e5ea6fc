import { formatAmount } from '../../protocol/money.ts';
import type { ProviderPayments } from '../payment/types.ts';

/** Unclaimed earnings are only as safe as the payer's withdraw delay is long; this is far inside a day. */
const checkEveryMs = 5 * 60_000;
/**
 * One unit of a dollar token. A claim of one channel takes about 100,000 gas, cents on the chains this rail lives on, so
 * from here on a claim brings many times what it costs. `hearth claim` takes less at the owner's word.
 */
const claimFrom = 1_000_000n;

/** Claims by itself once enough has been earned; a failing chain is tried again at the next look. */
export function createClaimPolicy(options: {
  readonly payments: Pick<ProviderPayments, 'totals' | 'claimAndSettle'>;
  readonly log: (line: string) => void;
  readonly onClaimed: () => void;
}): { check(): Promise<void>; close(): void } {
  const { payments, log, onClaimed } = options;

  async function check(): Promise<void> {
    const { earned, claimed } = payments.totals();
    if (earned - claimed < claimFrom) return;
    try {
      const report = await payments.claimAndSettle();
      log(`Claimed ${formatAmount(report.claimed)} on ${report.channels} channels.`);
      onClaimed();
    } catch (error) {
      log(`A claim failed and will be tried again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  const timer = setInterval(() => void check(), checkEveryMs);
  timer.unref();
  return { check, close: () => clearInterval(timer) };
}
