import type { Scene } from '../../worker/render/scene/scene.ts';
import {
  facetedSphere,
  quad,
  sceneOf,
  seededRandom,
  white,
  type TestTriangle,
} from '../../tests/gpu/render/scene-fixtures.ts';

/** A rolling field of `side` x `side` x 2 triangles, small ripples on large waves. 9 float32 per triangle. */
export function terrain(side: number): Float32Array<ArrayBuffer> {
  const positions = new Float32Array(side * side * 18);
  let at = 0;
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      for (const [dx, dy] of [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 0],
        [0, 1],
        [1, 1],
      ] as const) {
        positions.set([x + dx, height(x + dx, y + dy), y + dy], at);
        at += 3;
      }
    }
  }
  return positions;
}

function height(x: number, y: number): number {
  return Math.sin(x * 0.11) * Math.cos(y * 0.07) * 6 + Math.sin(x * 1.3 + y * 0.9) * 0.4;
}

/** Triangles of up to `size`, scattered in a cube of side 10. */
export function soup(count: number, size: number): Float32Array<ArrayBuffer> {
  const random = seededRandom(7);
  const positions = new Float32Array(count * 9);
  for (let triangle = 0; triangle < count; triangle += 1) {
    const center = [random() * 10, random() * 10, random() * 10];
    for (let index = 0; index < 9; index += 1) {
      positions[triangle * 9 + index] = (center[index % 3] as number) + (random() - 0.5) * size;
    }
  }
  return positions;
}

/** A room with a bumpy ball of about nine thousand triangles, as large as the research scene of the ray figures. */
export function ballRoom(): Scene {
  const ball: TestTriangle[] = facetedSphere(0.7, 48, 0).map(({ corners, material }) => ({
    corners: corners.map(([x, y, z]) => {
      const bump = 1 + 0.06 * Math.sin(x * 19) * Math.sin(y * 23) * Math.sin(z * 17);
      return [x * bump, y * bump - 0.2, z * bump];
    }) as unknown as TestTriangle['corners'],
    material,
  }));
  return sceneOf(
    [
      ...quad([-1, -1, 1], [1, -1, 1], [1, -1, -1], [-1, -1, -1], 0),
      ...quad([-1, 1, -1], [1, 1, -1], [1, 1, 1], [-1, 1, 1], 0),
      ...quad([-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], 0),
      ...quad([-1, -1, 1], [-1, -1, -1], [-1, 1, -1], [-1, 1, 1], 0),
      ...quad([1, -1, -1], [1, -1, 1], [1, 1, 1], [1, 1, -1], 0),
      ...ball,
    ],
    { materials: [white] },
  );
}
