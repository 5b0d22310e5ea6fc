import type { AlarmSeverity, NodeAlarm } from '../../../protocol/node-api.ts';
import { formatDuration } from '../i18n/format.ts';
import { type MessageKey, translate } from '../i18n/messages.ts';
import { AlarmIcon } from '../icons.tsx';

const severityTexts: Record<AlarmSeverity, MessageKey> = {
  urgent: 'alarm.urgent',
  warning: 'alarm.warning',
  notice: 'alarm.notice',
};

/** What the owner should know of now, most urgent first; nothing at all while all is well. New ones are read out politely. */
export function AlarmList({ alarms, nowMs }: { alarms: readonly NodeAlarm[]; nowMs: number }) {
  return (
    <div class="alarms" aria-live="polite" data-empty={alarms.length === 0}>
      {alarms.length > 0 && (
        <section aria-labelledby="alarms-heading">
          <h2 id="alarms-heading">{translate('alarm.heading')}</h2>
          <ul class="alarm-list">
            {alarms.map((alarm) => (
              <Alarm key={`${alarm.code} ${alarm.message}`} alarm={alarm} nowMs={nowMs} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Alarm({ alarm, nowMs }: { alarm: NodeAlarm; nowMs: number }) {
  const { severity, message, fix, sinceMs } = alarm;
  return (
    <li class="alarm" data-severity={severity}>
      <AlarmIcon severity={severity} />
      <div class="alarm-text">
        <p>
          <strong class="alarm-severity">{translate(severityTexts[severity])}</strong> {message}
        </p>
        <p class="alarm-fix">{translate('state.fix', { fix })}</p>
        <p class="alarm-since quiet">{translate('state.since', { duration: formatDuration(nowMs - sinceMs) })}</p>
      </div>
    </li>
  );
}
