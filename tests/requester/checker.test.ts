import { expect, it } from 'vitest';
import { openChecker } from '../../main/requester/check/checker.ts';
import type { RequesterComponents } from '../../main/requester/components.ts';

it('loads a model as its provider kept keys and values, and again when the next one keeps them otherwise', async () => {
  const calls: string[] = [];
  const components = {
    worker: {
      call(kind: string, parameters: { cacheType?: string }) {
        calls.push([kind, ...(parameters.cacheType === undefined ? [] : [parameters.cacheType])].join(' '));
        return Promise.resolve({});
      },
    },
    store: { find: () => Promise.resolve({ path: '/model.gguf' }) },
  } as unknown as RequesterComponents;
  const checker = await openChecker(components, 'aa'.repeat(32));
  const first = await checker?.model('f16');
  expect(await checker?.model('f16')).toBe(first);
  await checker?.model('f32');
  await checker?.model('strict');
  await checker?.close();
  expect(calls).toEqual(['load-model f16', 'unload-model', 'load-model f32', 'unload-model']);
});
