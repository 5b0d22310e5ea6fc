import { createStorageBuffer, readBuffer } from '../gpu/buffers.ts';
import type { RenderSettings, SceneDescription, Tile } from '../messages.ts';
import { growTrees } from './bvh/forest.ts';
import { type RenderDriver, createDriverChoice } from './driver-choice.ts';
import type { EmitterChoice } from './emitters/light-buffer.ts';
import { listLights } from './emitters/light-list.ts';
import type { EnvironmentMap } from './environment/environment-map.ts';
import type { BvhLayout } from './bvh/layout.ts';
import { createPathTraceKernel } from './kernels/path-trace.ts';
import { createWavefrontKernel, wavefrontCapacity } from './kernels/path-trace-wavefront.ts';
import { createSceneBuffers, packScene } from './scene-buffers.ts';
import type { Scene } from './scene/scene.ts';
import { SceneError } from './scene/scene-error.ts';
import type { BindingLimits } from './storage-split.ts';
import { checkSettings, checkTile } from './settings.ts';
import { chooseLayout } from './layout-choice.ts';
import { createGuideRenderer, depthStepOf } from './guide-renderer.ts';
import { type SliceBudget, retarget } from './slice-plan.ts';
import { type SliceRange, runSlices } from './slice-runner.ts';

/** Long enough to keep an adapter busy, short enough that a desktop stays fluid. */
const defaultSliceTargetMs = 50;

/** A scene on the GPU, ready to render tiles of one image. */
export interface SceneRenderer {
  readonly description: SceneDescription;
  /**
   * Sums over samples firstSample..firstSample + sampleCount of every pixel of the tile: 4 float32 per pixel (linear R,
   * G, B and squared luminance), row-major in the tile. A pure function of (scene, settings, pixel, samples): neither the
   * tile nor the number of calls changes a byte. Calls run one after another. `pace` holds for this call only.
   * @throws SceneError.
   */
  renderTile(
    tile: Tile,
    firstSample: number,
    sampleCount: number,
    pace?: RenderPace,
  ): Promise<Float32Array<ArrayBuffer>>;
  /**
   * What those samples meet first, in sums of 8 float32 per pixel: albedo and depth along the view axis, then the normal that
   * faces the viewer and how many samples hit something. As much a pure function as `renderTile`. @throws SceneError.
   */
  renderGuides(
    tile: Tile,
    firstSample: number,
    sampleCount: number,
    pace?: RenderPace,
  ): Promise<Float32Array<ArrayBuffer>>;
  destroy(): void;
}

export interface RenderPace {
  /**
   * Target time of one dispatch, in 1..1000: 50 when nobody sits at the machine, 8 when somebody does. Changes nothing but
   * the length of the dispatches.
   */
  readonly sliceTargetMs?: number;
}

export interface SceneRendererOptions extends RenderPace {
  /** Takes the place of the scene's own constant background. */
  readonly environment?: EnvironmentMap;
  /** How the adapter is driven (measured when not said) and how the tree lies in memory; neither changes a byte. */
  readonly driver?: RenderDriver;
  readonly layout?: BvhLayout;
  /** By their number when not said. Changes the noise of the picture, and so its bytes. */
  readonly emitterChoice?: EmitterChoice;
  /** Smaller than the device's, to try what larger scenes or lesser adapters meet. */
  readonly bindingLimits?: BindingLimits;
}

export async function createSceneRenderer(
  device: GPUDevice,
  scene: Scene,
  settings: RenderSettings,
  options: SceneRendererOptions = {},
): Promise<SceneRenderer> {
  checkSettings(settings);
  const layout = options.layout ?? (await chooseLayout(device));
  const lights = listLights(scene, options.environment);
  const tree = growTrees(scene);
  const packed = packScene(scene, tree, layout, lights, settings, options.environment, options.emitterChoice);
  const buffers = createSceneBuffers(device, packed, options.bindingLimits);
  const parts = { scene: buffers, layout, maxBounces: settings.maxBounces };
  const drivers = await createDriverChoice(device, {
    create: {
      tile: () => createPathTraceKernel(device, parts),
      wavefront: () => createWavefrontKernel(device, parts),
    },
    mostSamples: { tile: 2 ** 26, wavefront: wavefrontCapacity },
    fixed: options.driver,
  }).catch((error: unknown) => {
    buffers.destroy();
    throw error;
  });
  const guides = createGuideRenderer(device, { ...parts, depthStep: depthStepOf(scene) }, assertLoaded);
  const budget: SliceBudget = { samplesPerSlice: 4096, mostSamples: 4096 };
  let targetMs = options.sliceTargetMs ?? defaultSliceTargetMs;
  let film: GPUBuffer | undefined;
  let destroyed = false;
  let previous: Promise<unknown> = Promise.resolve();

  function filmFor(sizeBytes: number): GPUBuffer {
    if (film !== undefined && film.size >= sizeBytes) return film;
    film?.destroy();
    film = createStorageBuffer(device, 'render.film', sizeBytes);
    drivers.bindFilm(film);
    return film;
  }

  function assertLoaded(): void {
    if (!destroyed) return;
    throw new SceneError('scene-unloaded', 'the scene was unloaded', { field: 'scene' });
  }

  async function render(range: SliceRange, sliceTargetMs: number): Promise<Float32Array<ArrayBuffer>> {
    assertLoaded();
    const { tile } = range;
    budget.mostSamples = drivers.begin().mostSamples;
    retarget(budget, targetMs, sliceTargetMs);
    targetMs = sliceTargetMs;
    const sizeBytes = (tile.x1 - tile.x0) * (tile.y1 - tile.y0) * 16;
    const target = filmFor(sizeBytes);
    const { current, note } = drivers;
    await runSlices(device, { current, note, assertLoaded }, range, budget, targetMs);
    const sums = new Float32Array(await readBuffer(device, target, sizeBytes));
    assertLoaded();
    return sums;
  }

  async function inTurn(
    range: SliceRange,
    pace: RenderPace,
    work: (range: SliceRange, sliceTargetMs: number) => Promise<Float32Array<ArrayBuffer>>,
  ): Promise<Float32Array<ArrayBuffer>> {
    checkTile(range.tile, range.firstSample, range.sampleCount, settings);
    const sliceTargetMs = pace.sliceTargetMs ?? options.sliceTargetMs ?? defaultSliceTargetMs;
    const result = previous.then(() => work(range, sliceTargetMs));
    previous = result.catch(() => undefined);
    return result;
  }

  return {
    description: {
      triangleCount: scene.shared?.shownTriangles ?? scene.triangleCount,
      emissiveTriangleCount: lights.filter((light) => light.kind === 'triangle').length,
      meshCount: scene.meshCount,
      materialCount: scene.materials.length,
      nodeCount: scene.nodeCount,
      boundingBox: scene.boundingBox,
      gpuBytes: buffers.sizeBytes,
    },
    renderTile: (tile, firstSample, sampleCount, own = {}) =>
      inTurn({ tile, firstSample, sampleCount }, own, (range, targetMs) => render(range, targetMs)),
    renderGuides: (tile, firstSample, sampleCount, own = {}) =>
      inTurn({ tile, firstSample, sampleCount }, own, async (range, targetMs) => {
        assertLoaded();
        const sums = await guides.render(range, targetMs);
        assertLoaded();
        return sums;
      }),
    destroy() {
      destroyed = true;
      film?.destroy();
      drivers.destroy();
      guides.destroy();
      buffers.destroy();
    },
  };
}
