import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { makeEmbeddedScene } from '../../../scripts/make-embedded-scene.ts';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { loadSquare } from './glb-fixture.ts';

test('a square arrives as two triangles with its material, normals, camera and size', async () => {
  const scene = await loadSquare();
  // Through JSON, which knows no negative zero.
  const camera = JSON.parse(JSON.stringify(scene.camera)) as unknown;
  expect({ ...scene, camera, normals: undefined }).toEqual({
    triangleCount: 2,
    positions: Float32Array.of(0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0),
    normals: undefined,
    materialIndices: Uint32Array.of(0, 0),
    materials: [
      {
        name: 'materials[0]',
        baseColor: [0.1, 0.2, 0.3],
        metallic: 0,
        roughness: 0.5,
        emission: [0, 0, 0],
        doubleSided: false,
      },
      { name: 'default', baseColor: [1, 1, 1], metallic: 1, roughness: 1, emission: [0, 0, 0], doubleSided: false },
    ],
    camera: {
      origin: [0.5, 0.5, 3],
      right: [1, 0, 0],
      up: [0, 1, 0],
      forward: [0, 0, -1],
      verticalFieldOfViewRadians: 0.7,
    },
    punctualLights: [],
    background: [0, 0, 0],
    boundingBox: { minimum: [0, 0, 0], maximum: [1, 1, 0] },
    meshCount: 1,
    nodeCount: 2,
  });
  expect(scene.normals).toEqual(Float32Array.from({ length: 18 }, (_, index) => (index % 3 === 2 ? 1 : 0)));
});

test('transforms of parents and children apply from the inside out', async () => {
  const half = Math.SQRT1_2;
  const scene = await loadSquare((document) => {
    document.set('nodes', [
      { children: [1], translation: [10, 0, 0], rotation: [0, 0, half, half] },
      { mesh: 0, scale: [2, 3, 1], translation: [1, 0, 0] },
    ]);
    document.set('scenes', [{ nodes: [0] }]);
  });
  // Corner (1, 0): scaled to (2, 0), moved to (3, 0), turned a quarter to (0, 3), moved to (10, 3).
  expect(Array.from(scene.positions.slice(3, 6)).map((value) => Math.round(value * 1e5) / 1e5)).toEqual([10, 3, 0]);
});

test('a mirrored mesh keeps its front side and its normals', async () => {
  const scene = await loadSquare((document) => {
    document.set('nodes.0.scale', [-1, 1, 1]);
  });
  expect(Array.from(scene.positions.slice(0, 9)).map((value) => value + 0)).toEqual([0, 0, 0, -1, 1, 0, -1, 0, 0]);
  expect(Array.from(scene.normals.slice(0, 3)).map((value) => value + 0)).toEqual([0, 0, 1]);
});

test('normals stay perpendicular under uneven scaling', async () => {
  const scene = await loadSquare((document, binary) => {
    document.set('nodes.0.scale', [1, 1, 4]);
    // Tilts the square: z = x.
    binary.setFloat32(12 + 8, 1, true);
    binary.setFloat32(24 + 8, 1, true);
    for (let vertex = 0; vertex < 4; vertex += 1) binary.setFloat32(60 + vertex * 12, -1, true);
  });
  const [x = 0, y = 0, z = 0] = scene.normals.slice(0, 3);
  expect(x + 4 * z).toBeCloseTo(0, 6);
  expect(Math.hypot(x, y, z)).toBeCloseTo(1, 6);
});

test('without normals every triangle is flat, without indices three vertices make one, without material it is the default', async () => {
  const scene = await loadSquare((document) => {
    document.set('meshes.0.primitives', [{ attributes: { POSITION: 0 } }]);
    document.set('accessors.0.count', 3);
  });
  expect(scene.triangleCount).toBe(1);
  expect(scene.normals).toEqual(Float32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 1));
  expect(scene.materials[scene.materialIndices[0] as number]?.name).toBe('default');
});

test('indices of one byte and interleaved vertices are read', async () => {
  const scene = await loadSquare((document, binary) => {
    [2, 1, 0].forEach((value, index) => binary.setUint8(48 + index, value));
    document.set('accessors.1', { bufferView: 1, componentType: 5121, count: 3, type: 'SCALAR' });
    // Every second vertex: (0,0,0), (1,1,0) and then the first two indices' bytes are never reached.
    document.set('bufferViews.0.byteStride', 12);
  });
  expect(scene.positions).toEqual(Float32Array.of(1, 1, 0, 1, 0, 0, 0, 0, 0));
});

test('emission is the factor times the strength of its extension; the background comes from extras', async () => {
  const scene = await loadSquare((document) => {
    document.set('materials.0.emissiveFactor', [1, 0.5, 0]);
    document.set('materials.0.extensions', { KHR_materials_emissive_strength: { emissiveStrength: 8 } });
    document.set('scenes.0.extras', { background: [0.25, 0.5, 1] });
  });
  expect(scene.materials[0]?.emission).toEqual([8, 4, 0]);
  expect(scene.background).toEqual([0.25, 0.5, 1]);
});

test.each([
  ['nothing said', {}, undefined],
  ['OPAQUE', { alphaMode: 'OPAQUE', alphaCutoff: 0.1 }, undefined],
  ['MASK', { alphaMode: 'MASK' }, { factor: 0.25, cutoff: 0.5 }],
  ['MASK with a cutoff', { alphaMode: 'MASK', alphaCutoff: 0.75 }, { factor: 0.25, cutoff: 0.75 }],
  ['BLEND', { alphaMode: 'BLEND' }, { factor: 0.25 }],
])('alpha: %s', async (_name, members, expected) => {
  const scene = await loadSquare((document) => {
    document.set('materials.0.pbrMetallicRoughness.baseColorFactor', [1, 1, 1, 0.25]);
    for (const [key, value] of Object.entries(members)) document.set(`materials.0.${key}`, value);
  });
  expect(scene.materials[0]?.alpha).toEqual(expected);
});

test.each([
  ['no thickness', {}, undefined],
  ['a thickness of 0', { thicknessFactor: 0, attenuationDistance: 2 }, undefined],
  ['a thickness alone', { thicknessFactor: 0.1 }, { attenuationColor: [1, 1, 1], attenuationDistance: Infinity }],
  [
    'all of it',
    { thicknessFactor: 1, attenuationColor: [0.5, 0.25, 1], attenuationDistance: 0.5 },
    { attenuationColor: [0.5, 0.25, 1], attenuationDistance: 0.5 },
  ],
])('volume: %s', async (_name, extension, expected) => {
  const scene = await loadSquare((document) =>
    document.set('materials.0.extensions', {
      KHR_materials_transmission: { transmissionFactor: 1 },
      KHR_materials_volume: extension,
    }),
  );
  expect(scene.materials[0]?.volume).toEqual(expected);
});

async function materialWith(extensions: Record<string, object>) {
  const scene = await loadSquare((document) => document.set('materials.0.extensions', extensions));
  return scene.materials[0];
}

test('cloth, stretched surfaces and films are read with their defaults', async () => {
  expect((await materialWith({ KHR_materials_sheen: { sheenColorFactor: [0.5, 0.25, 1] } }))?.sheen).toEqual({
    color: [0.5, 0.25, 1],
    roughness: 0,
  });
  expect((await materialWith({ KHR_materials_sheen: {} }))?.sheen?.color).toEqual([0, 0, 0]);
  expect((await materialWith({ KHR_materials_anisotropy: { anisotropyStrength: 0.5 } }))?.anisotropy).toEqual({
    strength: 0.5,
    rotationRadians: 0,
  });
  expect((await materialWith({ KHR_materials_iridescence: { iridescenceFactor: 1 } }))?.iridescence).toEqual({
    factor: 1,
    ior: 1.3,
    minimumNanometres: 100,
    maximumNanometres: 400,
  });
});

test('a scene without a camera is seen whole', async () => {
  const { camera } = await loadSquare((document) => document.remove('nodes.1.camera'));
  const toCenter = [0.5 - camera.origin[0], 0.5 - camera.origin[1], 0 - camera.origin[2]];
  const distance = Math.hypot(...toCenter);
  toCenter.forEach((value, axis) => expect(value / distance).toBeCloseTo(camera.forward[axis] as number, 10));
  expect(Math.SQRT1_2 / distance).toBeLessThan(Math.sin(camera.verticalFieldOfViewRadians / 2));
});

test('the embedded scene is what its script makes, byte for byte, and small', async () => {
  const committed = new Uint8Array(readFileSync(new URL('../../../assets/hearth-room.glb', import.meta.url)));
  expect(Buffer.compare(committed, makeEmbeddedScene())).toBe(0);
  expect(committed.byteLength).toBeLessThan(500_000);
  const scene = await loadScene(createMemorySource(committed));
  expect(scene.triangleCount).toBe(10_410);
});
