import { createStorageBuffer, readBuffer } from '../../../worker/gpu/buffers.ts';
import { buildBvh } from '../../../worker/render/bvh/build-bvh.ts';
import { bvh2Layout } from '../../../worker/render/bvh/layout-bvh2.ts';
import type { EmitterChoice } from '../../../worker/render/emitters/light-buffer.ts';
import { type LightEntry, listLights } from '../../../worker/render/emitters/light-list.ts';
import { createPathTraceKernel } from '../../../worker/render/kernels/path-trace.ts';
import { emitter } from '../../../worker/render/library/emitter.ts';
import type { ShaderFragment } from '../../../worker/render/library/shader-fragment.ts';
import { vectorMath } from '../../../worker/render/library/vector-math.ts';
import { createSceneBuffers, packScene } from '../../../worker/render/scene-buffers.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { getTestDevice } from '../test-device.ts';

const side = 16;
const settings = { widthPixels: side, heightPixels: side, seed: 8, maxBounces: 3 };

export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly error: number;
}

export interface EstimateOptions {
  readonly samples?: number;
  /** Those of the scene when not said; none: lights are only met. */
  readonly lights?: readonly LightEntry[];
  readonly emitterChoice?: EmitterChoice;
  /** Emitters that a scattered ray meets count nothing: all their light comes from the choice of one. */
  readonly isOnlyChosen?: boolean;
}

/** Mean luminance of the picture and its standard error, from the sums that the kernel returns. */
export async function estimate(scene: Scene, options: EstimateOptions = {}): Promise<Estimate> {
  const device = await getTestDevice();
  const { samples = 1024, lights = listLights(scene, undefined), emitterChoice, isOnlyChosen = false } = options;
  const tree = buildBvh(scene.positions, scene.triangleCount);
  const packed = packScene(scene, tree, bvh2Layout, lights, settings, undefined, emitterChoice);
  const buffers = createSceneBuffers(device, packed);
  const { variant } = buffers;
  const own = isOnlyChosen ? { ...variant, replacements: onlyChosen, key: `${variant.key} only chosen` } : variant;
  const kernel = await createPathTraceKernel(device, { scene: { ...buffers, variant: own }, layout: bvh2Layout });
  const film = createStorageBuffer(device, 'test.film', side * side * 16);
  kernel.bindFilm(film);
  const rows = { tileX: 0, tileY: 0, tileWidth: side, firstRow: 0, endRow: side };
  kernel.setSlice({ ...rows, firstSample: 0, sampleCount: samples, continues: false });
  const encoder = device.createCommandEncoder();
  kernel.run(encoder);
  device.queue.submit([encoder.finish()]);
  const sums = new Float32Array(await readBuffer(device, film, side * side * 16));
  for (const resource of [kernel, buffers, film]) resource.destroy();
  let [mean, variance] = [0, 0];
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    const [red = 0, green = 0, blue = 0, squares = 0] = sums.subarray(pixel * 4, pixel * 4 + 4);
    const average = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / samples;
    mean += average / side ** 2;
    variance += (squares / samples - average * average) / samples / side ** 4;
  }
  return { mean, error: Math.sqrt(variance) };
}

/** How far two estimates are apart, in standard deviations of their difference. */
export function deviations(a: Estimate, b: Estimate): number {
  return Math.abs(a.mean - b.mean) / Math.hypot(a.error, b.error);
}

/** What is met has an endless density among the choices, and a weight of 0 against such a one. */
const onlyChosen: ReadonlyMap<ShaderFragment, ShaderFragment> = new Map([
  [
    emitter,
    edited(
      emitter,
      'fn emitter_density(',
      `${signatureOf(emitter, 'emitter_density')} {\n  return 1.0e20;\n}\n\nfn unused_density(`,
    ),
  ],
  [
    vectorMath,
    edited(
      vectorMath,
      'fn power_heuristic(',
      'fn power_heuristic(own: f32, other: f32) -> f32 {\n  return select(1.0, 0.0, other > 1.0e12);\n}\n\nfn unused_heuristic(',
    ),
  ],
]);

function edited(fragment: ShaderFragment, from: string, to: string): ShaderFragment {
  if (!fragment.code.includes(from)) throw new Error(`${fragment.name} has no ${from}`);
  return { ...fragment, code: fragment.code.replace(from, to) };
}

function signatureOf(fragment: ShaderFragment, name: string): string {
  return /fn \w+\([^)]*\) -> \w+/.exec(fragment.code.slice(fragment.code.indexOf(`fn ${name}(`)))?.[0] ?? '';
}
