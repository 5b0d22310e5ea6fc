import type {
  AlarmSeverity,
  EarningsSnapshot,
  NodeAlarm,
  NodeSnapshot,
  NodeState,
  NodeStateName,
} from '../../protocol/node-api.ts';
import { formatAmount } from '../../protocol/money.ts';

const stateTitles: Record<NodeStateName, string> = {
  off: 'Off',
  starting: 'Starting',
  waiting: 'Waiting',
  working: 'Working',
  pausing: 'Pausing',
  paused: 'Paused',
  blocked: 'Blocked',
  finishing: 'Finishing',
};

/** `Blocked: no GPU was found. Fix: ...` */
export function renderState({ name, reason, fix }: NodeState): string {
  return `${stateTitles[name]}: ${reason}${fix === undefined ? '' : ` Fix: ${fix}`}`;
}

/** The text of `hearth status`. */
export function renderStatus(snapshot: NodeSnapshot): string {
  const { adapter, earnings, tasks } = snapshot;
  const running = tasks.filter(({ state }) => state === 'running' || state === 'agreed');
  const rows: (readonly [string, string])[] = [
    ['State', renderState(snapshot.state)],
    ['Adapter', adapter === null ? 'none' : `${adapter.name}${adapter.isSoftware ? ' (software: never earns)' : ''}`],
    ['Peers', `${snapshot.peerCount}`],
    ['Peer id', snapshot.peerId ?? 'none'],
    ['Address', snapshot.addresses[0] ?? 'none'],
    ...(typeof snapshot.x402Url === 'string' ? [['x402', snapshot.x402Url] as const] : []),
    ['Wallet', snapshot.wallet === null ? 'none' : `${snapshot.wallet}, chain ${snapshot.chainId ?? 'none'}`],
    ['Earned', renderEarnings(earnings)],
    ['Tasks', `${running.length} running, ${tasks.length} in the list`],
  ];
  for (const task of running) {
    const speed = task.unitsPerSecond === null ? '' : `, ${task.unitsPerSecond.toPrecision(3)}/s`;
    rows.push(['', `${task.kind} ${task.unitsDone}/${task.unitsTotal}${speed}: ${task.detail}`]);
  }
  rows.push(...(snapshot.alarms ?? []).flatMap(alarmRows));
  return rows.map(([label, value]) => `${label.padEnd(9)}${value}`).join('\n');
}

const severityTitles: Record<AlarmSeverity, string> = { urgent: 'URGENT', warning: 'Warning', notice: 'Notice' };

function alarmRows({ severity, message, fix }: NodeAlarm): (readonly [string, string])[] {
  return [
    [severityTitles[severity], message],
    ['', `Fix: ${fix}`],
  ];
}

function renderEarnings({ currency, decimals, earned, claimed, settled, spent }: EarningsSnapshot): string {
  const format = (amount: string): string => `${formatAmount(BigInt(amount), decimals)} ${currency}`;
  return `${format(earned)} (claimed ${format(claimed)}, settled ${format(settled)}; spent ${format(spent)})`;
}
