import { formatAmount } from '../../protocol/money.ts';
import type { NodeAlarm } from '../../protocol/node-api.ts';
import type { ClaimWatch } from '../payment/index.ts';

/** Unclaimed earnings are only as safe as the payer's withdraw delay is long; this is far inside a day. */
const lookEveryMs = 5 * 60_000;

/** Looks at the start, because a payer may have begun to withdraw while the node was off, and every five minutes. */
export function createClaimPolicy(options: {
  readonly watch: ClaimWatch;
  /** What else the owner should know of, asked at each look. */
  readonly remind?: () => readonly NodeAlarm[];
  readonly log: (line: string) => void;
  readonly onChange: () => void;
}): { look(): Promise<void>; readonly alarms: readonly NodeAlarm[]; close(): void } {
  const { watch, remind = () => [], log, onChange } = options;
  let alarms: readonly NodeAlarm[] = [];
  let said = '';

  async function look(): Promise<void> {
    const report = await watch.look();
    if (report !== null && report.claimed > 0n) {
      log(`Claimed ${formatAmount(report.claimed)} on ${report.channels} channels.`);
    }
    alarms = [...watch.alarms, ...remind()];
    const now = alarms.map((alarm) => alarm.message).join(' ');
    if (now !== said && now !== '') log(now);
    if (now !== said || report !== null) onChange();
    said = now;
  }

  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  void look();
  return {
    look,
    get alarms() {
      return alarms;
    },
    close: () => clearInterval(timer),
  };
}
