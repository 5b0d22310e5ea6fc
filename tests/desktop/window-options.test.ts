import { expect, test } from 'vitest';
import { dashboardWindowOptions, workerWindowOptions } from '../../main/desktop/window-options.ts';

const inputs = { preloadPath: '/app/preload.cjs', devTools: false };

const hardening = {
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
  preload: '/app/preload.cjs',
  devTools: false,
};

test('the dashboard window is hardened by every flag, and by no other', () => {
  expect(dashboardWindowOptions(inputs).webPreferences).toEqual(hardening);
});

test('the worker window is hardened alike, never throttled, and keeps nothing on disk', () => {
  const { webPreferences } = workerWindowOptions(inputs);
  expect(webPreferences).toEqual({
    ...hardening,
    backgroundThrottling: false,
    images: false,
    webgl: false,
    disableDialogs: true,
    partition: 'hearth-worker',
  });
  // Electron keeps a partition on disk only when its name starts so.
  expect(webPreferences?.partition?.startsWith('persist:')).toBe(false);
});

test('the worker window never shows, not in the task bar either', () => {
  expect(workerWindowOptions(inputs)).toMatchObject({ show: false, skipTaskbar: true, focusable: false });
});

test('the dashboard is shown only once it has something to show', () => {
  expect(dashboardWindowOptions(inputs).show).toBe(false);
});

test('an installed build has no developer tools, a checkout has', () => {
  const devTools = [true, false].map(
    (devTools) => dashboardWindowOptions({ ...inputs, devTools }).webPreferences?.devTools,
  );
  expect(devTools).toEqual([true, false]);
});
