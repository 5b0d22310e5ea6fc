/** How a node's state is told in the tray: one short title, and one icon shape, for no state is told by colour alone. */
import type { AlarmSeverity, NodeAlarm, NodeState, NodeStateName } from '../../protocol/node-api.ts';

/** The shapes that scripts/make-icons.mjs draws. */
export type IconShape = 'ring' | 'dots' | 'flame' | 'bars' | 'triangle' | 'check';

export const ICON_SHAPES: readonly IconShape[] = ['ring', 'dots', 'flame', 'bars', 'triangle', 'check'];

interface StateWords {
  readonly title: string;
  readonly shape: IconShape;
  readonly canPause: boolean;
  readonly canResume: boolean;
  readonly canFinish: boolean;
}

const wordsByState: Record<NodeStateName, StateWords> = {
  off: { title: 'Off', shape: 'ring', canPause: false, canResume: false, canFinish: false },
  starting: { title: 'Starting', shape: 'dots', canPause: false, canResume: false, canFinish: false },
  waiting: { title: 'Waiting for work', shape: 'ring', canPause: true, canResume: false, canFinish: true },
  working: { title: 'Working', shape: 'flame', canPause: true, canResume: false, canFinish: true },
  pausing: { title: 'Pausing', shape: 'dots', canPause: false, canResume: true, canFinish: false },
  paused: { title: 'Paused', shape: 'bars', canPause: false, canResume: true, canFinish: false },
  blocked: { title: 'Blocked', shape: 'triangle', canPause: true, canResume: false, canFinish: false },
  finishing: { title: 'Finishing', shape: 'check', canPause: false, canResume: true, canFinish: false },
};

export function wordsFor(name: NodeStateName): StateWords {
  return wordsByState[name];
}

/** Windows cuts a tooltip at 127 characters; a cut sentence says so. */
const MAX_TOOLTIP_CHARACTERS = 127;

export function tooltipFor(state: NodeState): string {
  const text = `Hearth: ${wordsFor(state.name).title}. ${state.reason}${state.fix === undefined ? '' : ` ${state.fix}`}`;
  return text.length <= MAX_TOOLTIP_CHARACTERS ? text : `${text.slice(0, MAX_TOOLTIP_CHARACTERS - 1)}…`;
}

const severityWords: Record<AlarmSeverity, string> = { urgent: 'Urgent', warning: 'Warning', notice: 'Notice' };
/** Menus get as wide as their longest line. */
const MAX_LABEL_CHARACTERS = 90;

/** The most urgent alarm in one line, and how many more there are; null when nothing needs the owner. */
export function alarmLabel(alarms: readonly NodeAlarm[]): string | null {
  const [first, ...others] = alarms.filter(({ severity }) => severity !== 'notice');
  if (first === undefined) return null;
  const text = `${severityWords[first.severity]}: ${first.message}`;
  const line = text.length <= MAX_LABEL_CHARACTERS ? text : `${text.slice(0, MAX_LABEL_CHARACTERS - 1)}…`;
  return others.length === 0 ? line : `${line} (${others.length} more)`;
}
