import type { Mesh, Point } from './geometry.ts';

/** A glTF material in the fields this writer knows; colours linear, emission in radiance. */
export interface MaterialDefinition {
  readonly name: string;
  readonly color: Point;
  readonly metallic?: number;
  readonly roughness: number;
  readonly emission?: Point;
  /** Objects of KHR_materials_ extensions by their names. */
  readonly extensions?: Readonly<Record<string, object>>;
}

export interface NodeDefinition {
  readonly name: string;
  readonly mesh: Mesh;
  readonly material: string;
  readonly translation?: Point;
  /** Unit quaternion x, y, z, w. */
  readonly rotation?: readonly [number, number, number, number];
}

export interface SceneDefinition {
  readonly name: string;
  readonly materials: readonly MaterialDefinition[];
  readonly nodes: readonly NodeDefinition[];
  readonly camera: {
    readonly translation: Point;
    readonly rotation: readonly [number, number, number, number];
    readonly verticalFieldOfViewRadians: number;
  };
}

/** Writes a scene as GLB 2.0. Numbers are rounded to 2^-16 first, so that a last digit of sin or cos cannot show. */
export function writeGlb(scene: SceneDefinition): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  const bufferViews: object[] = [];
  const accessors: object[] = [];
  let offsetBytes = 0;

  function addView(data: Float32Array | Uint16Array, target: number): number {
    const bytes = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    bufferViews.push({ buffer: 0, byteOffset: offsetBytes, byteLength: data.byteLength, target });
    chunks.push(bytes);
    offsetBytes += bytes.byteLength;
    return bufferViews.length - 1;
  }
  function addVectors(points: readonly Point[], withBounds: boolean): number {
    const data = Float32Array.from(points.flat(), onGrid);
    const axis = (index: number) => data.filter((_, place) => place % 3 === index);
    const bounds = {
      min: [0, 1, 2].map((index) => Math.min(...axis(index))),
      max: [0, 1, 2].map((index) => Math.max(...axis(index))),
    };
    const bufferView = addView(data, 34962);
    accessors.push({
      bufferView,
      componentType: 5126,
      count: points.length,
      type: 'VEC3',
      ...(withBounds ? bounds : {}),
    });
    return accessors.length - 1;
  }
  function addIndices(indices: readonly number[]): number {
    const bufferView = addView(Uint16Array.from(indices), 34963);
    accessors.push({ bufferView, componentType: 5123, count: indices.length, type: 'SCALAR' });
    return accessors.length - 1;
  }

  function addCoordinates(coordinates: readonly (readonly [number, number])[]): number {
    const bufferView = addView(Float32Array.from(coordinates.flat(), onGrid), 34962);
    accessors.push({ bufferView, componentType: 5126, count: coordinates.length, type: 'VEC2' });
    return accessors.length - 1;
  }

  const meshes = scene.nodes.map(({ name, mesh, material }) => ({
    name,
    primitives: [
      {
        attributes: {
          POSITION: addVectors(mesh.positions, true),
          ...(mesh.normals === undefined ? {} : { NORMAL: addVectors(mesh.normals, false) }),
          ...(mesh.coordinates === undefined ? {} : { TEXCOORD_0: addCoordinates(mesh.coordinates) }),
        },
        indices: addIndices(mesh.indices),
        material: scene.materials.findIndex((candidate) => candidate.name === material),
      },
    ],
  }));
  const nodes: object[] = scene.nodes.map(({ name, translation, rotation }, mesh) => ({
    name,
    mesh,
    ...(translation === undefined ? {} : { translation: translation.map(onGrid) }),
    ...(rotation === undefined ? {} : { rotation: unitOnGrid(rotation) }),
  }));
  const { camera } = scene;
  nodes.push({
    name: 'camera',
    camera: 0,
    translation: camera.translation.map(onGrid),
    rotation: unitOnGrid(camera.rotation),
  });
  const document = {
    asset: { version: '2.0', generator: 'hearth scripts/make-embedded-scene.ts', copyright: 'Apache-2.0' },
    extensionsUsed: [
      ...new Set([
        'KHR_materials_emissive_strength',
        ...scene.materials.flatMap(({ extensions = {} }) => Object.keys(extensions)),
      ]),
    ],
    scene: 0,
    scenes: [{ name: scene.name, nodes: nodes.map((_, index) => index) }],
    nodes,
    cameras: [
      {
        type: 'perspective',
        perspective: { yfov: onGrid(camera.verticalFieldOfViewRadians), znear: 0.01, aspectRatio: 1 },
      },
    ],
    materials: scene.materials.map(materialOf),
    meshes,
    accessors,
    bufferViews,
    buffers: [{ byteLength: offsetBytes }],
  };
  return assemble(document, chunks, offsetBytes);
}

function materialOf(definition: MaterialDefinition): object {
  const { name, color, metallic = 0, roughness, emission, extensions = {} } = definition;
  const strength = emission === undefined ? 0 : Math.max(...emission);
  const own = {
    ...(emission === undefined ? {} : { KHR_materials_emissive_strength: { emissiveStrength: strength } }),
    ...extensions,
  };
  return {
    name,
    pbrMetallicRoughness: { baseColorFactor: [...color, 1], metallicFactor: metallic, roughnessFactor: roughness },
    ...(emission === undefined ? {} : { emissiveFactor: emission.map((value) => onGrid(value / strength)) }),
    ...(Object.keys(own).length === 0 ? {} : { extensions: own }),
  };
}

function assemble(document: object, chunks: readonly Uint8Array[], binaryBytes: number): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(document));
  const jsonBytes = Math.ceil(json.byteLength / 4) * 4;
  const total = 12 + 8 + jsonBytes + 8 + binaryBytes;
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  [0x46546c67, 2, total, jsonBytes, 0x4e4f534a].forEach((word, index) => view.setUint32(index * 4, word, true));
  // The JSON chunk is padded with spaces, the binary chunk with zeros (glTF 2.0, section 4.4.3).
  file.fill(0x20, 20, 20 + jsonBytes).set(json, 20);
  view.setUint32(20 + jsonBytes, binaryBytes, true);
  view.setUint32(24 + jsonBytes, 0x004e4942, true);
  let offset = 28 + jsonBytes;
  for (const chunk of chunks) {
    file.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return file;
}

function onGrid(value: number): number {
  return Math.round(value * 65536) / 65536;
}

function unitOnGrid(rotation: readonly number[]): number[] {
  return rotation.map((value) => Math.round(value * 1e6) / 1e6);
}
