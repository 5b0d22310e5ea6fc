import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { desktopBuilds } from '../../scripts/build-desktop.mjs';
import { decideStart, findElectron, hasDisplay } from '../../scripts/start.mjs';
import type { StartFacts } from '../../scripts/start.mjs';

const facts: StartFacts = { headless: false, display: true, binary: null, download: null };

test.each([
  ['the desktop where the binary is', { binary: '/e/electron' }, 'desktop', null],
  ['a download where it is not', {}, 'download', null],
  [
    'the headless node where it cannot be had',
    { download: 'getaddrinfo ENOTFOUND' },
    'headless',
    "Electron's binary is not installed and could not be fetched (getaddrinfo ENOTFOUND): starting the headless node with its dashboard instead.",
  ],
  ['the desktop when the download brought it', { binary: '/e/electron', download: 'x' }, 'desktop', null],
  [
    'the headless node where no window can open, without a download',
    { display: false },
    'headless',
    'There is no display for the desktop application (DISPLAY and WAYLAND_DISPLAY are not set): starting the headless node with its dashboard instead.',
  ],
  ['the headless node when asked for it, without a word', { headless: true, binary: '/e/electron' }, 'headless', null],
])('npm start takes %s', (_what, change, kind, sentence) => {
  const decision = decideStart({ ...facts, ...change });
  expect([decision.kind, 'sentence' in decision ? decision.sentence : null]).toEqual([kind, sentence]);
});

test.each([
  ['linux', {}, false],
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['darwin', {}, true],
  ['win32', {}, true],
] as const)('on %s with %j a window can open: %s', (platform, environment, display) => {
  expect(hasDisplay(platform, environment)).toBe(display);
});

test.each([
  ['nothing was unpacked', [], {}, null],
  ['the path is written but the file is gone', ['/e/path.txt'], {}, null],
  ['it is unpacked', ['/e/path.txt', '/e/dist/electron'], {}, '/e/dist/electron'],
  [
    'a distribution brings its own',
    ['/usr/lib/electron/electron'],
    { ELECTRON_OVERRIDE_DIST_PATH: '/usr/lib/electron' },
    '/usr/lib/electron/electron',
  ],
])("Electron's binary is found when %s", (_what, files, environment, expected) => {
  const found = findElectron(
    '/e',
    environment,
    (path) => (files as string[]).includes(path),
    () => 'electron\n',
  );
  expect(found).toBe(expected);
});

test('every part of the desktop build has its configuration', () => {
  expect(desktopBuilds.filter(([configFile]) => !existsSync(configFile))).toEqual([]);
});
