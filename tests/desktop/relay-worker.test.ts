import { expect, test } from 'vitest';
import { relayWorker } from '../../main/desktop/relay-worker.ts';
import { createPortPair, settle } from './electron-fakes.ts';

function createRelay(readGranted: (path: string) => Promise<unknown>) {
  const [core, page] = createPortPair();
  const replies: unknown[] = [];
  const posted: unknown[] = [];
  const errorListeners: ((message: string) => void)[] = [];
  let terminated = 0;
  core.onMessage((message) => replies.push(message));
  relayWorker(
    page,
    {
      post: (message) => posted.push(message),
      onMessage: () => {},
      onError: (listener) => void errorListeners.push(listener),
      terminate: () => void (terminated += 1),
    },
    readGranted,
  );
  return {
    core,
    replies,
    posted,
    errorListeners,
    get terminated() {
      return terminated;
    },
  };
}

test('the page turns a granted file into a blob and keeps the order of calls', async () => {
  const { core, posted } = createRelay((path) => Promise.resolve(`blob of ${path}`));
  core.send({ id: 1, kind: 'load-model', parameters: { modelId: 'm', source: { kind: 'file', path: '/granted/t' } } });
  core.send({ id: 2, kind: 'release', parameters: {} });
  await settle();
  expect(posted).toEqual([
    {
      id: 1,
      kind: 'load-model',
      parameters: { modelId: 'm', source: { kind: 'blob', blob: 'blob of /granted/t' } },
    },
    { id: 2, kind: 'release', parameters: {} },
  ]);
});

test.each([
  ['/etc/passwd', 'the granted file could not be read: /etc/passwd is not a granted path'],
  ['/granted/gone', 'the granted file could not be read: 404'],
])('a scene from %s is answered with a reason', async (path, message) => {
  const { core, replies, posted } = createRelay(() => Promise.reject(new Error('404')));
  core.send({ id: 9, kind: 'load-scene', parameters: { sceneId: 's', source: { kind: 'file', path }, settings: {} } });
  await settle();
  expect([posted, replies]).toEqual([[], [{ id: 9, ok: false, error: { code: 'SOURCE_UNREADABLE', message } }]]);
});

test('a worker script that fails closes the port, so that the core notices', async () => {
  const relay = createRelay(() => Promise.resolve(null));
  let closed = false;
  relay.core.onClose(() => (closed = true));
  relay.errorListeners[0]?.('SyntaxError');
  await settle();
  expect([closed, relay.terminated > 0]).toEqual([true, true]);
});
