/** The tray: the state as an icon by shape, a tooltip with the reason, and the four things an owner does most. */
import { join } from 'node:path';
import type { Menu, MenuItemConstructorOptions, NativeImage, Tray } from 'electron';
import type { NodeAlarm, NodeState } from '../../protocol/node-api.ts';
import { ICON_SHAPES, alarmLabel, tooltipFor, wordsFor } from './state-words.ts';
import type { IconShape } from './state-words.ts';

export interface TrayActions {
  open(): void;
  pause(minutes?: number): void;
  resume(): void;
  finish(): void;
  quit(): void;
}

/** The part of Electron's Tray that is used. */
export type TrayIcon = Pick<Tray, 'setImage' | 'setToolTip' | 'setContextMenu' | 'destroy'> & {
  on(event: 'click', listener: () => void): unknown;
};

export interface TrayParts {
  readonly platform: NodeJS.Platform;
  readonly iconDirectory: string;
  readonly createTray: (icon: NativeImage) => TrayIcon;
  readonly createImage: (path: string) => NativeImage;
  readonly buildMenu: (template: MenuItemConstructorOptions[]) => Menu;
}

export interface HearthTray {
  show(state: NodeState): void;
  /** The most urgent of them stands in the menu, and opens the dashboard, where all are. Most urgent first. */
  warn(alarms: readonly NodeAlarm[]): void;
  destroy(): void;
}

/** Every action is in the dashboard too: GNOME shows no tray without an extension. */
export function trayMenuTemplate(
  state: NodeState,
  actions: TrayActions,
  alarms: readonly NodeAlarm[] = [],
): MenuItemConstructorOptions[] {
  const words = wordsFor(state.name);
  const alarm = alarmLabel(alarms);
  return [
    { id: 'state', label: words.title, enabled: false },
    { id: 'reason', label: state.reason, enabled: false },
    ...(alarm === null ? [] : [{ id: 'alarm', label: alarm, click: () => actions.open() }]),
    { type: 'separator' },
    { id: 'open', label: 'Open Hearth', click: () => actions.open() },
    words.canResume
      ? { id: 'resume', label: 'Resume', click: () => actions.resume() }
      : { id: 'pause', label: 'Pause', enabled: words.canPause, click: () => actions.pause() },
    { id: 'pause-30', label: 'Pause for 30 minutes', enabled: words.canPause, click: () => actions.pause(30) },
    { id: 'finish', label: 'Finish this task, then stop', enabled: words.canFinish, click: () => actions.finish() },
    { type: 'separator' },
    { id: 'quit', label: 'Quit Hearth', click: () => actions.quit() },
  ];
}

export function trayIconPath(directory: string, shape: IconShape, platform: NodeJS.Platform): string {
  // "Template" in the name and black on clear: macOS paints it to fit the menu bar. "@2x" beside it is found by Electron.
  return join(directory, platform === 'darwin' ? `tray-${shape}Template.png` : `tray-${shape}.png`);
}

export function createHearthTray(parts: TrayParts, actions: TrayActions, initial: NodeState): HearthTray {
  const images = new Map<IconShape, NativeImage>();
  for (const shape of ICON_SHAPES) {
    const image = parts.createImage(trayIconPath(parts.iconDirectory, shape, parts.platform));
    if (parts.platform === 'darwin') image.setTemplateImage(true);
    images.set(shape, image);
  }
  const imageFor = (state: NodeState): NativeImage => images.get(wordsFor(state.name).shape) as NativeImage;
  const tray = parts.createTray(imageFor(initial));
  // A click means "open" where it means anything; on macOS and most Linux desktops it opens the menu instead.
  if (parts.platform === 'win32') tray.on('click', () => actions.open());

  let shown: string | null = null;
  let state = initial;
  let alarms: readonly NodeAlarm[] = [];
  const draw = (): void => {
    const key = [state.name, state.reason, state.fix ?? '', alarmLabel(alarms) ?? ''].join('\n');
    if (key === shown) return;
    shown = key;
    tray.setImage(imageFor(state));
    tray.setToolTip(tooltipFor(state));
    // Linux shows changes of a menu only when the menu is set again (docs/api/tray.md).
    tray.setContextMenu(parts.buildMenu(trayMenuTemplate(state, actions, alarms)));
  };
  draw();
  return {
    show(next) {
      state = next;
      draw();
    },
    warn(next) {
      alarms = next;
      draw();
    },
    destroy: () => tray.destroy(),
  };
}
