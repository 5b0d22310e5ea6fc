import { readBuffer } from '../gpu/buffers.ts';
import type { RenderSettings, SceneDescription, Tile } from '../messages.ts';
import { growTrees } from './bvh/forest.ts';
import type { RenderDriver } from './driver-choice.ts';
import type { EmitterChoice } from './emitters/light-buffer.ts';
import { listLights } from './emitters/light-list.ts';
import type { EnvironmentMap } from './environment/environment-map.ts';
import type { BvhLayout } from './bvh/layout.ts';
import { layouts } from './bvh/layouts.ts';
import type { Scene } from './scene/scene.ts';
import { SceneError } from './scene/scene-error.ts';
import type { BindingLimits } from './storage-split.ts';
import { checkSettings, checkTile } from './settings.ts';
import { chooseLayout, recallLayout } from './layout-choice.ts';
import { type SceneParts, putOnDevice } from './scene-on-device.ts';
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
  /**
   * How the adapter is driven and how the tree lies in memory; neither changes a byte. When not said, both are measured once a job
   * turns out to be long.
   */
  readonly driver?: RenderDriver;
  readonly layout?: BvhLayout;
  /** By their number when not said. Changes the noise of the picture, and so its bytes. */
  readonly emitterChoice?: EmitterChoice;
  /** Smaller than the device's, to try what larger scenes or lesser adapters meet. */
  readonly bindingLimits?: BindingLimits;
  /** After how much work a job is long. */
  readonly trialAfterMs?: number;
}

export async function createSceneRenderer(
  device: GPUDevice,
  scene: Scene,
  settings: RenderSettings,
  options: SceneRendererOptions = {},
): Promise<SceneRenderer> {
  checkSettings(settings);
  const known = options.layout ?? recallLayout(device);
  const lights = listLights(scene, options.environment);
  const { environment, driver, emitterChoice, bindingLimits, trialAfterMs } = options;
  const ways = { environment, driver, emitterChoice, bindingLimits, trialAfterMs };
  /** Kept until no other layout can be asked for. */
  let parts: SceneParts | undefined = { scene, tree: growTrees(scene), lights, settings, ...ways, assertLoaded };
  const layout = known ?? layouts[0];
  let current = await putOnDevice(device, parts, layout);
  if (known !== undefined) parts = undefined;
  const budget: SliceBudget = { samplesPerSlice: 4096, mostSamples: 4096 };
  let targetMs = options.sliceTargetMs ?? defaultSliceTargetMs;
  let destroyed = false;
  let previous: Promise<unknown> = Promise.resolve();

  function assertLoaded(): void {
    if (!destroyed) return;
    throw new SceneError('scene-unloaded', 'the scene was unloaded', { field: 'scene' });
  }

  /** Measures the layouts, once for an adapter, and goes on in the fastest: all give the same bytes. */
  async function settleLayout(own: SceneParts): Promise<void> {
    parts = undefined;
    const fastest = await chooseLayout(device);
    assertLoaded();
    if (fastest === layout) return;
    // Before the other is made, so that the scene never takes twice its memory.
    current.destroy();
    try {
      current = await putOnDevice(device, own, fastest);
    } catch (error) {
      destroyed = true;
      throw error;
    }
    if (destroyed) current.destroy();
    assertLoaded();
  }

  async function render(range: SliceRange, sliceTargetMs: number): Promise<Float32Array<ArrayBuffer>> {
    assertLoaded();
    if (parts !== undefined && current.drivers.isLong()) await settleLayout(parts);
    const { tile } = range;
    const { drivers } = current;
    budget.mostSamples = drivers.begin().mostSamples;
    retarget(budget, targetMs, sliceTargetMs);
    targetMs = sliceTargetMs;
    const sizeBytes = (tile.x1 - tile.x0) * (tile.y1 - tile.y0) * 16;
    const target = current.filmFor(sizeBytes);
    await runSlices(device, { current: drivers.current, note: drivers.note, assertLoaded }, range, budget, targetMs);
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
      gpuBytes: current.sizeBytes,
    },
    renderTile: (tile, firstSample, sampleCount, own = {}) =>
      inTurn({ tile, firstSample, sampleCount }, own, (range, targetMs) => render(range, targetMs)),
    renderGuides: (tile, firstSample, sampleCount, own = {}) =>
      inTurn({ tile, firstSample, sampleCount }, own, async (range, targetMs) => {
        assertLoaded();
        const sums = await current.guides.render(range, targetMs);
        assertLoaded();
        return sums;
      }),
    destroy() {
      destroyed = true;
      parts = undefined;
      current.destroy();
    },
  };
}
