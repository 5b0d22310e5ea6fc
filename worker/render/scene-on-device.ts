import { createStorageBuffer } from '../gpu/buffers.ts';
import type { RenderSettings } from '../messages.ts';
import type { BvhTree } from './bvh/bvh-tree.ts';
import type { Forest } from './bvh/forest.ts';
import type { BvhLayout } from './bvh/layout.ts';
import { type DriverChoice, type RenderDriver, createDriverChoice } from './driver-choice.ts';
import type { EmitterChoice } from './emitters/light-buffer.ts';
import type { LightEntry } from './emitters/light-list.ts';
import type { EnvironmentMap } from './environment/environment-map.ts';
import { type GuideRenderer, createGuideRenderer, depthStepOf } from './guide-renderer.ts';
import { createPathTraceKernel } from './kernels/path-trace.ts';
import { createWavefrontKernel, wavefrontCapacity } from './kernels/path-trace-wavefront.ts';
import { createSceneBuffers, packScene } from './scene-buffers.ts';
import type { Scene } from './scene/scene.ts';
import type { BindingLimits } from './storage-split.ts';

/** A scene with its tree in one layout: its buffers, its film and what is compiled for them. */
export interface SceneOnDevice {
  readonly drivers: DriverChoice;
  readonly guides: GuideRenderer;
  /** Of the scene's buffers. */
  readonly sizeBytes: number;
  /** Bound to the drivers; at least as large. */
  filmFor(sizeBytes: number): GPUBuffer;
  destroy(): void;
}

export interface SceneParts {
  readonly scene: Scene;
  readonly tree: BvhTree | Forest;
  readonly lights: readonly LightEntry[];
  readonly settings: RenderSettings;
  readonly environment?: EnvironmentMap | undefined;
  readonly driver?: RenderDriver | undefined;
  readonly emitterChoice?: EmitterChoice | undefined;
  readonly bindingLimits?: BindingLimits | undefined;
  readonly trialAfterMs?: number | undefined;
  assertLoaded(): void;
}

/** @throws SceneError when a shader cannot bind as many buffers as the scene needs. */
export async function putOnDevice(device: GPUDevice, parts: SceneParts, layout: BvhLayout): Promise<SceneOnDevice> {
  const { scene, tree, lights, settings, environment, emitterChoice } = parts;
  const packed = packScene(scene, tree, layout, lights, settings, environment, emitterChoice);
  const buffers = createSceneBuffers(device, packed, parts.bindingLimits);
  const forKernels = { scene: buffers, layout, maxBounces: settings.maxBounces };
  const drivers = await createDriverChoice(device, {
    create: {
      tile: () => createPathTraceKernel(device, forKernels),
      wavefront: () => createWavefrontKernel(device, forKernels),
    },
    mostSamples: { tile: 2 ** 26, wavefront: wavefrontCapacity },
    fixed: parts.driver,
    trialAfterMs: parts.trialAfterMs,
  }).catch((error: unknown) => {
    buffers.destroy();
    throw error;
  });
  const guides = createGuideRenderer(device, { ...forKernels, depthStep: depthStepOf(scene) }, parts.assertLoaded);
  let film: GPUBuffer | undefined;
  return {
    drivers,
    guides,
    sizeBytes: buffers.sizeBytes,
    filmFor(sizeBytes) {
      if (film !== undefined && film.size >= sizeBytes) return film;
      film?.destroy();
      film = createStorageBuffer(device, 'render.film', sizeBytes);
      drivers.bindFilm(film);
      return film;
    },
    destroy() {
      film?.destroy();
      drivers.destroy();
      guides.destroy();
      buffers.destroy();
    },
  };
}
