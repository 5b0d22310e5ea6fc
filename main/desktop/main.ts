/** The Electron main process: the only module, beside the two preloads, that holds Electron itself. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  app,
  BrowserWindow,
  ipcMain,
  Menu,
  MessageChannelMain,
  nativeImage,
  powerMonitor,
  protocol,
  safeStorage,
  session,
  shell,
  Tray,
  utilityProcess,
} from 'electron';
import { startApplication } from './application.ts';
import { readDesktopOptions } from './command-line.ts';
import { errorText } from '../../protocol/errors.ts';

// Not awaited: what must happen before `ready` happens in the first, synchronous part.
startApplication({
  app,
  protocol,
  ipcMain,
  shell,
  safeStorage,
  sessionFor: (partition) => (partition === null ? session.defaultSession : session.fromPartition(partition)),
  createWindow: (options) => new BrowserWindow(options),
  fork: (modulePath, parameters, options) => utilityProcess.fork(modulePath, parameters, options),
  createChannel: () => new MessageChannelMain(),
  tray: {
    createTray: (icon) => new Tray(icon),
    createImage: (path) => nativeImage.createFromPath(path),
    buildMenu: (template) => Menu.buildFromTemplate(template),
  },
  platform: process.platform,
  environment: process.env,
  distDirectory: dirname(dirname(fileURLToPath(import.meta.url))),
  options: readDesktopOptions(process.argv.slice(1)),
  nowMs: () => Date.now(),
  idleSeconds: () => powerMonitor.getSystemIdleTime(),
  log: (sentence) => console.error(`hearth: ${sentence}`),
}).catch((error: unknown) => {
  console.error(`hearth: the desktop shell did not start: ${errorText(error)}`);
  app.exit(1);
});
