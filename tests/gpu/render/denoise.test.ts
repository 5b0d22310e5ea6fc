import { expect, test } from 'vitest';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../../worker/gpu/buffers.ts';
import { type NoisyPicture, denoise } from '../../../worker/render/denoise.ts';
import { createDenoiseKernel } from '../../../worker/render/kernels/denoise.ts';
import { filterStep } from '../reference/denoise.ts';
import { getTestDevice } from '../test-device.ts';
import { seededRandom } from './scene-fixtures.ts';

async function filter(
  width: number,
  height: number,
  source: Float32Array<ArrayBuffer>,
  guides: Float32Array<ArrayBuffer>,
  steps: number,
) {
  const device = await getTestDevice();
  const pictures = [
    uploadStorageBuffer(device, 'test.a', source),
    createStorageBuffer(device, 'test.b', source.byteLength),
  ] as const;
  const guideBuffer = uploadStorageBuffer(device, 'test.guides', guides);
  const buffers = { widthPixels: width, heightPixels: height, pictures, guides: guideBuffer };
  const kernel = await createDenoiseKernel(device, buffers, steps);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  kernel.run(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const result = new Float32Array(await readBuffer(device, kernel.result, source.byteLength));
  kernel.destroy();
  for (const buffer of [...pictures, guideBuffer]) buffer.destroy();
  return result;
}

/** Planes that lean, an edge of depth and of normals, and sky in a corner. */
function guidesOf(width: number, height: number, random: () => number): Float32Array<ArrayBuffer> {
  const guides = new Float32Array(width * height * 8);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if (x + y < 5) continue;
    const isLeft = x < width / 2;
    const normal = isLeft ? [0, 0, 1] : [0.6, 0, 0.8];
    guides.set(
      [random(), random(), random(), (isLeft ? 2 : 3) + x * 0.03 + y * 0.01, ...normal, 0.5 + random() / 2],
      pixel * 8,
    );
  }
  return guides;
}

test.each([
  [23, 17, 1],
  [37, 5, 2],
  [1, 1, 3],
  [64, 33, 5],
])(
  '%s x %s pixels, %s steps: as a float64 filter computes it',
  async (width, height, steps) => {
    const random = seededRandom(width);
    const source = Float32Array.from({ length: width * height * 4 }, (_, index) =>
      (index & 3) === 3 ? random() * 0.04 : random() * 2,
    );
    const guides = guidesOf(width, height, random);
    let expected: ArrayLike<number> = source;
    for (let step = 0; step < steps; step += 1) expected = filterStep(width, height, 2 ** step, expected, guides);
    const found = await filter(width, height, source, guides, steps);
    found.forEach((value, index) => expect(Math.abs(value - (expected[index] as number))).toBeLessThan(2e-4));
  },
  120_000,
);

const side = 48;

/** Two walls in different light behind a checkered texture; noise of a known variance. */
function walls(deviation: number) {
  const random = seededRandom(5);
  const clean = new Float32Array(side * side * 3);
  const picture: NoisyPicture = {
    widthPixels: side,
    heightPixels: side,
    color: new Float32Array(side * side * 4),
    guides: new Float32Array(side * side * 8),
  };
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    const [x, y] = [pixel % side, Math.floor(pixel / side)];
    const albedo = (x + y) % 2 === 0 ? 0.8 : 0.2;
    const isLeft = x < side / 2;
    const light = isLeft ? 1 : 0.3;
    // Uniform noise of this deviation, the same for all colours.
    const noise = 1 + deviation * Math.sqrt(12) * (random() - 0.5);
    const value = albedo * light;
    clean.fill(value, pixel * 3, pixel * 3 + 3);
    picture.color.set([value * noise, value * noise, value * noise, (value * deviation) ** 2], pixel * 4);
    picture.guides.set([albedo, albedo, albedo, 4, ...(isLeft ? [0, 0, 1] : [1, 0, 0]), 1], pixel * 8);
  }
  return { picture, clean };
}

function meanSquaredError(color: Float32Array, clean: Float32Array): number {
  return (
    clean.reduce((sum, value, index) => sum + (value - color[Math.floor(index / 3) * 4 + (index % 3)]!) ** 2, 0) /
    clean.length
  );
}

test('a picture without noise comes back, its texture and its edge as they were', async () => {
  const { picture, clean } = walls(0);
  expect(meanSquaredError(await denoise(await getTestDevice(), picture), clean)).toBeLessThan(1e-12);
}, 120_000);

test('noise sinks to a thirtieth of its power, and no light crosses the edge between two walls', async () => {
  const { picture, clean } = walls(0.3);
  const smooth = await denoise(await getTestDevice(), picture);
  expect(meanSquaredError(smooth, clean)).toBeLessThan(meanSquaredError(picture.color, clean) / 30);
  let [dark, bright] = [0, 0];
  for (let y = 0; y < side; y += 1) {
    const at = (x: number) => smooth[(y * side + x) * 4]! / picture.guides[(y * side + x) * 8]! / side;
    bright += at(side / 2 - 1);
    dark += at(side / 2);
  }
  expect(Math.abs(bright - 1)).toBeLessThan(0.05);
  expect(Math.abs(dark - 0.3)).toBeLessThan(0.015);
}, 120_000);

test('pixels that are no numbers do not spread', async () => {
  const { picture } = walls(0.1);
  picture.color.set([Number.NaN, Infinity, 0, Number.NaN], (side * 20 + 10) * 4);
  const smooth = await denoise(await getTestDevice(), picture);
  expect(smooth.every(Number.isFinite)).toBe(true);
}, 120_000);
