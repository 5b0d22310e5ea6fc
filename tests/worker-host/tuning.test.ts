import { afterEach, expect, it } from 'vitest';
import type { Candidate } from '../../worker/gpu/autotune/candidate.ts';
import { defaultTuner, tunerOf } from '../../worker/gpu/autotune/tuner.ts';
import { closeServices, openService } from './recording-service.ts';

afterEach(closeServices);

const bytes = { kind: 'bytes', bytes: new Uint8Array(4) };

const neverPrepared: Candidate = { name: 'first', prepare: () => Promise.reject(new Error('not measured here')) };

/** A candidate whose run does nothing. */
function nothingToDo(device: GPUDevice): Candidate {
  return {
    name: 'nothing',
    prepare: () => {
      const output = device.createBuffer({ size: 4, usage: 0x80 | 0x04 });
      return Promise.resolve({ run: () => {}, output, outputBytes: 4, destroy: () => output.destroy() });
    },
  };
}

it.each([
  ['takes the defaults on a software adapter', {}, true, []],
  ['measures there when asked to, and tells the host what it found', { tuningMode: 'always' }, false, ['new']],
  ['never measures when told not to', { tuningMode: 'never' }, true, []],
  [
    'goes on from what the host kept',
    { tuningMode: 'always', tuningRecords: [{ key: 'old', choice: 'kept' }, 'rubbish'] },
    false,
    ['old', 'new'],
  ],
])('%s', async (_, settings, isDefault, told) => {
  const { ask, engines, sent } = openService();
  engines.onLoad = async (device) => {
    expect(tunerOf(device) === defaultTuner).toBe(isDefault);
    const question = { family: 'f', shapeClass: 's', shaderCode: '', agreement: 'bytes' } as const;
    expect(await tunerOf(device).choose({ ...question, candidates: [neverPrepared] })).toBe('first');
    if (!isDefault)
      await tunerOf(device).choose({ ...question, candidates: [nothingToDo(device), nothingToDo(device)] });
  };
  await ask('open-adapter', { adapter: 'software', ...settings });
  expect(await ask('load-model', { modelId: 'm', source: bytes })).toMatchObject({ ok: { name: 'recording' } });
  const events = sent.flatMap((message) => ('event' in message && message.event === 'tuning' ? message.records : []));
  expect(events.map(({ key }) => (key === 'old' ? 'old' : 'new'))).toEqual(told);
});
