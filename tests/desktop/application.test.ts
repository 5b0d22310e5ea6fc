import { EventEmitter } from 'node:events';
import type { BrowserWindow, IpcMain, Menu, NativeImage } from 'electron';
import { expect, test } from 'vitest';
import { startApplication } from '../../main/desktop/application.ts';
import type { ApplicationParts } from '../../main/desktop/application.ts';
import { CONNECT_CHANNEL } from '../../main/desktop/channels.ts';
import { coreParameters, readDesktopOptions } from '../../main/desktop/command-line.ts';
import type { CoreProcess } from '../../main/desktop/core-host.ts';
import { fromMainPort } from '../../main/desktop/ports.ts';
import type { MainPort } from '../../main/desktop/ports.ts';
import { serveNodeApi } from '../../main/desktop/serve-node-api.ts';
import {
  createFakeSafeStorage,
  createFakeTime,
  createMainChannel,
  createRecordingNodeApi,
  FakeSession,
  FakeWindow,
  settle,
} from './electron-fakes.ts';

class FakeCore extends EventEmitter {
  readonly node = createRecordingNodeApi();
  readonly received: string[] = [];
  postMessage(message: { kind: string; purpose?: string; isPresent?: boolean }, ports: MainPort[] = []): void {
    const owner = message.kind === 'owner' ? (message.isPresent === true ? 'here' : 'away') : undefined;
    this.received.push([message.kind, message.purpose, owner].filter(Boolean).join(' '));
    const [port] = ports;
    if (message.purpose === 'api' && port !== undefined) serveNodeApi(fromMainPort(port), this.node);
  }
  kill(): boolean {
    return true;
  }
}

function createDesktop(parameters: readonly string[] = [], { hasLock = true, platform = 'linux' } = {}) {
  const time = createFakeTime();
  const order: string[] = [];
  const windows: FakeWindow[] = [];
  const cores: FakeCore[] = [];
  const sessions = new Map<string | null, FakeSession>();
  const tooltips: string[] = [];
  const log: string[] = [];
  const idle = { seconds: 0 };
  const app = Object.assign(new EventEmitter(), {
    isPackaged: true,
    requestSingleInstanceLock: () => hasLock,
    enableSandbox: () => void order.push('sandbox'),
    disableDomainBlockingFor3DAPIs: () => void order.push('no 3D blocking'),
    commandLine: { appendSwitch: (name: string, value?: string) => void order.push([name, value].join('=')) },
    whenReady: async () => void order.push('ready'),
    quit: () => void order.push('quit'),
    exit: (code: number) => void order.push(`exit ${code}`),
    getPath: () => '/data',
    setPath: (name: string, path: string) => void order.push(`${name} ${path}`),
  });
  const ipcMain = new EventEmitter();
  const start = startApplication({
    app: app as unknown as ApplicationParts['app'],
    protocol: { registerSchemesAsPrivileged: (schemes) => void order.push(`scheme ${schemes[0]?.scheme}`) },
    ipcMain: ipcMain as unknown as IpcMain,
    shell: { openExternal: () => Promise.resolve() },
    safeStorage: createFakeSafeStorage(),
    sessionFor(partition) {
      const session = sessions.get(partition) ?? new FakeSession();
      sessions.set(partition, session);
      return session.asSession();
    },
    createWindow(options): BrowserWindow {
      const window = new FakeWindow(options);
      windows.push(window);
      return window.asWindow();
    },
    fork(_modulePath, parameters) {
      order.push(`core ${parameters.join(' ')}`);
      const core = new FakeCore();
      cores.push(core);
      return core as unknown as CoreProcess;
    },
    createChannel: createMainChannel,
    tray: {
      createTray: () => ({
        setImage() {},
        setToolTip: (text) => void tooltips.push(text),
        setContextMenu() {},
        on() {},
        destroy: () => void order.push('tray gone'),
      }),
      createImage: () => ({ setTemplateImage() {} }) as unknown as NativeImage,
      buildMenu: () => ({}) as Menu,
    },
    platform: platform as NodeJS.Platform,
    environment: {},
    distDirectory: '/app/dist',
    options: readDesktopOptions(parameters),
    nowMs: time.nowMs,
    idleSeconds: () => idle.seconds,
    schedule: time.schedule,
    log: (sentence) => log.push(sentence),
  });
  const loaded = (address: string): FakeWindow[] => windows.filter((window) => window.loaded === address);
  return {
    app,
    cores,
    idle,
    ipcMain,
    log,
    order,
    sessions,
    start,
    time,
    tooltips,
    windows,
    dashboards: () => loaded('app://dashboard/index.html'),
    workers: () => loaded('app://worker/index.html'),
  };
}

test('with --export-wallet the core runs for that alone, and the application ends as it did', async () => {
  for (const [code, log] of [
    [0, []],
    [1, ['The node core ended with exit code 1.']],
  ] as const) {
    const desktop = createDesktop(['--export-wallet=/usb/backup.json', '--data-dir=/data/node']);
    await desktop.start;
    expect(desktop.order).toContain('core --data-dir=/data/node --export-wallet=/usb/backup.json');
    expect(desktop.windows).toEqual([]);
    desktop.cores[0]?.emit('spawn');
    desktop.cores[0]?.emit('exit', code);
    expect([desktop.order.at(-1), desktop.log]).toEqual([`exit ${code}`, log]);
  }
});

test('the wallet of an application that runs is not exported beside it', async () => {
  const desktop = createDesktop(['--verify-backup=/usb/backup.json'], { hasLock: false });
  await desktop.start;
  expect([desktop.order, desktop.log]).toEqual([['exit 1'], ['Hearth is running on this data folder: quit it first.']]);
});

test('what only works before ready is done before ready, on Linux with the WebGPU switches', async () => {
  const desktop = createDesktop();
  await desktop.start;
  expect(desktop.order).toEqual([
    'sandbox',
    'no 3D blocking',
    'enable-unsafe-webgpu=',
    'enable-features=Vulkan',
    'scheme app',
    'ready',
    'core --data-dir=/data/node',
  ]);
});

test.each(['darwin', 'win32'])('%s needs no switches for WebGPU', async (platform) => {
  const desktop = createDesktop([], { platform });
  await desktop.start;
  expect(desktop.order).toEqual(['sandbox', 'no 3D blocking', 'scheme app', 'ready', 'core --data-dir=/data/node']);
});

test("a data folder of one's own holds the node, and Chromium's files apart from it", async () => {
  const desktop = createDesktop(['--data-dir=/elsewhere']);
  await desktop.start;
  expect([desktop.order[0], desktop.order.at(-1)]).toEqual([
    'userData /elsewhere/desktop',
    'core --data-dir=/elsewhere',
  ]);
});

test('a second instance quits at once and starts nothing', async () => {
  const desktop = createDesktop([], { hasLock: false });
  await desktop.start;
  expect([desktop.order, desktop.windows, desktop.cores]).toEqual([['quit'], [], []]);
});

test('the first instance shows its window when a second is started', async () => {
  const desktop = createDesktop(['--hidden']);
  await desktop.start;
  expect(desktop.dashboards()).toHaveLength(0);
  desktop.app.emit('second-instance');
  desktop.app.emit('second-instance');
  expect(desktop.dashboards().map(({ calls }) => calls)).toEqual([['show', 'focus']]);
});

test('both sessions are locked down and serve only the app scheme', async () => {
  const { start, sessions } = createDesktop();
  await start;
  const facts = [...sessions].map(([partition, session]) => [
    partition,
    session.handlers.size,
    [...session.schemes.keys()],
  ]);
  expect(facts).toEqual([
    [null, 4, ['app']],
    ['hearth-worker', 4, ['app']],
  ]);
});

test('every web contents is locked down as it is created', async () => {
  const { start, app, windows } = createDesktop();
  await start;
  const contents = windows[0]!.webContents;
  app.emit('web-contents-created', {}, contents);
  expect(contents.openHandler?.({ url: 'https://evil.example' })).toEqual({ action: 'deny' });
});

test('the core hears when the owner leaves the machine and when he is back, also a core that starts meanwhile', async () => {
  const { start, cores, idle, time } = createDesktop();
  await start;
  cores[0]!.emit('spawn');
  for (const [seconds, told] of [
    [59, 'owner here'],
    [60, 'owner away'],
    [3_600, 'owner away'],
    [0, 'owner here'],
  ] as const) {
    idle.seconds = seconds;
    time.advance(1_000);
    expect(cores[0]!.received.at(-1)).toBe(told);
  }
  expect(cores[0]!.received.filter((kind) => kind.startsWith('owner'))).toHaveLength(3);
  idle.seconds = 100;
  time.advance(1_000);
  cores[0]!.emit('exit', 1);
  time.advance(60_000);
  cores[1]!.emit('spawn');
  expect(cores[1]!.received.at(-1)).toBe('owner away');
});

test('the worker starts once the core runs, and the tray tells what the core says', async () => {
  const { start, cores, workers, tooltips } = createDesktop();
  await start;
  expect(workers()).toHaveLength(0);
  cores[0]!.emit('spawn');
  expect([workers().length, cores[0]!.received]).toEqual([1, ['attach api', 'owner here']]);
  await cores[0]!.node.request('getSnapshot', {}).then((snapshot) => cores[0]!.node.publish(snapshot));
  await settle();
  expect(tooltips).toEqual([
    'Hearth: Starting. The node core is starting.',
    'Hearth: Waiting for work. Waiting for work; 2 peers.',
  ]);
});

test('a core that crashes is shown as blocked and started again, with a fresh worker', async () => {
  const desktop = createDesktop();
  await desktop.start;
  desktop.cores[0]!.emit('spawn');
  desktop.cores[0]!.emit('exit', 139);
  expect(desktop.tooltips.at(-1)).toBe(
    'Hearth: Blocked. The node core ended with exit code 139. It starts again in 1 s.',
  );
  expect(desktop.workers()[0]!.calls).toEqual(['destroy']);
  desktop.time.advance(500);
  desktop.cores[1]!.emit('spawn');
  expect([desktop.cores.length, desktop.workers().length]).toEqual([2, 2]);
});

test.each([
  [
    'its process is gone',
    (window: FakeWindow) => window.webContents.emit('render-process-gone', {}, { reason: 'oom' }),
  ],
  ['it does not respond', (window: FakeWindow) => window.emit('unresponsive')],
  ['it was closed', (window: FakeWindow) => window.emit('closed')],
])('a worker window is opened again with back-off when %s', async (_what, happen) => {
  const { start, cores, workers, time } = createDesktop();
  await start;
  cores[0]!.emit('spawn');
  happen(workers()[0]!);
  expect(workers()).toHaveLength(1);
  time.advance(500);
  expect(workers()).toHaveLength(2);
});

test('the dashboard that reconnects after a crash of the core talks to the new one', async () => {
  const { start, cores, dashboards, ipcMain, time } = createDesktop();
  await start;
  cores[0]!.emit('spawn');
  const contents = dashboards()[0]!.webContents;
  ipcMain.emit(CONNECT_CHANNEL, {
    sender: contents,
    senderFrame: { url: 'app://dashboard/index.html', parent: null },
  });
  cores[0]!.emit('exit', 1);
  time.advance(500);
  cores[1]!.emit('spawn');
  expect(contents.posted).toHaveLength(2);
  expect(cores[1]!.received).toEqual(['attach api', 'owner here', 'attach api']);
});

test('quitting waits for the core to close its ledger', async () => {
  const { start, app, cores, order } = createDesktop();
  await start;
  cores[0]!.emit('spawn');
  const prevented: string[] = [];
  const quit = (): boolean => app.emit('before-quit', { preventDefault: () => prevented.push('held') });
  quit();
  quit();
  expect([cores[0]!.received.at(-1), order.includes('quit')]).toEqual(['stop', false]);
  cores[0]!.emit('exit', 0);
  await settle();
  quit();
  expect([prevented, order.slice(-2)[0], order.at(-1), cores.length]).toEqual([
    ['held', 'held'],
    'tray gone',
    'quit',
    1,
  ]);
});

test('a node stopped from the dashboard takes the desktop with it', async () => {
  const { start, cores, order, time } = createDesktop();
  await start;
  cores[0]!.emit('spawn');
  cores[0]!.emit('exit', 0);
  time.advance(60_000);
  expect([order.at(-1), cores.length]).toEqual(['quit', 1]);
});

test("the desktop's options reach the core, and Chromium's switches between them do no harm", () => {
  const options = readDesktopOptions([
    '.',
    '--no-sandbox',
    '--hidden',
    '--data-dir=/elsewhere',
    '--adapter',
    'software',
    '--bootstrap=/ip4/127.0.0.1/tcp/1',
    '--bootstrap=/ip4/127.0.0.1/tcp/2',
    '--rpc-url=http://127.0.0.1:8545',
  ]);
  expect(coreParameters(options, options.dataDirectory ?? '/data')).toEqual([
    '--data-dir=/elsewhere',
    '--adapter=software',
    '--bootstrap=/ip4/127.0.0.1/tcp/1',
    '--bootstrap=/ip4/127.0.0.1/tcp/2',
    '--rpc-url=http://127.0.0.1:8545',
  ]);
  expect(options.hidden).toBe(true);
  expect(readDesktopOptions(['.', '--adapter'])).toMatchObject({ adapter: null, dataDirectory: null, listen: [] });
});
