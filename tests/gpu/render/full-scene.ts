import {
  type SceneRenderer,
  type SceneRendererOptions,
  createSceneRenderer,
} from '../../../worker/render/scene-renderer.ts';
import type { Material, Scene, TextureSlot } from '../../../worker/render/scene/scene.ts';
import type { TextureImage } from '../../../worker/render/textures/texture-image.ts';
import { getTestDevice } from '../test-device.ts';
import { renderMeans } from './render-sums.ts';
import { white } from './scene-fixtures.ts';

/** Every point of a surface shows the first image's only texel. */
export const texture: TextureSlot = {
  imageIndex: 0,
  wrapU: 'repeat',
  wrapV: 'repeat',
  isNearest: true,
  offset: [0, 0],
  scale: [1, 1],
  rotationRadians: 0,
};

/** Used by no triangle: with it every scene here uses the same features, so that one pipeline serves them all. */
const everything: Material = {
  ...white,
  clearcoat: { factor: 1, roughness: 0 },
  sheen: { color: [1, 1, 1], roughness: 0.5 },
  anisotropy: { strength: 1, rotationRadians: 0 },
  iridescence: { factor: 1, ior: 1.3, minimumNanometres: 100, maximumNanometres: 400 },
  textures: { extensions: { specular: texture, clearcoatNormal: texture } },
};

export const whitePixel = [255, 255, 255, 255];

const settings = { widthPixels: 16, heightPixels: 16, seed: 6, maxBounces: 4 };

/** A renderer of the scene with all features. */
export async function openFull(scene: Scene, options: SceneRendererOptions = {}): Promise<SceneRenderer> {
  const full = { ...scene, materials: [...scene.materials, everything] };
  return createSceneRenderer(await getTestDevice(), full, settings, options);
}

export async function meansOf(
  scene: Scene,
  samples: number,
  options: SceneRendererOptions = {},
): Promise<Float64Array> {
  const renderer = await openFull(scene, options);
  const means = await renderMeans(renderer, settings, samples);
  renderer.destroy();
  return means;
}

export function imageOf(pixel: readonly number[]): TextureImage {
  return { widthPixels: 1, heightPixels: 1, bytes: Uint8Array.from(pixel) };
}
