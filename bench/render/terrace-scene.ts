import { seededRandom } from '../../tests/gpu/render/scene-fixtures.ts';
import type { Point } from './cornell-box.ts';
import { type BenchImage, type BenchMesh, type BenchScene, flatNormals } from './peer-scene.ts';

/** Three textured balls on a tiled floor under a sky with a small sun: light comes from the environment alone. */
export function terraceScene(): BenchScene {
  const floor = [-4, -0.8, 4, 4, -0.8, 4, 4, -0.8, -4, -4, -0.8, 4, 4, -0.8, -4, -4, -0.8, -4];
  return {
    name: 'Textured balls under a sky',
    camera: { origin: [0, 0.1, 5], verticalFieldOfViewDegrees: 35 },
    images: [checks([200, 190, 170], [90, 60, 50]), checks([40, 90, 200], [230, 200, 60]), scratches()],
    meshes: [
      {
        name: 'floor',
        positions: floor,
        normals: flatNormals(floor),
        textureCoordinates: [0, 8, 8, 8, 8, 0, 0, 8, 8, 0, 0, 0],
        baseColor: [1, 1, 1],
        emission: [0, 0, 0],
        metallic: 0,
        roughness: 0.8,
        baseColorImage: 0,
      },
      ball('plastic', [-1.25, -0.1, 0], { metallic: 0, roughness: 1, baseColorImage: 1, metallicRoughnessImage: 2 }),
      ball('metal', [0.1, -0.1, -0.6], { metallic: 1, roughness: 1, baseColorImage: 0, metallicRoughnessImage: 2 }),
      ball('clay', [1.3, -0.1, 0.2], { metallic: 0, roughness: 0.9, baseColorImage: 1 }),
    ],
    environment: sky(),
  };
}

type Surface = Pick<BenchMesh, 'metallic' | 'roughness' | 'baseColorImage' | 'metallicRoughnessImage'>;

function ball(name: string, center: Point, surface: Surface): BenchMesh {
  const [radius, rings, steps] = [0.7, 24, 48];
  const positions: number[] = [];
  const normals: number[] = [];
  const textureCoordinates: number[] = [];
  const corner = (ring: number, step: number): void => {
    const latitude = (ring / rings - 0.5) * Math.PI;
    const longitude = (step / steps) * 2 * Math.PI;
    const normal = [
      Math.cos(latitude) * Math.cos(longitude),
      Math.sin(latitude),
      -Math.cos(latitude) * Math.sin(longitude),
    ] as const;
    positions.push(...normal.map((value, axis) => (center[axis] as number) + radius * value));
    normals.push(...normal);
    textureCoordinates.push((step / steps) * 4, (1 - ring / rings) * 2);
  };
  for (let ring = 0; ring < rings; ring += 1) {
    for (let step = 0; step < steps; step += 1) {
      if (ring > 0)
        for (const [r, s] of [
          [0, 0],
          [0, 1],
          [1, 1],
        ] as const)
          corner(ring + r, step + s);
      if (ring + 1 < rings)
        for (const [r, s] of [
          [0, 0],
          [1, 1],
          [1, 0],
        ] as const)
          corner(ring + r, step + s);
    }
  }
  return { name, positions, normals, textureCoordinates, baseColor: [1, 1, 1], emission: [0, 0, 0], ...surface };
}

function checks(even: Point, odd: Point): BenchImage {
  return paint((x, y) => [...(((x >> 3) + (y >> 3)) % 2 === 0 ? even : odd), 255]);
}

/** Roughness between 0.25 and 0.7; wholly what the factors say of metal. */
function scratches(): BenchImage {
  const random = seededRandom(3);
  return paint(() => [255, Math.round(255 * (0.25 + 0.45 * random())), 255, 255]);
}

function paint(at: (x: number, y: number) => number[]): BenchImage {
  const side = 64;
  const pixels = new Uint8Array(side * side * 4);
  for (let pixel = 0; pixel < side * side; pixel += 1)
    pixels.set(at(pixel % side, Math.floor(pixel / side)), pixel * 4);
  return { side, pixels };
}

/** A bright sky, dark ground and a sun of five degrees. */
function sky(): NonNullable<BenchScene['environment']> {
  const [widthPixels, heightPixels] = [256, 128];
  const pixels = new Float32Array(widthPixels * heightPixels * 3);
  for (let row = 0; row < heightPixels; row += 1) {
    const latitude = (0.5 - (row + 0.5) / heightPixels) * Math.PI;
    for (let column = 0; column < widthPixels; column += 1) {
      const longitude = ((column + 0.5) / widthPixels - 0.5) * 2 * Math.PI;
      const [x, y, z] = [
        Math.cos(latitude) * Math.cos(longitude),
        Math.sin(latitude),
        Math.cos(latitude) * Math.sin(longitude),
      ];
      const isSun = x * 0.48 + y * 0.64 + z * 0.6 > Math.cos((5 / 180) * Math.PI);
      const light = y > 0 ? [0.35 + 0.3 * y, 0.5 + 0.4 * y, 0.8 + 0.4 * y] : [0.12, 0.1, 0.08];
      pixels.set(isSun ? [120, 110, 90] : light, (row * widthPixels + column) * 3);
    }
  }
  return { widthPixels, heightPixels, pixels };
}
