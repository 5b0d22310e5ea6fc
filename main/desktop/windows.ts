/** The dashboard window, opened and closed at will, and the worker's hidden window, supervised. */
import type { BrowserWindow, BrowserWindowConstructorOptions } from 'electron';
import { DASHBOARD_URL, WORKER_URL } from './channels.ts';
import type { SupervisedRun } from './supervisor.ts';
import { errorText } from '../../protocol/errors.ts';

export interface WindowParts {
  readonly createWindow: (options: BrowserWindowConstructorOptions) => BrowserWindow;
  readonly options: BrowserWindowConstructorOptions;
  readonly log: (sentence: string) => void;
}

export interface DashboardWindow {
  /** Opens it, or brings it to the front. */
  show(): void;
  readonly contents: BrowserWindow['webContents'] | null;
}

export function createDashboardWindow({ createWindow, options, log }: WindowParts): DashboardWindow {
  let window: BrowserWindow | null = null;

  function open(): void {
    const opened = createWindow(options);
    window = opened;
    opened.once('ready-to-show', () => opened.show());
    opened.on('closed', () => {
      if (window === opened) window = null;
    });
    opened.webContents.on('render-process-gone', (_event, details) => {
      log(`The dashboard's process is gone (${details.reason}); it opens again when it is asked for.`);
      opened.destroy();
    });
    opened.loadURL(DASHBOARD_URL).catch((error: unknown) => log(`The dashboard did not load: ${String(error)}`));
  }

  return {
    show() {
      if (window === null) {
        open();
        return;
      }
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
    },
    get contents() {
      return window?.webContents ?? null;
    },
  };
}

export interface WorkerWindow {
  /** For the supervisor: every start is a fresh window and renderer process. */
  start(onEnded: (reason: string) => void): SupervisedRun;
  readonly contents: BrowserWindow['webContents'] | null;
}

export function createWorkerWindow({ createWindow, options }: WindowParts): WorkerWindow {
  let window: BrowserWindow | null = null;
  return {
    start(onEnded) {
      const opened = createWindow(options);
      window = opened;
      let over = false;
      const end = (reason: string | null): void => {
        if (over) return;
        over = true;
        if (window === opened) window = null;
        if (!opened.isDestroyed()) opened.destroy();
        if (reason !== null) onEnded(reason);
      };
      opened.on('closed', () => end('The GPU worker window was closed.'));
      opened.on('unresponsive', () => end('The GPU worker does not respond.'));
      opened.webContents.on('render-process-gone', (_event, details) =>
        end(`The GPU worker's process is gone (${details.reason}).`),
      );
      opened
        .loadURL(WORKER_URL)
        .catch((error: unknown) => end(`The GPU worker page did not load: ${errorText(error)}.`));
      return { end: () => end(null) };
    },
    get contents() {
      return window?.webContents ?? null;
    },
  };
}
