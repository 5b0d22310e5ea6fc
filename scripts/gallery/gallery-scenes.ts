import { type Point, box, join, quad, sphere } from '../embedded-scene/geometry.ts';
import type { MaterialDefinition, SceneDefinition } from '../embedded-scene/glb-writer.ts';

type Ball = Omit<MaterialDefinition, 'name'>;

/** A picture of three balls: the extension absent or weak, in the middle, and strong. */
export interface GalleryPicture {
  readonly extension: string;
  /** What the balls have, from left to right. */
  readonly caption: string;
  readonly balls: readonly [Ball, Ball, Ball];
}

/** The same ball with three values of one thing. */
function three<Value>(
  values: readonly [Value, Value, Value],
  ballOf: (value: Value) => Ball,
): readonly [Ball, Ball, Ball] {
  return [ballOf(values[0]), ballOf(values[1]), ballOf(values[2])];
}

const clear: Point = [1, 1, 1];
const glass = { KHR_materials_transmission: { transmissionFactor: 1 } };

export const galleryPictures: readonly GalleryPicture[] = [
  {
    extension: 'KHR_materials_clearcoat',
    caption: 'red rough metal under no coat, half a coat and a whole one',
    balls: three([0, 0.5, 1], (clearcoatFactor) => ({
      color: [0.6, 0.03, 0.03],
      metallic: 0.8,
      roughness: 0.6,
      extensions: { KHR_materials_clearcoat: { clearcoatFactor, clearcoatRoughnessFactor: 0.03 } },
    })),
  },
  {
    extension: 'KHR_materials_sheen',
    caption: 'dark cloth without sheen, with rough sheen and with fine sheen',
    balls: three([0, 0.7, 0.3], (sheenRoughnessFactor) => ({
      color: [0.1, 0.02, 0.05],
      roughness: 1,
      extensions: {
        KHR_materials_sheen: {
          sheenColorFactor: sheenRoughnessFactor === 0 ? [0, 0, 0] : [0.9, 0.5, 0.6],
          sheenRoughnessFactor,
        },
      },
    })),
  },
  {
    extension: 'KHR_materials_transmission',
    caption: 'thin walls of green: opaque, half and wholly transmitting',
    balls: three([0, 0.5, 1], (transmissionFactor) => ({
      color: [0.5, 0.9, 0.5],
      roughness: 0.05,
      extensions: { KHR_materials_transmission: { transmissionFactor } },
    })),
  },
  {
    extension: 'KHR_materials_volume',
    caption: 'solid glass that leaves amber after 2, 0.5 and 0.15 metres',
    balls: three([2, 0.5, 0.15], (attenuationDistance) => ({
      color: clear,
      roughness: 0,
      extensions: {
        ...glass,
        KHR_materials_volume: { thicknessFactor: 1, attenuationDistance, attenuationColor: [0.9, 0.5, 0.1] },
      },
    })),
  },
  {
    extension: 'KHR_materials_ior',
    caption: 'solid bodies of index 1.1, 1.5 and 2.4',
    balls: three([1.1, 1.5, 2.4], (ior) => ({
      color: clear,
      roughness: 0,
      extensions: { ...glass, KHR_materials_volume: { thicknessFactor: 1 }, KHR_materials_ior: { ior } },
    })),
  },
  {
    extension: 'KHR_materials_specular',
    caption: 'black plastic without reflection, with golden and with full reflection',
    balls: three<readonly [number, Point]>(
      [
        [0, clear],
        [1, [1, 0.6, 0.1]],
        [1, clear],
      ],
      ([specularFactor, specularColorFactor]) => ({
        color: [0.02, 0.02, 0.02],
        roughness: 0.15,
        extensions: {
          KHR_materials_specular: { specularFactor, specularColorFactor },
          KHR_materials_ior: { ior: 1.8 },
        },
      }),
    ),
  },
  {
    extension: 'KHR_materials_iridescence',
    caption: 'dark metal under films of 250, 400 and 550 nanometres',
    balls: three([250, 400, 550], (iridescenceThicknessMaximum) => ({
      color: [0.2, 0.2, 0.2],
      metallic: 1,
      roughness: 0.3,
      extensions: {
        KHR_materials_iridescence: { iridescenceFactor: 1, iridescenceIor: 2, iridescenceThicknessMaximum },
      },
    })),
  },
  {
    extension: 'KHR_materials_anisotropy',
    caption: 'brushed metal: not stretched, stretched along and across',
    balls: three<readonly [number, number]>(
      [
        [0, 0],
        [0.9, 0],
        [0.9, 1.5708],
      ],
      ([anisotropyStrength, anisotropyRotation]) => ({
        color: [0.9, 0.75, 0.5],
        metallic: 1,
        roughness: 0.35,
        extensions: { KHR_materials_anisotropy: { anisotropyStrength, anisotropyRotation } },
      }),
    ),
  },
  {
    extension: 'KHR_materials_emissive_strength',
    caption: 'lamps of strength 0.3, 1 and 4',
    balls: three([0.3, 1, 4], (strength) => ({
      color: [0, 0, 0],
      roughness: 1,
      emission: [strength, strength * 0.6, strength * 0.25],
    })),
  },
  {
    extension: 'KHR_materials_unlit',
    caption: 'the same orange: lit, unlit, lit',
    balls: three([false, true, false], (isUnlit) => ({
      color: [0.8, 0.3, 0.05],
      roughness: 0.6,
      extensions: isUnlit ? { KHR_materials_unlit: {} } : {},
    })),
  },
];

const radius = 0.42;

/** The balls on a floor of tiles, under a lamp and before a striped wall. */
export function gallerySceneOf({ extension, balls }: GalleryPicture): SceneDefinition {
  const mesh = { ...sphere(radius, 32), coordinates: sphereCoordinates(32) };
  const tiles = Array.from({ length: 48 }, (_, index) => tile((index % 12) - 6, Math.floor(index / 12) - 2));
  return {
    name: extension,
    materials: [
      { name: 'light tile', color: [0.7, 0.7, 0.7], roughness: 0.9 },
      { name: 'dark tile', color: [0.12, 0.14, 0.18], roughness: 0.5 },
      { name: 'wall', color: [0.45, 0.5, 0.55], roughness: 0.9 },
      { name: 'lamp', color: [0, 0, 0], roughness: 1, emission: [9, 8.6, 8] },
      ...balls.map((ball, index) => ({ ...ball, name: `ball ${index}` })),
    ],
    nodes: [
      { name: 'light tiles', mesh: join(...tiles.filter((_, index) => isEven(index))), material: 'light tile' },
      { name: 'dark tiles', mesh: join(...tiles.filter((_, index) => !isEven(index))), material: 'dark tile' },
      { name: 'wall', mesh: quad([-4, 0, -2], [4, 0, -2], [4, 4, -2], [-4, 4, -2]), material: 'wall' },
      { name: 'stripes', mesh: join(...[-3, -1.5, 0, 1.5, 3].map(stripe)), material: 'dark tile' },
      { name: 'lamp', mesh: quad([-2, 3, 0.5], [1, 3, 0.5], [1, 3, 2], [-2, 3, 2]), material: 'lamp' },
      { name: 'side lamp', mesh: quad([3, 0.5, 3], [4, 0.5, 2], [4, 2.5, 2], [3, 2.5, 3]), material: 'lamp' },
      ...balls.map((_, index) => ({
        name: `ball ${index}`,
        mesh,
        material: `ball ${index}`,
        translation: [index - 1, radius, 0] as const,
      })),
    ],
    camera: { translation: [0, 0.75, 3.6], rotation: [-0.05, 0, 0, 0.99875], verticalFieldOfViewRadians: 0.36 },
  };
}

function isEven(index: number): boolean {
  return (index + Math.floor(index / 12)) % 2 === 0;
}

function tile(x: number, z: number) {
  const [left, back] = [x * 0.5, z];
  return quad([left, 0, back + 1], [left + 0.5, 0, back + 1], [left + 0.5, 0, back], [left, 0, back]);
}

function stripe(x: number) {
  return box([x, 2, -1.95], [0.35, 4, 0.06]);
}

/** In the order of `sphere`'s corners. */
function sphereCoordinates(divisions: number): (readonly [number, number])[] {
  const rings = divisions * 2;
  return Array.from({ length: (divisions + 1) * (rings + 1) }, (_, index) => [
    (index % (rings + 1)) / rings,
    1 - Math.floor(index / (rings + 1)) / divisions,
  ]);
}
