import { glbOf } from '../../tests/render/scene/glb-fixture.ts';
import { pngOf } from '../../tests/render/textures/png-fixture.ts';
import type { BenchMesh, BenchScene } from './peer-scene.ts';

/** The scene as GLB bytes without its environment: one primitive per mesh, a perspective camera. */
export function glbOfScene({ meshes, camera, images }: BenchScene): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  const bufferViews: object[] = [];
  const accessors: object[] = [];
  let length = 0;
  const view = (bytes: Uint8Array): number => {
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    chunks.push(padded);
    bufferViews.push({ buffer: 0, byteOffset: length, byteLength: bytes.length });
    length += padded.length;
    return bufferViews.length - 1;
  };
  const vectors = (values: readonly number[], size: number): number => {
    const axes = Array.from({ length: size }, (_, index) =>
      values.filter((__, place) => place % size === index).map(Math.fround),
    );
    accessors.push({
      bufferView: view(new Uint8Array(Float32Array.from(values).buffer)),
      componentType: 5126,
      type: `VEC${size}`,
      count: values.length / size,
      min: axes.map((own) => own.reduce((a, b) => Math.min(a, b))),
      max: axes.map((own) => own.reduce((a, b) => Math.max(a, b))),
    });
    return accessors.length - 1;
  };
  const primitives = meshes.map(({ positions, normals, textureCoordinates }, material) => ({
    attributes: {
      POSITION: vectors(positions, 3),
      NORMAL: vectors(normals, 3),
      ...(textureCoordinates === undefined ? {} : { TEXCOORD_0: vectors(textureCoordinates, 2) }),
    },
    material,
  }));
  const pictures = images.map(({ side, pixels }) => view(pngOf(side, side, pixels)));
  const document = {
    asset: { version: '2.0' },
    extensionsUsed: ['KHR_materials_emissive_strength', 'KHR_materials_specular'],
    scene: 0,
    scenes: [{ nodes: [0, 1] }],
    nodes: [{ mesh: 0 }, { camera: 0, translation: camera.origin }],
    cameras: [
      {
        type: 'perspective',
        perspective: { yfov: (camera.verticalFieldOfViewDegrees * Math.PI) / 180, znear: 0.01, aspectRatio: 1 },
      },
    ],
    meshes: [{ primitives }],
    materials: meshes.map(materialOf),
    ...(images.length === 0
      ? {}
      : {
          images: pictures.map((bufferView) => ({ bufferView, mimeType: 'image/png' })),
          textures: pictures.map((_, source) => ({ source })),
        }),
    accessors,
    bufferViews,
    buffers: [{ byteLength: length }],
  };
  return glbOf(document, new DataView(new Uint8Array(Buffer.concat(chunks)).buffer));
}

function materialOf(mesh: BenchMesh): object {
  const { name, baseColor, emission, metallic, roughness, baseColorImage, metallicRoughnessImage, isMatt } = mesh;
  const strength = Math.max(...emission);
  return {
    name,
    pbrMetallicRoughness: {
      baseColorFactor: [...baseColor, 1],
      metallicFactor: metallic,
      roughnessFactor: roughness,
      ...(baseColorImage === undefined ? {} : { baseColorTexture: { index: baseColorImage } }),
      ...(metallicRoughnessImage === undefined ? {} : { metallicRoughnessTexture: { index: metallicRoughnessImage } }),
    },
    ...(strength > 0 ? { emissiveFactor: emission.map((value) => value / strength) } : {}),
    extensions: {
      ...(strength > 0 ? { KHR_materials_emissive_strength: { emissiveStrength: strength } } : {}),
      ...(isMatt === true ? { KHR_materials_specular: { specularFactor: 0, specularColorFactor: [0, 0, 0] } } : {}),
    },
  };
}
