/** The scene of the comparison, for both renderers: a Cornell box with two blocks and an emissive quad. Metres, y up. */

export interface BenchQuad {
  readonly corners: readonly [Point, Point, Point, Point];
  readonly material: number;
}

export type Point = readonly [number, number, number];

export interface BenchMaterial {
  readonly name: string;
  readonly baseColor: Point;
  readonly emission: Point;
}

export const materials: readonly BenchMaterial[] = [
  { name: 'white', baseColor: [0.73, 0.73, 0.73], emission: [0, 0, 0] },
  { name: 'red', baseColor: [0.63, 0.065, 0.05], emission: [0, 0, 0] },
  { name: 'green', baseColor: [0.14, 0.45, 0.091], emission: [0, 0, 0] },
  { name: 'lamp', baseColor: [0.78, 0.78, 0.78], emission: [15, 15, 15] },
];

/** Looks along -z; the vertical angle is in degrees. */
export const camera = { origin: [0, 0, 3.8] as Point, verticalFieldOfViewDegrees: 39.3 };

/** Corners run counter-clockwise seen from the front. */
export const quads: readonly BenchQuad[] = [
  wall([-1, -1, 1], [1, -1, 1], [1, -1, -1], [-1, -1, -1], 0),
  wall([-1, 1, -1], [1, 1, -1], [1, 1, 1], [-1, 1, 1], 0),
  wall([-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], 0),
  wall([-1, -1, 1], [-1, -1, -1], [-1, 1, -1], [-1, 1, 1], 1),
  wall([1, -1, -1], [1, -1, 1], [1, 1, 1], [1, 1, -1], 2),
  ...block([-0.35, -0.4, -0.3], [0.6, 1.2, 0.6], 0.3, 0),
  ...block([0.35, -0.7, 0.3], [0.6, 0.6, 0.6], -0.3, 0),
  wall([-0.25, 0.99, -0.25], [0.25, 0.99, -0.25], [0.25, 0.99, 0.25], [-0.25, 0.99, 0.25], 3),
];

function wall(a: Point, b: Point, c: Point, d: Point, material: number): BenchQuad {
  return { corners: [a, b, c, d], material };
}

function block(center: Point, size: Point, turnRadians: number, material: number): BenchQuad[] {
  const [cosine, sine] = [Math.cos(turnRadians), Math.sin(turnRadians)];
  const corner = (index: number): Point => {
    const x = ((index & 1) - 0.5) * size[0];
    const z = (((index >> 2) & 1) - 0.5) * size[2];
    return [
      center[0] + x * cosine + z * sine,
      center[1] + (((index >> 1) & 1) - 0.5) * size[1],
      center[2] + z * cosine - x * sine,
    ];
  };
  const faces = ['0462', '1375', '0154', '2673', '0231', '4576'];
  return faces.map((face) => {
    const [a, b, c, d] = [...face].map((digit) => corner(Number(digit))) as [Point, Point, Point, Point];
    return wall(a, b, c, d, material);
  });
}
