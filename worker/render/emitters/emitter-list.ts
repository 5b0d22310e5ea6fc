import { cross, dot } from '../scene/matrix.ts';
import { type Scene, type Vector3, luminance } from '../scene/scene.ts';

/** An emissive triangle and its weight for choosing it. */
export interface Emitter {
  readonly triangle: number;
  /** Area x luminance of its emission. */
  readonly weight: number;
}

/** Every triangle that sends out light, in document order; triangles without area send none. */
export function listEmitters(scene: Scene): Emitter[] {
  const luminances = scene.materials.map((material) => luminance(material.emission));
  const emitters: Emitter[] = [];
  for (let triangle = 0; triangle < scene.triangleCount; triangle += 1) {
    const brightness = luminances[scene.materialIndices[triangle] as number] as number;
    if (brightness <= 0) continue;
    const weight = areaOf(scene.positions, triangle) * brightness;
    if (weight > 0 && Number.isFinite(weight)) emitters.push({ triangle, weight });
  }
  return emitters;
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
