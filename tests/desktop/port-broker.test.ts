import { EventEmitter } from 'node:events';
import type { IpcMain, MessagePortMain } from 'electron';
import { expect, test } from 'vitest';
import { CONNECT_CHANNEL, PORT_CHANNEL } from '../../main/desktop/channels.ts';
import { createPortBroker } from '../../main/desktop/port-broker.ts';
import { isTrustedFrame } from '../../main/desktop/trusted-sender.ts';
import { createMainChannel, FakeContents } from './electron-fakes.ts';

function createBrokered(options: { coreRuns?: boolean } = {}) {
  const ipc = new EventEmitter();
  const dashboard = new FakeContents();
  const worker = new FakeContents();
  const attached: string[] = [];
  const closed: string[] = [];
  const log: string[] = [];
  const broker = createPortBroker({
    ipcMain: ipc as unknown as IpcMain,
    createChannel() {
      const channel = createMainChannel();
      (channel.port2 as MessagePortMain).on('close', () => closed.push('port'));
      return channel;
    },
    attachToCore(purpose) {
      if (options.coreRuns === false) return false;
      attached.push(purpose);
      return true;
    },
    contentsFor: (purpose) => (purpose === 'api' ? dashboard : worker).asContents(),
    log: (sentence) => log.push(sentence),
  });
  const ask = (sender: FakeContents, url: string | null, parent: unknown = null): boolean =>
    ipc.emit(CONNECT_CHANNEL, { sender, senderFrame: url === null ? null : { url, parent } });
  return { broker, dashboard, worker, attached, log, ask };
}

test('the dashboard and the worker window get a port each, for their own purpose', () => {
  const { dashboard, worker, attached, ask } = createBrokered();
  ask(dashboard, 'app://dashboard/index.html');
  ask(worker, 'app://worker/index.html');
  expect(attached).toEqual(['api', 'worker']);
  const given = [dashboard, worker].map(({ posted }) => posted.map(({ channel, ports }) => [channel, ports.length]));
  expect(given).toEqual([[[PORT_CHANNEL, 1]], [[PORT_CHANNEL, 1]]]);
});

test.each([
  ['a page from the web', 'https://evil.example/index.html', null],
  ['a host that only begins like ours', 'app://dashboard.evil/index.html', null],
  ["the worker's page in the dashboard's window", 'app://worker/index.html', null],
  ['a frame inside the dashboard', 'app://dashboard/index.html', {}],
  ['a frame that is gone', null, null],
  ['no address at all', 'about:blank', null],
])('%s gets no port and is named in the log', (_what, url, parent) => {
  const { dashboard, attached, log, ask } = createBrokered();
  ask(dashboard, url, parent);
  expect([attached, dashboard.posted, log.length]).toEqual([[], [], 1]);
});

test('a window that is not ours gets no port, whatever its address says', () => {
  const { attached, log, ask } = createBrokered();
  const foreign = new FakeContents();
  ask(foreign, 'app://dashboard/index.html');
  expect([attached, foreign.posted]).toEqual([[], []]);
  expect(log).toEqual(['Refused a port to app://dashboard/index.html: it is not one of our windows.']);
});

test('a window gets a new port when a new core has started', () => {
  const { broker, dashboard, attached, ask } = createBrokered();
  broker.reconnect('api');
  ask(dashboard, 'app://dashboard/index.html');
  broker.reconnect('api');
  expect([attached, dashboard.posted.length]).toEqual([['api', 'api'], 2]);
});

test('without a core nobody is given a port that leads nowhere', () => {
  const { dashboard, ask } = createBrokered({ coreRuns: false });
  ask(dashboard, 'app://dashboard/index.html');
  expect(dashboard.posted).toEqual([]);
});

test('a malformed frame address is not trusted', () => {
  expect(isTrustedFrame({ url: 'no address', parent: null }, 'dashboard')).toBe(false);
});
