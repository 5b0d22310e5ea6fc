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
        <table class="tasks">
          <caption class="visually-hidden">{translate('tasks.caption')}</caption>
          <thead>
            <tr>
              {columns.map((key) => (
                <th key={key} scope="col">
                  {translate(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
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
    <tr data-state={task.state}>
      <th scope="row">
        {translate(`tasks.${task.kind}`)} <span class="task-detail">{task.detail}</span>
      </th>
      <td data-label={translate('tasks.counterparty')}>
        <span class="quiet">{translate(`tasks.${task.role}`)}</span> <Identifier text={task.counterparty} />
      </td>
      <td data-label={translate('tasks.progress')}>
        <Progress task={task} unit={unit} />
      </td>
      <td data-label={translate('tasks.speed')} class="number">
        {task.unitsPerSecond === null
          ? '–'
          : translate('tasks.speedOf', { speed: formatSpeed(task.unitsPerSecond), unit })}
      </td>
      <td data-label={translate('tasks.amount')} class="number">
        {formatMoney(task.amountDue, earnings)}
      </td>
      <td data-label={translate('tasks.state')}>
        <span class="task-state">{translate(`task.${task.state}`)}</span>
      </td>
      <td data-label={translate('tasks.started')}>
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
