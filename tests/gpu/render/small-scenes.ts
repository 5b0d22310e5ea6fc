import { glbOf } from '../../render/scene/glb-fixture.ts';
import { pngOf } from '../../render/textures/png-fixture.ts';
import type { Vector3 } from '../../../worker/render/scene/scene.ts';
import { box, facetedSphere, quad, type TestTriangle } from './scene-fixtures.ts';

/** A scene that glTF and Cycles' closures say the same of, one for each thing that a file may ask for. */
export interface SmallScene {
  readonly name: string;
  readonly glb: Uint8Array<ArrayBuffer>;
  /** As settings.maxBounces. */
  readonly scatterings: number;
  readonly background: Vector3;
  /** Of a block of 8 x 8 pixels, to the figure of Cycles. */
  readonly tolerance: number;
  readonly samples: number;
}

export const smallSceneSide = 16;

interface Parts {
  readonly triangles: readonly TestTriangle[];
  readonly materials: readonly Record<string, unknown>[];
  /** KHR_lights_punctual, each on a node of its own. */
  readonly lights?: readonly { readonly light: object; readonly node: object }[];
  readonly background?: Vector3;
  readonly scatterings?: number;
  readonly tolerance?: number;
  readonly samples?: number;
}

/** Blender's importer reads the colour, not the factor. */
const noReflection = { KHR_materials_specular: { specularFactor: 0, specularColorFactor: [0, 0, 0] } };

function matt(red: number, green: number, blue: number): Record<string, unknown> {
  return {
    pbrMetallicRoughness: { baseColorFactor: [red, green, blue, 1], metallicFactor: 0 },
    extensions: noReflection,
  };
}

/** Shines on its front and reflects nothing. */
function glow(color: Vector3, strength = 1, more: object = {}): Record<string, unknown> {
  return {
    pbrMetallicRoughness: { baseColorFactor: [0, 0, 0, 1], metallicFactor: 0 },
    emissiveFactor: color,
    extensions: { ...noReflection, KHR_materials_emissive_strength: { emissiveStrength: strength } },
    ...more,
  };
}

/** A square of 2 a side around `center` whose front looks along +z; u runs right, v down. */
function square(center: Vector3, material: number, half = 1): TestTriangle[] {
  const [x, y, z] = center;
  return quad(
    [x - half, y - half, z],
    [x + half, y - half, z],
    [x + half, y + half, z],
    [x - half, y + half, z],
    material,
  );
}

const texels = [
  [255, 30, 20, 255],
  [40, 220, 60, 90],
  [30, 70, 240, 200],
  [250, 240, 60, 20],
  [120, 20, 160, 140],
  [20, 180, 190, 255],
  [240, 130, 20, 60],
  [200, 200, 210, 170],
  [90, 90, 90, 230],
];

/** Shines through as much of itself as it covers. */
const pane = (color: Vector3, strength: number, alpha: number) =>
  glow(color, strength, {
    alphaMode: 'BLEND',
    pbrMetallicRoughness: { baseColorFactor: [0, 0, 0, alpha], metallicFactor: 0 },
  });

const transform = { offset: [0.3, 0.15], rotation: 0.6, scale: [1.4, 0.8] };
const textured = { index: 0, extensions: { KHR_texture_transform: transform } };
/** The same picture with its alpha. Blender multiplies colours by an alpha, so the colours come from another picture. */
const veil = { ...textured, index: 1 };
/** Emission by the picture's colour. */
const stencil = (alpha: object) => glow([1, 1, 1], 1, { ...alpha, emissiveTexture: textured });

const glass = (more: object, extensions: object = {}): Record<string, unknown> => ({
  pbrMetallicRoughness: { metallicFactor: 0, roughnessFactor: 0, ...more },
  extensions: {
    KHR_materials_transmission: { transmissionFactor: 1 },
    KHR_materials_volume: { thicknessFactor: 1, attenuationColor: [0.9, 0.5, 0.3], attenuationDistance: 0.7 },
    ...extensions,
  },
});

/** A striped wall behind a ball, with a bright stripe above the camera that the ball mirrors. */
const showroom = (ball: Record<string, unknown>, more: Partial<Parts> = {}): Parts => ({
  triangles: [
    ...facetedSphere(0.8, 10, 0),
    ...quad([-9, -3, -2], [0.2, -3, -2], [0.2, 3, -2], [-9, 3, -2], 1),
    ...quad([0.2, -3, -2], [9, -3, -2], [9, 3, -2], [0.2, 3, -2], 2),
    ...quad([-3, 3, 4], [-3, 3, -2], [3, 3, -2], [3, 3, 4], 3),
  ],
  materials: [ball, glow([0.9, 0.4, 0.2]), glow([0.2, 0.5, 0.8]), glow([1, 1, 1], 3, { doubleSided: true })],
  background: [0.3, 0.3, 0.4],
  ...more,
});

const scenes: Readonly<Record<string, Parts>> = {
  'KHR_materials_emissive_strength: a strong lamp in a coloured corner': {
    triangles: [
      ...quad([-1.5, -1, 1.5], [1.5, -1, 1.5], [1.5, -1, -1.5], [-1.5, -1, -1.5], 0),
      ...quad([-1.5, -1, -1.5], [1.5, -1, -1.5], [1.5, 2, -1.5], [-1.5, 2, -1.5], 1),
      ...quad([-0.4, 1.2, -0.4], [0.4, 1.2, -0.4], [0.4, 1.2, 0.4], [-0.4, 1.2, 0.4], 2),
      ...box([0.4, -0.6, -0.2], [0.7, 0.8, 0.7], 0.5, 1),
    ],
    materials: [matt(0.7, 0.7, 0.6), matt(0.3, 0.5, 0.7), glow([1, 0.7, 0.4], 9)],
    scatterings: 5,
    samples: 128,
  },
  'KHR_texture_transform, alphaMode MASK: holes in a turned, moved and mirrored picture': {
    triangles: [...square([0, 0, 0], 0), ...square([0, 0, -1], 1, 3)],
    materials: [
      stencil({
        alphaMode: 'MASK',
        alphaCutoff: 0.5,
        pbrMetallicRoughness: { baseColorFactor: [0, 0, 0, 0.9], metallicFactor: 0, baseColorTexture: veil },
      }),
      glow([0.1, 0.9, 0.2]),
    ],
  },
  'alphaMode BLEND: panes before a wall': {
    triangles: [...square([0, 0, 0], 0), ...square([0.3, 0.2, -0.5], 2, 0.7), ...square([0, 0, -1], 1, 3)],
    materials: [
      stencil({
        alphaMode: 'BLEND',
        pbrMetallicRoughness: { baseColorFactor: [0, 0, 0, 0.7], metallicFactor: 0, baseColorTexture: veil },
      }),
      glow([0.1, 0.9, 0.2]),
      pane([0.9, 0.2, 0.9], 2, 0.35),
    ],
    samples: 128,
  },
  'KHR_materials_unlit: a sign that needs no light': {
    triangles: [
      ...square([-0.5, 0, 0], 0, 0.7),
      ...square([0.6, 0.1, -0.2], 1, 0.7),
      // Out of sight: with it the scene takes the pipeline of the panes.
      ...square([9, 0, 0], 2, 0.4),
    ],
    materials: [
      {
        pbrMetallicRoughness: { baseColorTexture: textured, baseColorFactor: [0.8, 0.9, 0.5, 1] },
        extensions: { KHR_materials_unlit: {} },
      },
      { pbrMetallicRoughness: { baseColorFactor: [0.2, 0.4, 0.9, 1] }, extensions: { KHR_materials_unlit: {} } },
      pane([0.9, 0.2, 0.9], 2, 0.35),
    ],
  },
  'KHR_lights_punctual: a lamp, a sun and a spot over blocks': {
    triangles: [...square([0, 0, 0], 0, 2), ...box([0.3, -0.2, 0.3], [0.5, 0.6, 0.6], 0.4, 1)],
    materials: [matt(0.8, 0.7, 0.5), matt(0.4, 0.5, 0.9)],
    lights: [
      { light: { type: 'point', intensity: 2, color: [1, 0.6, 0.3] }, node: { translation: [-0.8, 0.5, 0.9] } },
      // Leans by 0.5 radians towards +x.
      {
        light: { type: 'directional', intensity: 0.7, color: [0.4, 0.6, 1] },
        node: { rotation: [0, -Math.sin(0.25), 0, Math.cos(0.25)] },
      },
      {
        light: { type: 'spot', intensity: 6, spot: { innerConeAngle: 0.2999, outerConeAngle: 0.3 } },
        node: { translation: [0.5, -0.6, 2] },
      },
    ],
    scatterings: 4,
    samples: 128,
  },
  'KHR_materials_transmission, volume: a tinted glass ball': showroom(glass({})),
  'KHR_materials_ior: a ball of heavy flint': showroom(glass({}, { KHR_materials_ior: { ior: 1.9 } })),
  'KHR_materials_volume: frosted glass': showroom(glass({ roughnessFactor: 0.45 }), { tolerance: 0.03 }),
  'metal: a brushed ball': showroom({ pbrMetallicRoughness: { metallicFactor: 1, roughnessFactor: 0.4 } }),
};

export const smallScenes: readonly SmallScene[] = Object.entries(scenes).map(([name, parts]) => ({
  name,
  glb: pack(parts),
  scatterings: parts.scatterings ?? 16,
  background: parts.background ?? [0, 0, 0],
  tolerance: parts.tolerance ?? 0.02,
  samples: parts.samples ?? 64,
}));

/** One mesh with a primitive for each material; the texture coordinates of a triangle are its x and -y. */
function pack({ triangles, materials, lights = [], background = [0, 0, 0] }: Parts): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  const bufferViews: object[] = [];
  const accessors: object[] = [];
  let length = 0;
  const view = (bytes: Uint8Array): number => {
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    bufferViews.push({ buffer: 0, byteOffset: length, byteLength: bytes.length });
    chunks.push(padded);
    length += padded.length;
    return bufferViews.length - 1;
  };
  const vectors = (values: readonly number[], size: 2 | 3): number => {
    const axis = (index: number) => values.filter((_, place) => place % size === index).map(Math.fround);
    const axes = Array.from({ length: size }, (_, index) => axis(index));
    accessors.push({
      bufferView: view(new Uint8Array(Float32Array.from(values).buffer)),
      componentType: 5126,
      type: `VEC${size}`,
      count: values.length / size,
      min: axes.map((own) => Math.min(...own)),
      max: axes.map((own) => Math.max(...own)),
    });
    return accessors.length - 1;
  };
  const primitives = materials.map((_, material) => {
    const corners = triangles
      .filter((triangle) => triangle.material === material)
      .flatMap((triangle) => triangle.corners);
    const normals = corners.map((__, index) => normalOf(corners.slice(index - (index % 3), index - (index % 3) + 3)));
    return {
      attributes: {
        POSITION: vectors(corners.flat(), 3),
        NORMAL: vectors(normals.flat(), 3),
        TEXCOORD_0: vectors(
          corners.flatMap(([x, y]) => [x / 2 + 0.5, 0.5 - y / 2]),
          2,
        ),
      },
      material,
    };
  });
  const opaque = texels.map(([red, green, blue]) => [red, green, blue, 255]);
  const images = [opaque, texels].map((pixels) => view(pngOf(3, 3, pixels.flat() as number[])));
  const document = {
    asset: { version: '2.0' },
    extensionsUsed: lights.length > 0 ? ['KHR_lights_punctual'] : [],
    extensions: lights.length > 0 ? { KHR_lights_punctual: { lights: lights.map(({ light }) => light) } } : {},
    scene: 0,
    scenes: [{ nodes: [0, 1, ...lights.map((_, index) => index + 2)], extras: { background } }],
    nodes: [
      { mesh: 0 },
      { camera: 0, translation: [0, 0, 4] },
      ...lights.map(({ node }, light) => ({ ...node, extensions: { KHR_lights_punctual: { light } } })),
    ],
    cameras: [{ type: 'perspective', perspective: { yfov: 0.6, znear: 0.01, aspectRatio: 1 } }],
    meshes: [{ primitives }],
    materials,
    images: images.map((bufferView) => ({ bufferView, mimeType: 'image/png' })),
    samplers: [{ magFilter: 9728, minFilter: 9728, wrapS: 33648, wrapT: 10497 }],
    textures: images.map((_, source) => ({ source, sampler: 0 })),
    accessors,
    bufferViews,
    buffers: [{ byteLength: length }],
  };
  return glbOf(document, new DataView(new Uint8Array(Buffer.concat(chunks)).buffer));
}

function normalOf([a, b, c]: readonly Vector3[]): number[] {
  if (a === undefined || b === undefined || c === undefined) return [0, 0, 1];
  const [ux, uy, uz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  const [vx, vy, vz] = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
  const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  const size = Math.hypot(...normal);
  return normal.map((value) => value / size);
}
