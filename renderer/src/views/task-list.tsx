import type { EarningsSnapshot, TaskSnapshot, TaskState } from '../../../protocol/node-api.ts';
import { formatClock, formatCount, formatDateAndTime, formatMoney, formatSpeed } from '../i18n/format.ts';
import { type MessageKey, translate, translateCount } from '../i18n/messages.ts';
import { Card } from './card.tsx';
import { Identifier } from './network-card.tsx';

const columns: readonly MessageKey[] = [
  'tasks.task',
  'tasks.counterparty',
  'tasks.progress',
  'tasks.speed',
  'tasks.amount',
  'tasks.state',
  'tasks.started',
];

const runningStates: ReadonlySet<TaskState> = new Set(['agreed', 'running']);

/**
 * Roles are written out: on a narrow screen the rows are laid out as cards, and browsers forget that they were a table.
 */
export function TaskList({ tasks, earnings }: { tasks: readonly TaskSnapshot[]; earnings: EarningsSnapshot }) {
  const runningCount = tasks.filter(({ state }) => runningStates.has(state)).length;
  return (
    <Card
      name="tasks"
      heading={translate('tasks.heading')}
      aside={runningCount > 0 && <span class="badge">{translateCount('tasks.running', runningCount)}</span>}
    >
      {tasks.length === 0 ? (
        <p class="empty">{translate('tasks.empty')}</p>
      ) : (
        <table class="tasks" role="table">
          <caption class="visually-hidden">{translate('tasks.caption')}</caption>
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((key) => (
                <th key={key} scope="col" role="columnheader">
                  {translate(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {tasks.map((task) => (
              <TaskRow key={`${task.id}-${task.role}`} task={task} earnings={earnings} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function TaskRow({ task, earnings }: { task: TaskSnapshot; earnings: EarningsSnapshot }) {
  const unit = translate(task.kind === 'chat' ? 'unit.tokens' : 'unit.samples');
  return (
    <tr role="row" data-state={task.state}>
      <th scope="row" role="rowheader" class="cell-task">
        {translate(`tasks.${task.kind}`)} <span class="task-detail">{task.detail}</span>
      </th>
      <td role="cell" class="cell-with">
        <span class="quiet">{translate(`tasks.${task.role}`)}</span> <Identifier text={task.counterparty} />
      </td>
      <td role="cell" class="cell-progress">
        <Progress task={task} unit={unit} />
      </td>
      <td role="cell" class="cell-speed number">
        {task.unitsPerSecond === null
          ? '–'
          : translate('tasks.speedOf', { speed: formatSpeed(task.unitsPerSecond), unit })}
      </td>
      <td role="cell" class="cell-amount number">
        {formatMoney(task.amountDue, earnings)}
      </td>
      <td role="cell" class="cell-state">
        <span class="task-state">{translate(`task.${task.state}`)}</span>
      </td>
      <td role="cell" class="cell-started">
        <time dateTime={new Date(task.startedAtMs).toISOString()} title={formatDateAndTime(task.startedAtMs)}>
          {formatClock(task.startedAtMs)}
        </time>
      </td>
    </tr>
  );
}

/** The bar is a picture of the words under it. */
function Progress({ task, unit }: { task: TaskSnapshot; unit: string }) {
  const done = Number(task.unitsDone);
  const total = Number(task.unitsTotal);
  const label = translate('tasks.progressOf', { done: formatCount(done), total: formatCount(total), unit });
  return (
    <>
      <progress value={done} max={Math.max(1, total)} aria-label={label} />
      <span class="progress-text" aria-hidden="true">
        {label}
      </span>
    </>
  );
}
