import { expect, test } from 'vitest';
import { createGpuWorkerLink } from '../../main/desktop/gpu-worker-link.ts';
import type { WorkerRequest } from '../../worker/messages.ts';
import { createPortPair, settle } from './electron-fakes.ts';

const settings = { widthPixels: 8, heightPixels: 4, seed: 1, maxBounces: 2 };
const source = { kind: 'file', path: '/scenes/room.glb' } as const;
const environment = { kind: 'file', path: '/scenes/sky.hdr' } as const;

/** A link whose window is up; `answer` is what its worker says to everything but the opening. */
async function openLink(answer: object, grantFile = (path: string) => Promise.resolve(`token of ${path}`)) {
  const [core, page] = createPortPair();
  const sent: WorkerRequest[] = [];
  const revoked: string[] = [];
  page.onMessage((message) => {
    const request = message as WorkerRequest;
    if (request.kind !== 'open-adapter') sent.push(request);
    page.send({ id: request.id, ...(request.kind === 'open-adapter' ? { ok: true, result: {} } : answer) });
  });
  const link = createGpuWorkerLink({
    adapter: 'real',
    tuning: { read: () => Promise.resolve([]), keep: () => Promise.resolve() },
    grantFile,
    revokeFile: (token) => void revoked.push(token),
    restartWorker: () => {},
  });
  link.attach(core);
  await link.ready();
  return { worker: link.worker, sent, revoked };
}

test('a scene and its environment are granted for as long as the call takes', async () => {
  const { worker, sent, revoked } = await openLink({ ok: true, result: null });
  await worker.call('load-scene', { sceneId: 's', source, environment, settings });
  expect(sent[0]?.parameters).toEqual({
    sceneId: 's',
    settings,
    source: { kind: 'file', path: '/granted/token of /scenes/room.glb' },
    environment: { kind: 'file', path: '/granted/token of /scenes/sky.hdr' },
  });
  await settle();
  expect(revoked).toEqual(['token of /scenes/room.glb', 'token of /scenes/sky.hdr']);
});

test('grants end with a call that fails', async () => {
  const error = { code: 'invalid-field', message: 'the scene is malformed' };
  const { worker, revoked } = await openLink({ ok: false, error });
  await expect(worker.call('load-scene', { sceneId: 's', source, settings })).rejects.toThrow('the scene is malformed');
  expect(revoked).toEqual(['token of /scenes/room.glb']);
});

test('a grant that is refused takes back the one before it, and nothing is sent', async () => {
  const { worker, sent, revoked } = await openLink({ ok: true, result: null }, (path) =>
    path.endsWith('.hdr') ? Promise.reject(new Error('no more grants')) : Promise.resolve('first'),
  );
  const call = worker.call('load-scene', { sceneId: 's', source, environment, settings });
  await expect(call).rejects.toThrow('no more grants');
  expect([sent, revoked]).toEqual([[], ['first']]);
});
