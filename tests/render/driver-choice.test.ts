import { expect, test } from 'vitest';
import { type RenderDriver, createDriverChoice } from '../../worker/render/driver-choice.ts';
import type { PathTraceKernel } from '../../worker/render/kernels/path-trace-slice.ts';

interface ToyKernel extends PathTraceKernel {
  readonly driver: RenderDriver;
  readonly films: GPUBuffer[];
  destroyed: boolean;
}

function toyKernel(driver: RenderDriver): ToyKernel {
  const films: GPUBuffer[] = [];
  return {
    driver,
    films,
    destroyed: false,
    bindFilm: (film) => films.push(film),
    setSlice: () => undefined,
    run: () => undefined,
    destroy() {
      this.destroyed = true;
    },
  };
}

const film = { label: 'film' } as GPUBuffer;
const mostSamples = { tile: 1_000_000, wavefront: 1000 };

async function open(device: object, wavefront: () => Promise<PathTraceKernel>, fixed?: RenderDriver) {
  const tile = toyKernel('tile');
  const create = { tile: () => Promise.resolve(tile), wavefront };
  const choice = await createDriverChoice(device, { create, mostSamples, fixed, trialAfterMs: 100 });
  choice.bindFilm(film);
  return { choice, tile };
}

/** Renders tiles of three slices; `durationMs` is how long each driver takes for one. */
async function work(
  choice: Awaited<ReturnType<typeof open>>['choice'],
  tiles: number,
  durationMs: Record<RenderDriver, number>,
): Promise<string> {
  let used = '';
  for (let tile = 0; tile < tiles; tile += 1) {
    choice.begin();
    for (let slice = 0; slice < 3; slice += 1) {
      const { driver } = choice.current() as ToyKernel;
      used += driver[0];
      choice.note(1000, durationMs[driver]);
      // Lets a kernel that became ready be told.
      await Promise.resolve();
    }
  }
  return used;
}

test.each<[string, Record<RenderDriver, number>, RenderDriver]>([
  ['faster', { tile: 60, wavefront: 40 }, 'wavefront'],
  ['slower', { tile: 60, wavefront: 80 }, 'tile'],
])('waves that are %s than a thread per pixel are found out on the work itself', async (_name, durations, expected) => {
  const device = {};
  const wave = toyKernel('wavefront');
  const { choice, tile } = await open(device, () => Promise.resolve(wave));
  const last = expected[0] as string;
  expect(await work(choice, 6, durations)).toBe(`ttt${'wtwtwtwt'}${last.repeat(7)}`);
  expect(wave.films).toEqual([film]);
  choice.destroy();
  expect([tile.destroyed, wave.destroyed]).toEqual([true, true]);

  // The next scene on this device begins with what was found.
  const next = await open(device, () => Promise.resolve(toyKernel('wavefront')));
  expect(next.choice.begin()).toEqual({ mostSamples: mostSamples[expected] });
  expect(await work(next.choice, 3, durations)).toBe(last.repeat(9));
});

test('slices of a trial are small enough for both drivers', async () => {
  const { choice } = await open({}, () => Promise.resolve(toyKernel('wavefront')));
  expect(choice.begin()).toEqual({ mostSamples: 1_000_000 });
  await work(choice, 1, { tile: 60, wavefront: 40 });
  expect(choice.isLong()).toBe(true);
  expect(choice.begin()).toEqual({ mostSamples: 1000 });
});

test('a short job never compiles the second driver', async () => {
  let asked = 0;
  const { choice } = await open({}, () => {
    asked += 1;
    return Promise.resolve(toyKernel('wavefront'));
  });
  // With what a driver compiles when the kernel first runs.
  choice.note(1000, 5000);
  expect(choice.isLong()).toBe(false);
  expect(await work(choice, 3, { tile: 10, wavefront: 1 })).toBe('ttttttttt');
  expect(asked).toBe(0);
});

test('an adapter on which waves do not compile goes on without them', async () => {
  const { choice } = await open({}, () => Promise.reject(new Error('too many storage buffers')));
  expect(await work(choice, 4, { tile: 60, wavefront: 1 })).toBe('t'.repeat(12));
});

test('a driver that is asked for is taken without a trial', async () => {
  const { choice } = await open({}, () => Promise.resolve(toyKernel('wavefront')), 'wavefront');
  expect(await work(choice, 4, { tile: 1, wavefront: 60 })).toBe('w'.repeat(12));
});
