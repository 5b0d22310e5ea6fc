/** Options of the two windows. Every hardening flag is written out, also where it is Electron's default today. */
import type { BrowserWindowConstructorOptions, WebPreferences } from 'electron';

const hardenedPreferences: WebPreferences = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  safeDialogs: true,
  spellcheck: false,
  enableWebSQL: false,
};

export interface WindowOptionInputs {
  /** Absolute path of the built preload (CommonJS: a sandboxed preload cannot be an ES module). */
  readonly preloadPath: string;
  /** True only in a checkout; an installed build has no developer tools. */
  readonly devTools: boolean;
}

export function dashboardWindowOptions({ preloadPath, devTools }: WindowOptionInputs): BrowserWindowConstructorOptions {
  return {
    title: 'Hearth',
    width: 1100,
    height: 760,
    minWidth: 480,
    minHeight: 480,
    // Shown by `ready-to-show`, so that the owner never sees an empty white sheet.
    show: false,
    autoHideMenuBar: true,
    backgroundColor: '#16130f',
    webPreferences: { ...hardenedPreferences, preload: preloadPath, devTools },
  };
}

/** The GPU worker's window: never shown, never throttled, with a session of its own that leaves nothing on disk. */
export function workerWindowOptions({ preloadPath, devTools }: WindowOptionInputs): BrowserWindowConstructorOptions {
  return {
    title: 'Hearth GPU worker',
    width: 64,
    height: 64,
    show: false,
    skipTaskbar: true,
    focusable: false,
    webPreferences: {
      ...hardenedPreferences,
      preload: preloadPath,
      devTools,
      // A hidden page would be slowed to one timer a second. Work still never hangs on animation frames, which some
      // systems stop altogether (electron#39223).
      backgroundThrottling: false,
      images: false,
      webgl: false,
      disableDialogs: true,
      partition: 'hearth-worker',
    },
  };
}
