import { formatAmount, tokenName } from '../../protocol/money.ts';
import { alarmSeverities, type NodeAlarm } from '../../protocol/node-api.ts';
import type { ClaimWatch } from '../payment/index.ts';

/** Unclaimed earnings are only as safe as the payer's withdraw delay is long; this is far inside a day. */
const lookEveryMs = 5 * 60_000;
/** An owner who has just proven a backup wants to see it. */
const remindEveryMs = 15_000;

function byUrgency(one: NodeAlarm, other: NodeAlarm): number {
  return alarmSeverities.indexOf(one.severity) - alarmSeverities.indexOf(other.severity);
}

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

  function show(): void {
    const before = alarms.map(({ message }) => message);
    alarms = [...watch.alarms, ...remind()].toSorted(byUrgency);
    const raised = alarms.filter(({ message }) => !before.includes(message));
    for (const { message, fix } of raised) log(`${message} ${fix}`);
    if (raised.length > 0 || alarms.length !== before.length) onChange();
  }

  async function look(): Promise<void> {
    const report = await watch.look();
    if (report !== null && report.claimed > 0n) {
      log(`Claimed ${formatAmount(report.claimed)} ${tokenName} on ${report.channels} channels.`);
    }
    show();
    if (report !== null) onChange();
  }

  const timers = [setInterval(() => void look(), lookEveryMs), setInterval(show, remindEveryMs)];
  for (const timer of timers) timer.unref();
  // What needs no chain is said before the first task can come.
  show();
  void look();
  return {
    look,
    get alarms() {
      return alarms;
    },
    close() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
