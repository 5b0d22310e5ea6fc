import { expect, test } from 'vitest';
import { HearthError } from '../../protocol/errors.ts';
import type { NodeSnapshot } from '../../protocol/node-api.ts';
import { createPortNodeApi } from '../../main/desktop/port-node-api.ts';
import { serveNodeApi } from '../../main/desktop/serve-node-api.ts';
import { createPortPair, createRecordingNodeApi, settle, snapshotIn, waitingState } from './electron-fakes.ts';

/** Sends raw messages to a served API and collects what comes back. */
function createRawClient() {
  const [near, far] = createPortPair();
  const api = createRecordingNodeApi();
  serveNodeApi(far, api);
  const received: unknown[] = [];
  near.onMessage((message) => received.push(message));
  return { api, near, received };
}

test.each([
  ['an unknown request', { id: 7, name: 'withdrawAll', parameters: {} }, 'UNKNOWN_REQUEST'],
  ['a name from the prototype', { id: 7, name: 'toString', parameters: {} }, 'UNKNOWN_REQUEST'],
  ['a name that is no text', { id: 7, name: ['pause'] }, 'UNKNOWN_REQUEST'],
  ['parameters nobody asked for', { id: 7, name: 'resume', parameters: { force: true } }, 'BAD_PARAMETERS'],
  ['a pause of no length', { id: 7, name: 'pause', parameters: { minutes: 0 } }, 'BAD_PARAMETERS'],
  ['a pause for ever', { id: 7, name: 'pause', parameters: { minutes: Infinity } }, 'BAD_PARAMETERS'],
  ['a list of parameters', { id: 7, name: 'pause', parameters: [30] }, 'BAD_PARAMETERS'],
])('%s is refused with a code and never reaches the node', async (_what, message, code) => {
  const { api, near, received } = createRawClient();
  near.send(message);
  await settle();
  expect(received).toMatchObject([{ id: 7, ok: false, error: { code } }]);
  expect(api.asked).toEqual([]);
});

test.each([[null], ['pause'], [{ name: 'pause' }], [{ id: 1.5, name: 'pause' }]])(
  'a message without an id is dropped: %j',
  async (message) => {
    const { api, near, received } = createRawClient();
    near.send(message);
    await settle();
    expect([api.asked, received]).toEqual([[], []]);
  },
);

test('requests and snapshots cross the port both ways', async () => {
  const [near, far] = createPortPair();
  const node = createRecordingNodeApi();
  serveNodeApi(far, node);
  const client = createPortNodeApi();
  client.attach(near);
  const seen: NodeSnapshot[] = [];
  const unsubscribe = client.subscribe((snapshot) => seen.push(snapshot));

  expect(await client.request('pause', { minutes: 30 })).toEqual(waitingState);
  expect(node.asked).toEqual([{ name: 'pause', parameters: { minutes: 30 } }]);
  node.publish(snapshotIn(waitingState));
  await settle();
  unsubscribe();
  node.publish(snapshotIn(waitingState));
  await settle();
  expect(seen).toEqual([snapshotIn(waitingState)]);
});

test("the node's own refusal arrives with its code, sentence and numbers", async () => {
  const [near, far] = createPortPair();
  const refusal = new HearthError('CHAIN_UNREACHABLE', 'no answer from the chain', { data: { attempts: 3 } });
  serveNodeApi(far, { ...createRecordingNodeApi(), request: () => Promise.reject(refusal) });
  const client = createPortNodeApi();
  client.attach(near);
  await expect(client.request('claim', {})).rejects.toMatchObject({
    code: 'CHAIN_UNREACHABLE',
    message: 'no answer from the chain',
    data: { attempts: 3 },
  });
});

test('a node that throws instead of rejecting is answered too', async () => {
  const [near, far] = createPortPair();
  serveNodeApi(far, {
    ...createRecordingNodeApi(),
    request() {
      throw new TypeError('a bug');
    },
  });
  const client = createPortNodeApi();
  client.attach(near);
  await expect(client.request('resume', {})).rejects.toMatchObject({ code: 'INTERNAL', message: 'a bug' });
});

test('what was asked before there is a core waits for it; what a core left unanswered fails', async () => {
  const client = createPortNodeApi();
  const early = client.request('getSnapshot', {});
  const [near, far] = createPortPair();
  serveNodeApi(far, createRecordingNodeApi());
  client.attach(near);
  expect((await early).name).toBe('test');

  const [silentNear, silentFar] = createPortPair();
  client.attach(silentNear);
  const unanswered = client.request('claim', {});
  silentFar.close();
  await expect(unanswered).rejects.toMatchObject({
    code: 'CORE_GONE',
    message: 'The node core ended before it answered "claim".',
  });
});

test('an old core that speaks up after a new one is attached is not heard', async () => {
  const client = createPortNodeApi();
  const [oldNear, oldFar] = createPortPair();
  const [newNear] = createPortPair();
  client.attach(oldNear);
  client.attach(newNear);
  const seen: NodeSnapshot[] = [];
  client.subscribe((snapshot) => seen.push(snapshot));
  oldFar.send({ event: 'snapshot', snapshot: snapshotIn(waitingState) });
  await settle();
  expect(seen).toEqual([]);
});

test('more requests than ever make sense are refused while there is no core', async () => {
  const client = createPortNodeApi();
  for (let count = 0; count < 100; count++) client.request('getSnapshot', {}).catch(() => {});
  await expect(client.request('getSnapshot', {})).rejects.toMatchObject({ code: 'CORE_GONE' });
});

test('a closed port ends its subscription', async () => {
  const [near, far] = createPortPair();
  const node = createRecordingNodeApi();
  serveNodeApi(far, node);
  expect(node.subscriberCount).toBe(1);
  near.close();
  await settle();
  expect(node.subscriberCount).toBe(0);
});
