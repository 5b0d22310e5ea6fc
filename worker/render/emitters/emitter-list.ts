import { cross, dot } from '../scene/matrix.ts';
import { type Material, type Scene, type Vector3, luminance } from '../scene/scene.ts';
import { meanColor } from '../textures/texel-buffer.ts';

/** An emissive triangle and its weight for choosing it. */
export interface Emitter {
  readonly triangle: number;
  /** Area x luminance of its emission. */
  readonly weight: number;
}

/** Every triangle that sends out light, in document order; triangles without area send none. */
export function listEmitters(scene: Scene): Emitter[] {
  const luminances = scene.materials.map((material) => emittedLuminance(scene, material));
  const emitters: Emitter[] = [];
  for (let triangle = 0; triangle < scene.triangleCount; triangle += 1) {
    const brightness = luminances[scene.materialIndices[triangle] as number] as number;
    if (brightness <= 0) continue;
    const weight = areaOf(scene.positions, triangle) * brightness;
    if (weight > 0 && Number.isFinite(weight)) emitters.push({ triangle, weight });
  }
  return emitters;
}

/** Luminance of a material's emission; with a texture, of its mean. The shader's `emission_brightness`. */
export function emittedLuminance(scene: Pick<Scene, 'images'>, material: Material): number {
  const slot = material.textures?.emission;
  const image = slot === undefined ? undefined : scene.images?.[slot.imageIndex];
  if (image === undefined || largest(material.emission) === 0) return luminance(material.emission);
  const mean = meanColor(image);
  const [red, green, blue] = material.emission;
  return luminance([red * mean[0], green * mean[1], blue * mean[2]]);
}

function largest(color: Vector3): number {
  return Math.max(...color);
}

function areaOf(positions: Float32Array, triangle: number): number {
  const corner = (index: number, axis: number) => positions[triangle * 9 + index * 3 + axis] as number;
  const edge = (index: number): Vector3 => [
    corner(index, 0) - corner(0, 0),
    corner(index, 1) - corner(0, 1),
    corner(index, 2) - corner(0, 2),
  ];
  const normal = cross(edge(1), edge(2));
  return Math.sqrt(dot(normal, normal)) / 2;
}
