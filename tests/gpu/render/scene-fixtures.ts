import type { Camera, Material, PunctualLight, Scene, Vector3 } from '../../../worker/render/scene/scene.ts';

/** A surface for tests: three corners and the index of a material; flat. */
export interface TestTriangle {
  readonly corners: readonly [Vector3, Vector3, Vector3];
  readonly material: number;
}

export const white: Material = {
  name: 'white',
  baseColor: [1, 1, 1],
  metallic: 0,
  roughness: 1,
  emission: [0, 0, 0],
  doubleSided: false,
};

/** Looks along -z from `origin`. */
export function cameraAt(origin: Vector3, verticalFieldOfViewRadians: number): Camera {
  return { origin, right: [1, 0, 0], up: [0, 1, 0], forward: [0, 0, -1], verticalFieldOfViewRadians };
}

/** A scene from flat triangles, without going through a file. */
export function sceneOf(
  triangles: readonly TestTriangle[],
  options: {
    materials: readonly Material[];
    camera?: Camera;
    punctualLights?: readonly PunctualLight[];
    background?: Vector3;
  },
): Scene {
  const positions = Float32Array.from(triangles.flatMap(({ corners }) => corners.flat()));
  const normals = Float32Array.from(
    triangles.flatMap(({ corners: [a, b, c] }) => {
      const [ux, uy, uz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
      const [vx, vy, vz] = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
      const n = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
      const length = Math.hypot(...n) || 1;
      return [n, n, n].flatMap((normal) => normal.map((value) => value / length));
    }),
  );
  const axis = (index: number) => [...positions].filter((_, place) => place % 3 === index);
  const corner = (pick: (...values: number[]) => number): Vector3 => [
    pick(...axis(0)),
    pick(...axis(1)),
    pick(...axis(2)),
  ];
  return {
    triangleCount: triangles.length,
    positions,
    normals,
    materialIndices: Uint32Array.from(triangles, ({ material }) => material),
    materials: options.materials,
    camera: options.camera ?? cameraAt([0, 0, 5], 0.7),
    punctualLights: options.punctualLights ?? [],
    background: options.background ?? [0, 0, 0],
    boundingBox: { minimum: corner(Math.min), maximum: corner(Math.max) },
    meshCount: 1,
    nodeCount: 1,
  };
}

/** Two triangles; the front is where a, b, c, d run counter-clockwise. */
export function quad(a: Vector3, b: Vector3, c: Vector3, d: Vector3, material: number): TestTriangle[] {
  return [
    { corners: [a, b, c], material },
    { corners: [a, c, d], material },
  ];
}

/** The six faces of a box turned about the vertical axis, seen from outside. */
export function box(center: Vector3, size: Vector3, turnRadians: number, material: number): TestTriangle[] {
  const [cosine, sine] = [Math.cos(turnRadians), Math.sin(turnRadians)];
  const corner = (index: number): Vector3 => {
    const x = ((index & 1) - 0.5) * size[0];
    const z = (((index >> 2) & 1) - 0.5) * size[2];
    return [
      center[0] + x * cosine + z * sine,
      center[1] + (((index >> 1) & 1) - 0.5) * size[1],
      center[2] + z * cosine - x * sine,
    ];
  };
  const faces: [number, number, number, number][] = [
    [0, 4, 6, 2],
    [1, 3, 7, 5],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 2, 3, 1],
    [4, 5, 7, 6],
  ];
  return faces.flatMap(([a, b, c, d]) => quad(corner(a), corner(b), corner(c), corner(d), material));
}

/** A faceted sphere: every angle of view at once, and no ray that leaves it comes back. */
export function facetedSphere(radius: number, divisions: number, material: number): TestTriangle[] {
  const point = (ring: number, step: number): Vector3 => {
    const latitude = (ring / divisions - 0.5) * Math.PI;
    const longitude = (step / (2 * divisions)) * 2 * Math.PI;
    const reach = radius * Math.cos(latitude);
    return [reach * Math.cos(longitude), radius * Math.sin(latitude), -reach * Math.sin(longitude)];
  };
  const triangles: TestTriangle[] = [];
  for (let ring = 0; ring < divisions; ring += 1) {
    for (let step = 0; step < 2 * divisions; step += 1) {
      const [a, b, c, d] = [point(ring, step), point(ring, step + 1), point(ring + 1, step + 1), point(ring + 1, step)];
      if (ring > 0) triangles.push({ corners: [a, b, c], material });
      if (ring + 1 < divisions) triangles.push({ corners: [a, c, d], material });
    }
  }
  return triangles;
}

/** mulberry32: seeded numbers in [0, 1) for tests. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
