import { camera, materials, quads } from './cornell-box.ts';

/** The Cornell box as GLB bytes: one primitive per material, flat normals, a perspective camera. */
export function cornellGlb(): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  const bufferViews: object[] = [];
  const accessors: object[] = [];
  let length = 0;
  const vectors = (values: number[]): number => {
    const floats = Float32Array.from(values);
    chunks.push(new Uint8Array(floats.buffer));
    bufferViews.push({ buffer: 0, byteOffset: length, byteLength: floats.byteLength });
    length += floats.byteLength;
    const axis = (index: number) => values.filter((_, place) => place % 3 === index).map(Math.fround);
    accessors.push({
      bufferView: accessors.length,
      componentType: 5126,
      type: 'VEC3',
      count: values.length / 3,
      min: [0, 1, 2].map((index) => Math.min(...axis(index))),
      max: [0, 1, 2].map((index) => Math.max(...axis(index))),
    });
    return accessors.length - 1;
  };
  const primitives = materials.map((_, material) => {
    const own = quads.filter((quad) => quad.material === material);
    const positions = own.flatMap(({ corners: [a, b, c, d] }) => [a, b, c, a, c, d].flat());
    const normals = own.flatMap(({ corners: [a, b, c] }) => {
      const [ux, uy, uz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
      const [vx, vy, vz] = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
      const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
      const size = Math.hypot(...normal);
      return Array.from({ length: 6 }, () => normal.map((value) => value / size)).flat();
    });
    return { attributes: { POSITION: vectors(positions), NORMAL: vectors(normals) }, material };
  });
  const document = {
    asset: { version: '2.0' },
    extensionsUsed: ['KHR_materials_emissive_strength'],
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
    materials: materials.map(({ name, baseColor, emission }) => ({
      name,
      pbrMetallicRoughness: { baseColorFactor: [...baseColor, 1], metallicFactor: 0, roughnessFactor: 1 },
      ...(emission[0] > 0
        ? {
            emissiveFactor: [1, 1, 1],
            extensions: { KHR_materials_emissive_strength: { emissiveStrength: emission[0] } },
          }
        : {}),
    })),
    accessors,
    bufferViews,
    buffers: [{ byteLength: length }],
  };
  return pack(JSON.stringify(document), Buffer.concat(chunks));
}

function pack(json: string, binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 4) * 4, ' '));
  const bytes = Buffer.alloc(12 + 8 + text.length + 8 + binary.length);
  [0x46546c67, 2, bytes.length, text.length, 0x4e4f534a].forEach((word, index) => bytes.writeUInt32LE(word, index * 4));
  bytes.set(text, 20);
  bytes.writeUInt32LE(binary.length, 20 + text.length);
  bytes.writeUInt32LE(0x004e4942, 24 + text.length);
  bytes.set(binary, 28 + text.length);
  return new Uint8Array(bytes);
}
