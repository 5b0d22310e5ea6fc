import { expect, test } from 'vitest';
import { hashTask } from '../../protocol/hashing/task-hash.ts';
import type { RenderTask } from '../../protocol/tasks.ts';
import { taskCodec } from '../../protocol/wire/task-codec.ts';

const render: RenderTask = {
  kind: 'render',
  sceneSha256: 'cd'.repeat(32),
  widthPixels: 100,
  heightPixels: 50,
  samplesPerPixel: 16,
  firstSample: 0,
  seed: 1,
  maxBounces: 8,
  tiles: [{ x0: 0, y0: 0, x1: 64, y1: 50 }],
};

test.each<[string, RenderTask, string]>([
  [
    'a camera with a long name',
    { ...render, camera: 'x'.repeat(129) },
    'render.camera: 129 characters exceed the limit of 128 bytes',
  ],
  [
    'an animation without a name',
    { ...render, animation: { name: '', timeMicroseconds: 1 } },
    'render.animation: an animation needs a number or a name',
  ],
  [
    'a moment after an hour and more',
    { ...render, animation: { name: '0', timeMicroseconds: 2 ** 32 } },
    'render.timeMicroseconds: 4294967296 is not between 0 and 4294967295',
  ],
  [
    'an environment by half a hash',
    { ...render, environmentSha256: 'ef'.repeat(16) },
    'render.environmentSha256: 16 bytes are not the 32 required',
  ],
])('a picture of %s is refused', (_name, task, message) => {
  expect(() => taskCodec.encode(task)).toThrow(message);
});

const seen: RenderTask = {
  ...render,
  camera: 'tripod',
  animation: { name: '0', timeMicroseconds: 1_500_000 },
  environmentSha256: 'ef'.repeat(32),
};

test('what a picture shows beyond its size is part of the task', () => {
  expect(taskCodec.decode(taskCodec.encode(seen))).toEqual(seen);
  const atRest = { ...render, animation: { name: 'walk', timeMicroseconds: 0 } };
  expect(taskCodec.decode(taskCodec.encode(atRest))).toEqual(atRest);
  const hashes = [render, seen, atRest, { ...seen, camera: '1' }, { ...seen, environmentSha256: 'ee'.repeat(32) }];
  expect(new Set(hashes.map(hashTask)).size).toBe(hashes.length);
});

test('a moment of no animation would be a second encoding, and is refused', () => {
  // Field 11, a varint, behind a task that names no animation.
  const inner = [...taskCodec.encode(render).slice(2), 11 << 3, 5];
  expect(() => taskCodec.decode(Uint8Array.from([(2 << 3) | 2, inner.length, ...inner]))).toThrow(
    '5 is a moment of no animation',
  );
});
