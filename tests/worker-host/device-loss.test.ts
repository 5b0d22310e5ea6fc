import { afterEach, describe, expect, it } from 'vitest';
import { RECOVERY_LIMITS } from '../../worker/host/device-recovery.ts';
import { closeServices, devices, openService } from './recording-service.ts';

afterEach(closeServices);

const bytes = { kind: 'bytes', bytes: new Uint8Array(4) };
const sampling = { temperature: 0, seed: 1 };
const settings = { widthPixels: 8, heightPixels: 4, seed: 1, maxBounces: 2 };

function loseDevice(): Promise<never> {
  devices.at(-1)?.destroy();
  // A GPU that was lost in the middle: the work never ends by itself.
  return new Promise(() => {});
}

async function openLoaded() {
  const service = openService();
  const { ask } = service;
  await ask('open-adapter', { adapter: 'software' });
  await ask('load-model', { modelId: 'm', source: bytes });
  await ask('load-scene', { sceneId: 's', source: bytes, settings });
  await ask('open-generation', { sessionId: 'g', modelId: 'm', promptTokens: [1, 2], maxTokens: 9, sampling });
  return service;
}

describe('a device that is lost in the middle of an answer', () => {
  it('comes back by itself, and the answer goes on behind what was given', async () => {
    const { ask, engines, sent } = await openLoaded();
    expect(await ask('next-tokens', { sessionId: 'g', maxTokens: 4 })).toMatchObject({ ok: { tokens: [7, 7, 7, 7] } });
    engines.onNext = () => {
      engines.onNext = () => {};
      return loseDevice();
    };
    expect(await ask('next-tokens', { sessionId: 'g', maxTokens: 9 })).toMatchObject({
      ok: { tokens: [7, 7, 7, 7, 7], finished: 'length' },
    });
    expect(engines.opened.map(({ emittedTokens }) => emittedTokens)).toEqual([undefined, [7, 7, 7, 7]]);
    expect(devices).toHaveLength(2);
    const told = sent.flatMap((message) => ('event' in message ? [message.event] : []));
    expect(told).toEqual(['device-recovered']);
    // What was loaded is there without being asked for.
    expect(await ask('logits', { modelId: 'm', tokens: [1] })).toMatchObject({ ok: { vocabularySize: 10 } });
    const tile = { sceneId: 's', tile: { x0: 0, y0: 0, x1: 2, y1: 2 }, firstSample: 0, sampleCount: 1 };
    expect(await ask('render-tile', tile)).toMatchObject({ ok: { sampleCount: 1 } });
  });

  it('holds nothing while it is gone, and answers the finished without asking again', async () => {
    const { ask, engines, sent } = await openLoaded();
    await ask('next-tokens', { sessionId: 'g', maxTokens: 9 });
    devices[0]?.destroy();
    await devices[0]?.lost;
    expect(engines.destroyed).toEqual(['session', 'model', 'scene']);
    expect(await ask('memory', {})).toEqual({ ok: { liveBytes: 0, liveCount: 0, peakBytes: 0 } });
    expect(await ask('next-tokens', { sessionId: 'g', maxTokens: 1 })).toMatchObject({
      ok: { tokens: [], finished: 'length' },
    });
    expect(engines.opened).toHaveLength(1);
    expect(sent.at(-1)).toMatchObject({ ok: true });
  });

  it('is retried for loading, too', async () => {
    const { ask, engines } = openService();
    await ask('open-adapter', { adapter: 'software' });
    engines.onLoad = () => {
      engines.onLoad = () => {};
      return loseDevice();
    };
    expect(await ask('load-model', { modelId: 'm', source: bytes })).toMatchObject({ ok: { name: 'recording' } });
    expect(devices).toHaveLength(2);
  });

  it('answers with the reason for what cannot be loaded again, and keeps the rest', async () => {
    const { ask, engines } = await openLoaded();
    engines.onLoad = () => Promise.reject(new Error('the file is gone'));
    devices[0]?.destroy();
    await devices[0]?.lost;
    expect(await ask('logits', { modelId: 'm', tokens: [1] })).toMatchObject({ message: 'the file is gone' });
    expect(await ask('next-tokens', { sessionId: 'g', maxTokens: 1 })).toMatchObject({ message: 'the file is gone' });
    expect(await ask('tokenize', { modelId: 'm', text: '12', addBos: false })).toEqual({ ok: { tokens: [1, 2] } });
    expect(await ask('unload-model', { modelId: 'm' })).toEqual({ ok: null });
    const tile = { sceneId: 's', tile: { x0: 0, y0: 0, x1: 2, y1: 2 }, firstSample: 0, sampleCount: 1 };
    expect(await ask('render-tile', tile)).toMatchObject({ ok: { sampleCount: 1 } });
  });

  it('that the work itself kills again and again is given up with a typed error, and can be opened anew', async () => {
    const { ask, engines, sent } = await openLoaded();
    engines.onNext = loseDevice;
    expect(await ask('next-tokens', { sessionId: 'g', maxTokens: 1 })).toMatchObject({
      code: 'DEVICE_LOST',
      data: { losses: RECOVERY_LIMITS.losses + 1 },
    });
    expect(sent).toContainEqual(expect.objectContaining({ event: 'device-lost' }));
    expect(await ask('benchmark', {})).toMatchObject({ code: 'DEVICE_LOST' });
    expect(await ask('logits', { modelId: 'm', tokens: [1] })).toMatchObject({ code: 'UNKNOWN_MODEL' });
    expect(await ask('open-adapter', { adapter: 'software' })).toMatchObject({ ok: { limits: expect.anything() } });
    expect(await ask('load-model', { modelId: 'm', source: bytes })).toMatchObject({ ok: { name: 'recording' } });
  });
});
