import type { Scene, Vector3 } from '../../../worker/render/scene/scene.ts';
import { type TestTriangle, box, cameraAt, quad, sceneOf, seededRandom, white } from './scene-fixtures.ts';

/** Triangular lamps of all sizes, in all directions, in a few heaps; every fifth shines from both sides. */
export function lamps(count: number, seed: number, spread: number): TestTriangle[] {
  const random = seededRandom(seed);
  const heaps = Array.from({ length: 4 }, (): Vector3 => [random() - 0.5, random() - 0.5, random() - 0.5]);
  return Array.from({ length: count }, (_, index) => {
    const heap = heaps[index % heaps.length] as Vector3;
    const size = 0.02 + 0.2 * random() ** 4;
    const corner = (): Vector3 => [size * (random() - 0.5), size * (random() - 0.5), size * (random() - 0.5)];
    const center = heap.map((value) => spread * (value + 0.2 * (random() - 0.5))) as unknown as Vector3;
    const moved = (offset: Vector3): Vector3 => [center[0] + offset[0], center[1] + offset[1], center[2] + offset[2]];
    return { corners: [moved(corner()), moved(corner()), moved(corner())], material: index % 5 === 0 ? 2 : 1 };
  });
}

/** A floor, a wall and a box under lamps, with a point light beside them. */
export function lampField(count: number): Scene {
  const lit = lamps(count, 3, 3).map(({ corners, material }) => ({
    corners: corners.map(([x, y, z]) => [x, y + 1.2, z - 0.5]) as unknown as TestTriangle['corners'],
    material,
  }));
  return sceneOf(
    [
      ...quad([-3, -1, 3], [3, -1, 3], [3, -1, -3], [-3, -1, -3], 0),
      ...quad([-3, -1, -3], [3, -1, -3], [3, 3, -3], [-3, 3, -3], 0),
      ...box([0.8, -0.4, -1], [1, 1.2, 1], 0.4, 0),
      ...lit,
    ],
    {
      materials: [
        { ...white, baseColor: [0.7, 0.7, 0.7], roughness: 0.6 },
        { ...white, baseColor: [0, 0, 0], emission: [20, 16, 12] },
        { ...white, baseColor: [0, 0, 0], emission: [4, 5, 9], doubleSided: true },
      ],
      camera: cameraAt([0, 0.4, 5], 0.5),
      punctualLights: [{ kind: 'point', position: [-2, 2, 1], direction: [0, -1, 0], intensity: [0.4, 0.4, 0.4] }],
    },
  );
}
