import { describe, expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';
import { type LooseDocument, glbOf, loadSquare, squareDocument } from './glb-fixture.ts';

async function refusalOf(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SceneError);
  const { code, message } = error as SceneError;
  return `${code}: ${message}`;
}

const documents: readonly [string, (document: LooseDocument, binary: DataView) => void, string][] = [
  [
    'an index beyond the vertices',
    (_, binary) => binary.setUint16(48 + 8, 99, true),
    'out-of-range: meshes[0].primitives[0].indices[4] is 99, but the primitive has 4 vertices',
  ],
  [
    'an accessor past the end of its buffer view',
    (document) => (document['accessors'][0].count = 5),
    'out-of-range: accessors[0] ends at byte 60 of bufferViews[0], which has 48 bytes',
  ],
  [
    'an accessor with an offset past its buffer view',
    (document) => (document['accessors'][1].byteOffset = 4),
    'out-of-range: accessors[1] ends at byte 16 of bufferViews[1], which has 12 bytes',
  ],
  [
    'a buffer view past the end of its buffer',
    (document) => (document['bufferViews'][2].byteLength = 64),
    'out-of-range: bufferViews[2] ends at byte 124, but buffers[0] has 108 bytes',
  ],
  [
    'a buffer longer than the binary chunk',
    (document) => (document['buffers'][0].byteLength = 109),
    'truncated: buffers[0].byteLength is 109, but the binary chunk has 108 bytes',
  ],
  [
    'a buffer in another file',
    (document) => (document['buffers'][0].uri = 'mesh.bin'),
    'unsupported-feature: buffers[0].uri uses a URI (a scene must be one self-contained GLB), which this renderer does not support',
  ],
  [
    'a buffer on the network',
    (document) => document['buffers'].push({ byteLength: 4, uri: 'https://example.org/mesh.bin' }),
    'unsupported-feature: buffers[1].uri uses a URI (a scene must be one self-contained GLB), which this renderer does not support',
  ],
  [
    'a second buffer',
    (document) => {
      document['buffers'].push({ byteLength: 4 });
      document['bufferViews'][0].buffer = 1;
    },
    'unsupported-feature: bufferViews[0].buffer uses a second buffer (a GLB has one binary chunk), which this renderer does not support',
  ],
  [
    'a stride shorter than its elements',
    (document) => (document['bufferViews'][0].byteStride = 8),
    'out-of-range: bufferViews[0].byteStride is 8; one element has 12 bytes',
  ],
  [
    'a stride that leads past the buffer view',
    (document) => (document['bufferViews'][0].byteStride = 16),
    'out-of-range: accessors[0] ends at byte 60 of bufferViews[0], which has 48 bytes',
  ],
  [
    'a node that is its own child',
    (document) => (document['nodes'][0].children = [0]),
    'node-cycle: nodes[0] is reached more than once; a node has at most one parent',
  ],
  [
    'nodes that go round in a circle',
    (document) => {
      document['nodes'] = [{ children: [1] }, { children: [2] }, { children: [0] }];
      document['scenes'] = [];
      delete document['scene'];
    },
    'node-cycle: nodes has no root: every node is the child of another',
  ],
  [
    'a node with two parents',
    (document) => {
      document['nodes'] = [{ children: [2] }, { children: [2] }, { mesh: 0 }];
    },
    'node-cycle: nodes[2] is reached more than once; a node has at most one parent',
  ],
  [
    'nodes nested without end',
    (document) => {
      document['nodes'] = Array.from({ length: 600 }, (_, index) =>
        index < 599 ? { children: [index + 1] } : { mesh: 0 },
      );
      document['scenes'] = [{ nodes: [0] }];
    },
    'limit-exceeded: nodes[512] is nested 513 deep; the limit is 512',
  ],
  [
    'a position that is not a number',
    (_, binary) => binary.setFloat32(16, Number.NaN, true),
    'invalid-field: meshes[0].primitives[0].attributes.POSITION[1] has the component NaN; it must be finite and at most 100000000',
  ],
  [
    'a position at infinity',
    (_, binary) => binary.setFloat32(0, -Infinity, true),
    'invalid-field: meshes[0].primitives[0].attributes.POSITION[0] has the component -Infinity; it must be finite and at most 100000000',
  ],
  [
    'a position too far away',
    (_, binary) => binary.setFloat32(44, 1e30, true),
    'out-of-range: meshes[0].primitives[0].attributes.POSITION[3] has the component 1.0000000150474662e+30; it must be finite and at most 100000000',
  ],
  [
    'a transform that moves a vertex too far away',
    (document) =>
      (document['nodes'][0].scale = [1, 1e8, 1e8].map((value) => value * 0.9)) &&
      (document['nodes'][0].translation = [0, 9e7, 0]),
    'out-of-range: a node transform puts a vertex at 180000000; the limit is 100000000',
  ],
  [
    'a scene that names a node that is not there',
    (document) => (document['scenes'][0].nodes = [0, 7]),
    'out-of-range: scenes[0].nodes[1] is 7, but nodes has 2 entries',
  ],
  [
    'a child that is not there',
    (document) => (document['nodes'][0].children = [-1]),
    'invalid-field: nodes[0].children[0] is -1; it must be an index',
  ],
  [
    'a mesh that is not there',
    (document) => (document['nodes'][0].mesh = 1),
    'out-of-range: nodes[0].mesh is 1, but meshes has 1 entries',
  ],
  [
    'a material that is not there',
    (document) => (document['meshes'][0].primitives[0].material = 3),
    'out-of-range: meshes[0].primitives[0].material is 3, but materials has 1 entries',
  ],
  [
    'an accessor that is not there',
    (document) => (document['meshes'][0].primitives[0].indices = 1.5),
    'invalid-field: meshes[0].primitives[0].indices is 1.5; it must be an index',
  ],
  [
    'a mesh without positions',
    (document) => (document['meshes'][0].primitives[0].attributes = { NORMAL: 2 }),
    'invalid-field: meshes[0].primitives[0].attributes.POSITION is required but absent',
  ],
  [
    'positions that are not vectors',
    (document) => (document['accessors'][0].type = 'VEC2'),
    'invalid-field: accessors[0].type is VEC2; meshes[0].primitives[0].attributes.POSITION needs VEC3',
  ],
  [
    'indices of a signed type',
    (document) => (document['accessors'][1].componentType = 5122),
    'unsupported-feature: accessors[1].componentType uses component type 5122 (allowed here: 5121, 5123, 5125), which this renderer does not support',
  ],
  [
    'a number of indices that makes no triangles',
    (document) => (document['accessors'][1].count = 5),
    'invalid-field: meshes[0].primitives[0].indices has 5 elements; triangles need a multiple of 3',
  ],
  [
    'fewer normals than positions',
    (document) => (document['accessors'][2].count = 3),
    'out-of-range: meshes[0].primitives[0].attributes.NORMAL has 3 elements, but POSITION has 4',
  ],
  [
    'a negative count',
    (document) => (document['accessors'][0].count = -4),
    'out-of-range: accessors[0].count is -4; it must lie in 1..2147483648',
  ],
  [
    'a huge count',
    (document) => (document['accessors'][0].count = 1e300),
    'out-of-range: accessors[0].count is 1e+300; it must lie in 1..2147483648',
  ],
  [
    'a colour outside its range',
    (document) => (document['materials'][0].pbrMetallicRoughness.baseColorFactor = [0, 2, 0, 1]),
    'out-of-range: materials[0].pbrMetallicRoughness.baseColorFactor[1] is 2; it must lie in 0..1',
  ],
  [
    'a roughness in words',
    (document) => (document['materials'][0].pbrMetallicRoughness.roughnessFactor = 'rough'),
    'invalid-field: materials[0].pbrMetallicRoughness.roughnessFactor is "rough"; it must be a finite number',
  ],
  [
    'a negative emissive strength',
    (document) => (document['materials'][0].extensions = { KHR_materials_emissive_strength: { emissiveStrength: -1 } }),
    'out-of-range: materials[0].extensions.KHR_materials_emissive_strength.emissiveStrength is -1; it must lie in 0..1000000000',
  ],
  [
    'a texture',
    (document) => (document['materials'][0].pbrMetallicRoughness.baseColorTexture = { index: 0 }),
    'unsupported-feature: materials[0].pbrMetallicRoughness.baseColorTexture uses a texture, which this renderer does not support',
  ],
  [
    'a required extension that is unknown',
    (document) => (document['extensionsRequired'] = ['KHR_texture_basisu']),
    'unsupported-feature: extensionsRequired[0] uses KHR_texture_basisu, which this renderer does not support',
  ],
  [
    'a rotation that is no unit quaternion',
    (document) => (document['nodes'][0].rotation = [0, 0, 0, 0.5]),
    'invalid-field: nodes[0].rotation has the length 0.5; a rotation is a unit quaternion',
  ],
  [
    'a matrix of fifteen numbers',
    (document) => (document['nodes'][0].matrix = Array.from({ length: 15 }, () => 1)),
    'invalid-field: nodes[0].matrix has 15 numbers; it must have 16',
  ],
  [
    'an orthographic camera',
    (document) => (document['cameras'][0].type = 'orthographic'),
    'unsupported-feature: cameras[0].type uses a camera of type orthographic, which this renderer does not support',
  ],
  [
    'nothing to see',
    (document) => delete document['nodes'][0].mesh,
    'empty-scene: the scene shows no triangles: none of its nodes has a mesh',
  ],
  [
    'a list where an object should be',
    (document) => (document['materials'][0] = []),
    'invalid-field: materials[0] is []; it must be an object',
  ],
];

describe('a malformed scene is refused with the field to look at', () => {
  test.each(documents)('%s', async (_name, change, expected) => {
    expect(await refusalOf(loadSquare(change))).toBe(expected);
  });

  test('millions of triangles by instancing, before any is read', async () => {
    const document = squareDocument();
    document['nodes'] = Array.from({ length: 99_999 }, () => ({ mesh: 0 }));
    document['scenes'] = [{ nodes: document['nodes'].map((_: unknown, index: number) => index) }];
    document['meshes'][0].primitives = Array.from({ length: 100 }, () => document['meshes'][0].primitives[0]);
    expect(await refusalOf(loadScene(createMemorySource(glbOf(document))))).toBe(
      'limit-exceeded: the scene has 19999800 triangles; the limit is 4000000',
    );
  });
});

const files: readonly [string, (file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>, string][] = [
  ['an empty file', () => new Uint8Array(0), 'truncated: file asks for 20 bytes, but only 0 are there'],
  [
    'a picture',
    (file) => file.fill(0x89, 0, 1),
    'not-a-glb: the file starts with 0x46546c89; a GLB starts with 0x46546c67 ("glTF")',
  ],
  ['glTF 1', (file) => file.fill(1, 4, 5), 'not-a-glb: header.version is 1; only glTF 2 can be read'],
  [
    'a file cut short',
    (file) => file.slice(0, 900),
    'truncated: header.length asks for 1120 bytes, but only 900 are there',
  ],
  [
    'a first chunk that is not JSON',
    (file) => file.fill(0, 16, 17),
    'not-a-glb: the first chunk of the file is not JSON',
  ],
  [
    'a JSON chunk longer than allowed',
    (file) => file.fill(0x7f, 15, 16),
    'limit-exceeded: chunks[0].length is 2130707440 bytes; the limit is 16777216',
  ],
  [
    'a JSON chunk longer than the file',
    (file) => file.fill(1, 14, 15),
    'truncated: chunks[0].length asks for 66564 bytes, but only 1120 are there',
  ],
];

describe('a file that is no GLB is refused', () => {
  test.each(files)('%s', async (_name, damage, expected) => {
    const message = await refusalOf(loadScene(createMemorySource(damage(glbOf(squareDocument())))));
    expect(message.replace(/\d{3,}/g, 'N')).toBe(expected.replace(/\d{3,}/g, 'N'));
  });

  test.each([
    ['text that is not JSON', '{"asset":'],
    ['a document that is a list', '[]'],
    ['a document that is nothing', 'null'],
  ])('%s', async (_name, text) => {
    expect(await refusalOf(loadScene(createMemorySource(glbOf(text))))).toMatch(
      /^invalid-field: the (JSON chunk|document) /,
    );
  });
});

test('ten thousand random mutations of a scene end in a scene or in a refusal', async () => {
  const original = glbOf(squareDocument());
  let state = 1;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const outcomes = { loaded: 0, refused: 0 };
  for (let round = 0; round < 10_000; round += 1) {
    const file = original.slice(0, round % 5 === 0 ? random(original.length) : original.length);
    for (let change = 0; change <= random(4); change += 1) {
      if (file.length > 0) file[random(file.length)] = random(256);
    }
    try {
      await loadScene(createMemorySource(file));
      outcomes.loaded += 1;
    } catch (error) {
      if (!(error instanceof SceneError)) throw error;
      outcomes.refused += 1;
    }
  }
  expect(outcomes.loaded).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(5000);
});
