import { createStorageBuffer, readBuffer } from '../gpu/buffers.ts';
import { createGuidesKernel, guideBytesPerPixel } from './kernels/guides.ts';
import type { BvhLayout } from './bvh/layout.ts';
import type { PathTraceKernel } from './kernels/path-trace-slice.ts';
import type { SceneBuffers } from './scene-buffers.ts';
import type { Scene } from './scene/scene.ts';
import type { SliceBudget } from './slice-plan.ts';
import { type SliceRange, runSlices } from './slice-runner.ts';

export interface GuideRenderer {
  /** Eight float32 per pixel of the tile, as `shaders/render/guides.wgsl` lays them out. Calls must not overlap. */
  render(range: SliceRange, sliceTargetMs: number): Promise<Float32Array<ArrayBuffer>>;
  destroy(): void;
}

/** Compiles nothing until it is first asked: most pictures are rendered without guides. */
export function createGuideRenderer(
  device: GPUDevice,
  options: { readonly scene: SceneBuffers; readonly layout: BvhLayout; readonly depthStep: number },
  assertLoaded: () => void,
): GuideRenderer {
  const budget: SliceBudget = { samplesPerSlice: 16_384, mostSamples: 2 ** 26 };
  let compiling: Promise<PathTraceKernel> | undefined;
  let kernel: PathTraceKernel | undefined;
  let film: GPUBuffer | undefined;

  return {
    async render(range, sliceTargetMs) {
      compiling ??= createGuidesKernel(device, options);
      const ready = await compiling;
      kernel = ready;
      assertLoaded();
      const { tile } = range;
      const sizeBytes = (tile.x1 - tile.x0) * (tile.y1 - tile.y0) * guideBytesPerPixel;
      if (film === undefined || film.size < sizeBytes) {
        film?.destroy();
        film = createStorageBuffer(device, 'render.guides.film', sizeBytes);
        ready.bindFilm(film);
      }
      await runSlices(
        device,
        { current: () => ready, note: () => undefined, assertLoaded },
        range,
        budget,
        sliceTargetMs,
      );
      return new Float32Array(await readBuffer(device, film, sizeBytes));
    },
    destroy() {
      film?.destroy();
      kernel?.destroy();
    },
  };
}

/** A power of two that tells apart 2^14 depths between the camera and the farthest corner of the scene. */
export function depthStepOf({ camera, boundingBox }: Pick<Scene, 'camera' | 'boundingBox'>): number {
  const { minimum, maximum } = boundingBox;
  const farthest = Math.hypot(
    ...camera.origin.map((value, axis) =>
      Math.max(Math.abs((minimum[axis] as number) - value), Math.abs((maximum[axis] as number) - value)),
    ),
  );
  return 2 ** (Math.ceil(Math.log2(Math.max(farthest, 2 ** -100))) - 14);
}
