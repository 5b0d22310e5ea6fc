/** The desktop application: puts the parts together and holds their lives in order. Electron comes in as arguments. */
import { join } from 'node:path';
import type {
  App,
  BrowserWindow,
  BrowserWindowConstructorOptions,
  ForkOptions,
  IpcMain,
  MessageChannelMain,
  Protocol,
  Session,
  Shell,
} from 'electron';
import type { NodeSnapshot, NodeState } from '../../protocol/node-api.ts';
import { APP_SCHEME_PRIVILEGES, createAppSchemeHandler } from './app-scheme.ts';
import { APP_SCHEME } from './channels.ts';
import { coreParameters } from './command-line.ts';
import type { DesktopOptions } from './command-line.ts';
import { takeCoreEnvironment } from './core-environment.ts';
import { createCoreHost } from './core-host.ts';
import type { CoreHostParts, CoreProcess } from './core-host.ts';
import { prepareProcesses } from './gpu-switches.ts';
import { createGrantedFiles } from './granted-files.ts';
import { createKeychainHost } from './keychain-host.ts';
import type { KeychainStorage } from './keychain-host.ts';
import { lockDownContents, lockDownSession } from './lock-down.ts';
import { watchOwner } from './owner-watch.ts';
import { createPortBroker } from './port-broker.ts';
import { createPortNodeApi } from './port-node-api.ts';
import { fromMainPort } from './ports.ts';
import { createRestartPolicy } from './restart-policy.ts';
import { createSupervisor, scheduleWithTimer } from './supervisor.ts';
import { createHearthTray } from './tray.ts';
import type { HearthTray, TrayActions, TrayParts } from './tray.ts';
import { dashboardWindowOptions, workerWindowOptions } from './window-options.ts';
import { createDashboardWindow, createWorkerWindow } from './windows.ts';
import { errorText } from '../../protocol/errors.ts';

export interface ApplicationParts {
  readonly app: Pick<
    App,
    | 'requestSingleInstanceLock'
    | 'enableSandbox'
    | 'disableDomainBlockingFor3DAPIs'
    | 'commandLine'
    | 'on'
    | 'whenReady'
    | 'quit'
    | 'exit'
    | 'getPath'
    | 'setPath'
    | 'isPackaged'
  >;
  readonly protocol: Pick<Protocol, 'registerSchemesAsPrivileged'>;
  readonly ipcMain: Pick<IpcMain, 'on'>;
  readonly shell: Pick<Shell, 'openExternal'>;
  readonly safeStorage: KeychainStorage;
  /** The default session's, after `ready`; the worker's partition has its own. */
  readonly sessionFor: (
    partition: string | null,
  ) => Pick<
    Session,
    | 'setPermissionRequestHandler'
    | 'setPermissionCheckHandler'
    | 'setDevicePermissionHandler'
    | 'setDisplayMediaRequestHandler'
    | 'on'
    | 'protocol'
  >;
  readonly createWindow: (options: BrowserWindowConstructorOptions) => BrowserWindow;
  readonly fork: (modulePath: string, parameters: string[], options: ForkOptions) => CoreProcess;
  readonly createChannel: () => Pick<MessageChannelMain, 'port1' | 'port2'>;
  readonly tray: Pick<TrayParts, 'createTray' | 'createImage' | 'buildMenu'>;
  readonly platform: NodeJS.Platform;
  /** `process.env`; what only the core may know is taken out of it. */
  readonly environment: NodeJS.ProcessEnv;
  /** The built files: renderer/, worker/, worker-page/, desktop/. Beside it lies assets/. */
  readonly distDirectory: string;
  readonly options: DesktopOptions;
  readonly nowMs: () => number;
  /** Seconds since somebody last used the machine; after `ready`. */
  readonly idleSeconds: () => number;
  readonly schedule?: (delayMs: number, task: () => void) => () => void;
  readonly log: (sentence: string) => void;
}

/** Sets everything that must be set before `ready`, then starts; resolves when tray, core and worker run. */
export async function startApplication(parts: ApplicationParts): Promise<void> {
  const { app, options, log } = parts;
  const schedule = parts.schedule ?? scheduleWithTimer;
  const environment = takeCoreEnvironment(parts.environment);
  // The lock belongs to this folder, so two data folders are two nodes. Chromium's files keep apart from the node's.
  if (options.dataDirectory !== null) app.setPath('userData', join(options.dataDirectory, 'desktop'));
  if (!app.requestSingleInstanceLock()) {
    if (options.walletAction !== null) {
      log('Hearth is running on this data folder: quit it first.');
      app.exit(1);
      return;
    }
    // The instance that holds the lock shows its window.
    app.quit();
    return;
  }
  prepareProcesses(app, parts.platform);
  parts.protocol.registerSchemesAsPrivileged([APP_SCHEME_PRIVILEGES]);
  app.on('web-contents-created', (_event, contents) => lockDownContents(contents, parts.shell));
  // The node lives in the tray; closing the window is not quitting.
  app.on('window-all-closed', () => {});

  await app.whenReady();

  const grantedFiles = createGrantedFiles();
  const desktopDirectory = join(parts.distDirectory, 'desktop');
  const coreParts = {
    modulePath: join(desktopDirectory, 'core-process.js'),
    fork: parts.fork,
    parameters: coreParameters(options, options.dataDirectory ?? join(app.getPath('userData'), 'node')),
    grantedFiles,
    answerKeychain: createKeychainHost(parts.safeStorage, parts.platform),
    environment,
    schedule,
    log,
  };
  if (options.walletAction !== null) {
    endWith(app, coreParts);
    return;
  }
  const serve = createAppSchemeHandler({
    dashboardDirectory: join(parts.distDirectory, 'renderer'),
    workerPageDirectory: join(parts.distDirectory, 'worker-page'),
    workerDirectory: join(parts.distDirectory, 'worker'),
    openGranted: (token) => grantedFiles.open(token),
  });
  const devTools = !app.isPackaged;
  const dashboardOptions = dashboardWindowOptions({
    preloadPath: join(desktopDirectory, 'preload-dashboard.cjs'),
    devTools,
  });
  const workerOptions = workerWindowOptions({ preloadPath: join(desktopDirectory, 'preload-worker.cjs'), devTools });
  for (const partition of [null, workerOptions.webPreferences?.partition ?? null]) {
    const session = parts.sessionFor(partition);
    lockDownSession(session);
    session.protocol.handle(APP_SCHEME, serve);
  }

  const dashboard = createDashboardWindow({ createWindow: parts.createWindow, options: dashboardOptions, log });
  const workerWindow = createWorkerWindow({ createWindow: parts.createWindow, options: workerOptions, log });
  const nodeApi = createPortNodeApi();

  const worker = createSupervisor({
    start: (onEnded) => workerWindow.start(onEnded),
    policy: createRestartPolicy(parts.nowMs),
    schedule,
    onEnded: (reason, delayMs) => log(`${reason} A new one starts in ${delayMs} ms.`),
  });
  const coreHost = createCoreHost({
    ...coreParts,
    onStarted() {
      const { port1, port2 } = parts.createChannel();
      if (coreHost.attach('api', port1)) nodeApi.attach(fromMainPort(port2));
      coreHost.tellOwner(owner.isPresent);
      broker.reconnect('api');
      // What the old core had loaded on the worker is lost to the new one: it gets a fresh worker.
      worker.restart();
    },
    onStopped() {
      core.letGo();
      app.quit();
    },
    onRestartWorker(reason) {
      worker.fail(reason);
    },
  });
  const owner = watchOwner({
    idleSeconds: parts.idleSeconds,
    schedule,
    onChange: (isPresent) => coreHost.tellOwner(isPresent),
  });
  const broker = createPortBroker({
    ipcMain: parts.ipcMain,
    createChannel: parts.createChannel,
    attachToCore: (purpose, port) => coreHost.attach(purpose, port),
    contentsFor: (purpose) => (purpose === 'api' ? dashboard.contents : workerWindow.contents),
    log,
  });

  const tray = startTray(parts, nodeApi, {
    open: () => dashboard.show(),
    pause: (minutes) => ask(nodeApi.request('pause', minutes === undefined ? {} : { minutes })),
    resume: () => ask(nodeApi.request('resume', {})),
    finish: () => ask(nodeApi.request('finish', {})),
    quit: () => app.quit(),
  });
  function ask(request: Promise<NodeState>): void {
    request.then(
      (state) => tray.show(state),
      (error: unknown) => log(`The node refused: ${errorText(error)}`),
    );
  }

  const core = createSupervisor({
    start: (onEnded) => coreHost.start(onEnded),
    policy: createRestartPolicy(parts.nowMs),
    schedule,
    onEnded(reason, delayMs) {
      log(`${reason} It starts again in ${delayMs} ms.`);
      worker.stop();
      const fix = `It starts again in ${Math.ceil(delayMs / 1000)} s.`;
      tray.show({ name: 'blocked', reason, fix, sinceMs: parts.nowMs() });
    },
  });

  app.on('second-instance', () => dashboard.show());
  app.on('activate', () => dashboard.show());
  app.on('child-process-gone', (_event, details) => {
    // A GPU process crash takes the worker's device with it; the worker reports device-lost and the core asks for a new one.
    if (details.reason !== 'clean-exit') log(`A ${details.type} process is gone (${details.reason}).`);
  });
  stopBeforeQuit(app, async () => {
    owner.stop();
    core.letGo();
    await coreHost.stop();
    worker.stop();
    tray.destroy();
  });

  core.start();
  if (!options.hidden) dashboard.show();
}

/** The core runs for one action of the wallet, and the application ends as the core did. */
function endWith(
  app: Pick<App, 'exit'>,
  coreParts: Omit<CoreHostParts, 'onStarted' | 'onStopped' | 'onRestartWorker'>,
): void {
  const coreHost = createCoreHost({
    ...coreParts,
    onStarted() {},
    onStopped: () => app.exit(0),
    onRestartWorker() {},
  });
  coreHost.start((reason) => {
    coreParts.log(reason);
    app.exit(1);
  });
}

const startingState: NodeState = { name: 'starting', reason: 'The node core is starting.', sinceMs: 0 };

function startTray(
  parts: ApplicationParts,
  nodeApi: { subscribe(listener: (snapshot: NodeSnapshot) => void): () => void },
  actions: TrayActions,
): HearthTray {
  const iconDirectory = join(parts.distDirectory, '..', 'assets', 'tray');
  const tray = createHearthTray({ ...parts.tray, platform: parts.platform, iconDirectory }, actions, startingState);
  nodeApi.subscribe(({ state, alarms = [] }) => {
    tray.show(state);
    tray.warn(alarms);
  });
  return tray;
}

/** Holds the first quit until the core has closed its ledger, then quits for good. */
function stopBeforeQuit(app: Pick<App, 'on' | 'quit'>, stop: () => Promise<void>): void {
  let state: 'running' | 'stopping' | 'stopped' = 'running';
  app.on('before-quit', (event) => {
    if (state === 'stopped') return;
    event.preventDefault();
    if (state === 'stopping') return;
    state = 'stopping';
    void stop().finally(() => {
      state = 'stopped';
      app.quit();
    });
  });
}
