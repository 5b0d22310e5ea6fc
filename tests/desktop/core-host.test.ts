import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { takeCoreEnvironment } from '../../main/desktop/core-environment.ts';
import { createCoreHost } from '../../main/desktop/core-host.ts';
import type { CoreProcess } from '../../main/desktop/core-host.ts';
import { createGrantedFiles } from '../../main/desktop/granted-files.ts';
import { createKeychainHost } from '../../main/desktop/keychain-host.ts';
import { createFakeSafeStorage, createFakeTime, createMainChannel, settle } from './electron-fakes.ts';

class FakeCoreProcess extends EventEmitter {
  readonly posted: { message: unknown; ports: number }[] = [];
  killed = false;
  postMessage(message: unknown, ports: unknown[] = []): void {
    this.posted.push({ message, ports: ports.length });
  }
  kill(): boolean {
    this.killed = true;
    return true;
  }
}

const secrets = { HEARTH_PASSPHRASE: 'mine', HEARTH_BACKUP_PASSPHRASE: 'vault' };

function createHost() {
  const environment: Record<string, string> = { ...secrets, LANG: 'C' };
  const forked: Record<string, string>[] = [];
  const time = createFakeTime();
  const process = new FakeCoreProcess();
  const events: string[] = [];
  const host = createCoreHost({
    modulePath: '/dist/core-process.js',
    fork: (_modulePath, _parameters, { env }) => {
      forked.push(env as Record<string, string>);
      return process as unknown as CoreProcess;
    },
    parameters: ['--data-dir=/data'],
    grantedFiles: createGrantedFiles(() => 'token'),
    environment: takeCoreEnvironment(environment),
    answerKeychain: createKeychainHost(createFakeSafeStorage(), 'darwin'),
    schedule: time.schedule,
    onStarted: () => events.push('started'),
    onStopped: () => events.push('stopped'),
    onRestartWorker: (reason) => events.push(`restart: ${reason}`),
    log: (sentence) => events.push(sentence),
  });
  return { host, process, time, events, environment, forked };
}

test('the shell grants files, restarts workers and hands ports on, and ignores the rest', () => {
  const { host, process, events } = createHost();
  expect(host.attach('api', createMainChannel().port1)).toBe(false);
  host.start(() => {});
  process.emit('spawn');
  process.emit('message', { kind: 'grant', id: 3, path: '/models/a.gguf' });
  process.emit('message', { kind: 'grant', id: 4, path: 'relative.gguf' });
  process.emit('message', { kind: 'restart-worker', reason: 'hung' });
  expect(host.attach('api', createMainChannel().port1)).toBe(true);
  expect(process.posted).toEqual([
    { message: { kind: 'granted', id: 3, token: 'token' }, ports: 0 },
    { message: { kind: 'attach', purpose: 'api' }, ports: 1 },
  ]);
  expect(events).toEqual([
    'started',
    'Ignored a message of the core: the shell takes grant (an absolute path), revoke, restart-worker, failed and keychain; got "grant"',
    'restart: hung',
  ]);
});

test('the shell answers the core about the keychain, and not a core that has gone meanwhile', async () => {
  const { host, process } = createHost();
  host.start(() => {});
  process.emit('message', { kind: 'keychain', id: 5, action: 'seal', text: 'a secret' });
  await settle();
  const text = Buffer.from('v10terces a').toString('base64');
  expect(process.posted).toEqual([
    { message: { kind: 'keychain-answer', id: 5, ok: true, text, isStale: false }, ports: 0 },
  ]);
  process.emit('message', { kind: 'keychain', id: 6, action: 'seal', text: 'a secret' });
  process.emit('exit', 1);
  await settle();
  expect(process.posted).toHaveLength(1);
});

test('only the core inherits what opens the wallet, each time it starts', () => {
  const { host, environment, forked } = createHost();
  expect(environment).toEqual({ LANG: 'C' });
  host.start(() => {});
  host.start(() => {});
  const whole = { ...secrets, LANG: 'C' };
  expect(forked).toEqual([whole, whole]);
});

test('a crash is told with the reason the core gave, or with its exit code', () => {
  const reasons: string[] = [];
  const told = createHost();
  told.host.start((reason) => reasons.push(reason));
  told.process.emit('message', { kind: 'failed', message: 'The node did not start: port in use' });
  told.process.emit('exit', 1);
  const silent = createHost();
  silent.host.start((reason) => reasons.push(reason));
  silent.process.emit('exit', 134);
  expect(reasons).toEqual(['The node did not start: port in use', 'The node core ended with exit code 134.']);
});

test('a core that ends with exit code 0 was asked to: no crash', () => {
  const { host, process, events } = createHost();
  const reasons: string[] = [];
  host.start((reason) => reasons.push(reason));
  process.emit('exit', 0);
  expect([reasons, events]).toEqual([[], ['stopped']]);
});

test('a core that does not stop in time is killed', async () => {
  const { host, process, time, events } = createHost();
  host.start(() => {});
  const stopped = host.stop();
  expect(process.posted).toEqual([{ message: { kind: 'stop' }, ports: 0 }]);
  time.advance(10_000);
  await stopped;
  expect([process.killed, events]).toEqual([true, ['The node core did not stop within 10000 ms and was killed.']]);
});
