/**
 * A float64 path tracer that shares nothing with the product but the loaded scene: its own tree, random numbers, sampling
 * and quadrature. It takes the plain way everywhere: the GGX lobe is sampled by the density of its normals, not of the
 * visible ones, lights are chosen by a cumulative sum, paths are weighted by the balance heuristic and never cut short.
 * What both must agree on is the light transport itself, as `shaders/render/surface.wgsl` defines it in its header.
 */
import { seededRandom } from '../render/scene-fixtures.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { createReferenceSurfaces } from './surface.ts';
import { add, cross, dot, lengthOf, normalize, scale, subtract, type Vector } from './vector.ts';
import { createTriangleTree } from './triangle-tree.ts';

export interface ReferenceSettings {
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly samples: number;
  readonly seed: number;
  readonly maxBounces: number;
}

/** Mean linear R, G, B per pixel, row-major from the top left. */
export function renderReference(scene: Scene, settings: ReferenceSettings): Float64Array<ArrayBuffer> {
  const random = seededRandom(settings.seed);
  const tree = createTriangleTree(scene.positions, scene.triangleCount);
  const surfaces = createReferenceSurfaces(scene.materials);
  const lights = listLights(scene);
  const totalPower = lights.at(-1)?.cumulative ?? 0;

  const cornerOf = (triangle: number, corner: number): Vector => vectorAt(scene.positions, triangle * 9 + corner * 3);
  const normalOf = (triangle: number): Vector => {
    const origin = cornerOf(triangle, 0);
    return normalize(cross(subtract(cornerOf(triangle, 1), origin), subtract(cornerOf(triangle, 2), origin)));
  };
  const emissionOf = (triangle: number): Vector => {
    const material = scene.materials[scene.materialIndices[triangle] as number];
    return material === undefined ? [0, 0, 0] : material.emission;
  };
  const emits = (triangle: number, fromFront: boolean): boolean =>
    Math.max(...emissionOf(triangle)) > 0 &&
    (fromFront || scene.materials[scene.materialIndices[triangle] as number]?.doubleSided === true);
  /** Per area, the same on every light: power is luminance x area. */
  const areaDensity = (triangle: number): number => luminance(emissionOf(triangle)) / totalPower;

  function trace(origin: Vector, direction: Vector): Vector {
    let radiance: Vector = [0, 0, 0];
    let throughput: Vector = [1, 1, 1];
    let from = origin;
    let toward = direction;
    let density = 0;
    for (let depth = 0; ; depth += 1) {
      const hit = tree.closest(from, toward);
      if (hit === undefined) return add(radiance, product(throughput, scene.background));
      const { triangle, distance, u, v } = hit;
      const front = normalOf(triangle);
      const fromFront = dot(front, toward) < 0;
      const geometric = fromFront ? front : scale(front, -1);
      if (emits(triangle, fromFront)) {
        const cosine = -dot(geometric, toward);
        const lightDensity = (areaDensity(triangle) * distance * distance) / cosine;
        const weight = depth === 0 ? 1 : density / (density + lightDensity);
        radiance = add(radiance, scale(product(throughput, emissionOf(triangle)), weight));
      }
      if (depth === settings.maxBounces) return radiance;

      let shading = normalize(interpolate(scene.normals, triangle, u, v));
      if (!fromFront) shading = scale(shading, -1);
      if (!(dot(shading, toward) < -1e-4)) shading = geometric;
      const point = add(add(from, scale(toward, distance)), scale(geometric, 1e-6));
      const surface = surfaces.at(scene.materialIndices[triangle] as number, shading, scale(toward, -1));

      if (lights.length > 0) {
        const direct = sampleLight(point);
        if (direct.density > 0 && dot(direct.direction, geometric) > 0) {
          const reflected = surface.evaluate(direct.direction);
          if (reflected.density > 0 && !tree.blocked(point, direct.direction, direct.distance - 2e-6)) {
            const factor = 1 / (direct.density + reflected.density);
            radiance = add(radiance, scale(product(product(throughput, reflected.value), direct.emission), factor));
          }
        }
      }

      const next = surface.sample(random);
      if (dot(next, geometric) <= 0) return radiance;
      const reflected = surface.evaluate(next);
      if (reflected.density <= 0) return radiance;
      throughput = scale(product(throughput, reflected.value), 1 / reflected.density);
      if (Math.max(...throughput) === 0) return radiance;
      density = reflected.density;
      from = point;
      toward = next;
    }
  }

  function sampleLight(point: Vector) {
    const target = random() * totalPower;
    const light = lights[firstAbove(lights, target)] as Light;
    const root = Math.sqrt(random());
    const side = random();
    const a = cornerOf(light.triangle, 0);
    const b = scale(subtract(cornerOf(light.triangle, 1), a), root * (1 - side));
    const c = scale(subtract(cornerOf(light.triangle, 2), a), root * side);
    const offset = subtract(add(a, add(b, c)), point);
    const distance = lengthOf(offset);
    const direction = scale(offset, 1 / distance);
    const cosine = -dot(normalOf(light.triangle), direction);
    const lit = cosine !== 0 && emits(light.triangle, cosine > 0);
    const density = lit ? (areaDensity(light.triangle) * distance * distance) / Math.abs(cosine) : 0;
    return { direction, distance, density, emission: emissionOf(light.triangle) };
  }

  const { widthPixels, heightPixels, samples } = settings;
  const { camera } = scene;
  const halfHeight = Math.tan(camera.verticalFieldOfViewRadians / 2);
  const halfWidth = (halfHeight * widthPixels) / heightPixels;
  const image = new Float64Array(widthPixels * heightPixels * 3);
  for (let y = 0; y < heightPixels; y += 1) {
    for (let x = 0; x < widthPixels; x += 1) {
      let sum: Vector = [0, 0, 0];
      for (let sample = 0; sample < samples; sample += 1) {
        const across = scale(camera.right, (((x + random()) / widthPixels) * 2 - 1) * halfWidth);
        const upward = scale(camera.up, (1 - ((y + random()) / heightPixels) * 2) * halfHeight);
        sum = add(sum, trace(camera.origin, normalize(add(camera.forward, add(across, upward)))));
      }
      image.set(scale(sum, 1 / samples), (y * widthPixels + x) * 3);
    }
  }
  return image;
}

interface Light {
  readonly triangle: number;
  readonly cumulative: number;
}

function listLights(scene: Scene): Light[] {
  const lights: Light[] = [];
  let cumulative = 0;
  for (let triangle = 0; triangle < scene.triangleCount; triangle += 1) {
    const emission = scene.materials[scene.materialIndices[triangle] as number]?.emission ?? [0, 0, 0];
    const a = vectorAt(scene.positions, triangle * 9);
    const b = subtract(vectorAt(scene.positions, triangle * 9 + 3), a);
    const c = subtract(vectorAt(scene.positions, triangle * 9 + 6), a);
    const power = luminance(emission) * 0.5 * lengthOf(cross(b, c));
    if (power <= 0) continue;
    cumulative += power;
    lights.push({ triangle, cumulative });
  }
  return lights;
}

function firstAbove(lights: readonly Light[], target: number): number {
  let low = 0;
  let high = lights.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lights[middle] as Light).cumulative > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

function interpolate(values: Float32Array, triangle: number, u: number, v: number): Vector {
  const a = scale(vectorAt(values, triangle * 9), 1 - u - v);
  return add(a, add(scale(vectorAt(values, triangle * 9 + 3), u), scale(vectorAt(values, triangle * 9 + 6), v)));
}

function vectorAt(values: Float32Array, offset: number): Vector {
  return [values[offset] as number, values[offset + 1] as number, values[offset + 2] as number];
}

function product(a: Vector, b: Vector): Vector {
  return [a[0] * b[0], a[1] * b[1], a[2] * b[2]];
}

function luminance(color: Vector): number {
  return 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2];
}
