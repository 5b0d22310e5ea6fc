import type { Menu, MenuItemConstructorOptions, NativeImage } from 'electron';
import { expect, test } from 'vitest';
import type { NodeAlarm, NodeState, NodeStateName } from '../../protocol/node-api.ts';
import { tooltipFor } from '../../main/desktop/state-words.ts';
import { createHearthTray, trayMenuTemplate } from '../../main/desktop/tray.ts';
import type { TrayActions } from '../../main/desktop/tray.ts';
import { waitingState } from './electron-fakes.ts';

const noActions: TrayActions = { open() {}, pause() {}, resume() {}, finish() {}, quit() {} };

function stateNamed(name: NodeStateName): NodeState {
  return { name, reason: `Because it is ${name}.`, sinceMs: 0 };
}

/** Ids of the items that can be chosen; the separators have none. */
function items(...ids: string[]): (string | undefined)[] {
  return [undefined, 'open', ...ids, undefined, 'quit'];
}

function createFakeTray(platform: NodeJS.Platform, actions: TrayActions = noActions) {
  const shown: { icon: string; tooltip: string; items: (string | undefined)[] }[] = [];
  const clicks: (() => void)[] = [];
  const templates: string[] = [];
  let icon = '';
  let tooltip = '';
  const tray = createHearthTray(
    {
      platform,
      iconDirectory: '/icons',
      createImage: (path) => ({ path, setTemplateImage: () => templates.push(path) }) as unknown as NativeImage,
      buildMenu: (template) => template as unknown as Menu,
      createTray: () => ({
        setImage: (image) => (icon = (image as unknown as { path: string }).path),
        setToolTip: (text) => (tooltip = text),
        setContextMenu: (menu) => {
          const items = menu as unknown as MenuItemConstructorOptions[];
          shown.push({ icon, tooltip, items: items.filter(({ enabled }) => enabled !== false).map(({ id }) => id) });
        },
        on: (_event, listener) => clicks.push(listener),
        destroy: () => {},
      }),
    },
    actions,
    waitingState,
  );
  return { tray, shown, clicks, templates };
}

test('every state has its own shape or words, its reason in the tooltip, and only what can be done', () => {
  const names: NodeStateName[] = ['off', 'starting', 'working', 'pausing', 'paused', 'blocked', 'finishing'];
  const { tray, shown } = createFakeTray('linux');
  for (const name of names) tray.show(stateNamed(name));
  expect(shown).toEqual([
    {
      icon: '/icons/tray-ring.png',
      tooltip: 'Hearth: Waiting for work. Waiting for work; 2 peers.',
      items: items('pause', 'pause-30', 'finish'),
    },
    { icon: '/icons/tray-ring.png', tooltip: 'Hearth: Off. Because it is off.', items: items() },
    { icon: '/icons/tray-dots.png', tooltip: 'Hearth: Starting. Because it is starting.', items: items() },
    {
      icon: '/icons/tray-flame.png',
      tooltip: 'Hearth: Working. Because it is working.',
      items: items('pause', 'pause-30', 'finish'),
    },
    { icon: '/icons/tray-dots.png', tooltip: 'Hearth: Pausing. Because it is pausing.', items: items('resume') },
    { icon: '/icons/tray-bars.png', tooltip: 'Hearth: Paused. Because it is paused.', items: items('resume') },
    {
      icon: '/icons/tray-triangle.png',
      tooltip: 'Hearth: Blocked. Because it is blocked.',
      items: items('pause', 'pause-30'),
    },
    { icon: '/icons/tray-check.png', tooltip: 'Hearth: Finishing. Because it is finishing.', items: items('resume') },
  ]);
});

test('the menu is set again only when something changed', () => {
  const { tray, shown } = createFakeTray('linux');
  tray.show({ ...waitingState, sinceMs: 99 });
  expect(shown).toHaveLength(1);
});

const closing: NodeAlarm = { code: 'CHANNEL_CLOSING', severity: 'urgent', message: 'It closes.', fix: '', sinceMs: 0 };

test('the most urgent alarm stands in the menu, opens the dashboard, and goes when it is over', () => {
  const warning: NodeAlarm = { ...closing, severity: 'warning', message: 'x'.repeat(200) };
  const notice: NodeAlarm = { ...closing, severity: 'notice' };
  let opened = 0;
  const actions = { ...noActions, open: () => (opened += 1) };
  const labelOf = (...alarms: NodeAlarm[]) => {
    const item = trayMenuTemplate(waitingState, actions, alarms).find(({ id }) => id === 'alarm');
    (item?.click as (() => void) | undefined)?.();
    return item?.label;
  };
  expect(labelOf(closing, warning, notice)).toBe('Urgent: It closes. (1 more)');
  expect(labelOf(warning)).toMatch(/^Warning: x{80}…$/);
  expect([labelOf(notice), labelOf(), opened]).toEqual([undefined, undefined, 2]);

  const { tray, shown } = createFakeTray('linux', actions);
  tray.warn([closing]);
  tray.warn([closing, notice]);
  tray.warn([]);
  expect(shown.map((menu) => menu.items.includes('alarm'))).toEqual([false, true, false]);
});

test('a blocked node says in the tooltip what can be done', () => {
  const state: NodeState = { ...stateNamed('blocked'), fix: 'Update the driver.' };
  expect(tooltipFor(state)).toBe('Hearth: Blocked. Because it is blocked. Update the driver.');
});

test('a tooltip longer than Windows shows is cut where one sees it', () => {
  const text = tooltipFor({ ...stateNamed('blocked'), reason: 'x'.repeat(500) });
  expect([text.length, text.at(-1)]).toEqual([127, '…']);
});

test('the menu does what it says', () => {
  const done: unknown[] = [];
  const actions: TrayActions = {
    open: () => done.push('open'),
    pause: (minutes) => done.push(['pause', minutes]),
    resume: () => done.push('resume'),
    finish: () => done.push('finish'),
    quit: () => done.push('quit'),
  };
  const clickAll = (state: NodeState): void => {
    for (const { click } of trayMenuTemplate(state, actions)) (click as (() => void) | undefined)?.();
  };
  clickAll(waitingState);
  clickAll(stateNamed('paused'));
  expect(done).toEqual([
    'open',
    ['pause', undefined],
    ['pause', 30],
    'finish',
    'quit',
    'open',
    'resume',
    ['pause', 30],
    'finish',
    'quit',
  ]);
});

test('macOS gets template images, Windows opens the dashboard on a click', () => {
  expect(createFakeTray('darwin').templates).toContain('/icons/tray-flameTemplate.png');
  const clicks = (['darwin', 'linux', 'win32'] as const).map((platform) => createFakeTray(platform).clicks.length);
  expect(clicks).toEqual([0, 0, 1]);
});
