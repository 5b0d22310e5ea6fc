import { describe, expect, test } from 'vitest';
import { type DocumentEdit, loadSquare } from './glb-fixture.ts';
import { refusalOf } from './refusal-of.ts';

const documents: readonly [string, (document: DocumentEdit, binary: DataView) => void, string][] = [
  [
    'an index beyond the vertices',
    (_, binary) => binary.setUint16(48 + 8, 99, true),
    'out-of-range: meshes[0].primitives[0].indices[4] is 99, but the primitive has 4 vertices',
  ],
  [
    'an accessor past the end of its buffer view',
    (document) => document.set('accessors.0.count', 5),
    'out-of-range: accessors[0] ends at byte 60 of bufferViews[0], which has 48 bytes',
  ],
  [
    'an accessor with an offset past its buffer view',
    (document) => document.set('accessors.1.byteOffset', 4),
    'out-of-range: accessors[1] ends at byte 16 of bufferViews[1], which has 12 bytes',
  ],
  [
    'a buffer view past the end of its buffer',
    (document) => document.set('bufferViews.2.byteLength', 64),
    'out-of-range: bufferViews[2] ends at byte 124, but buffers[0] has 108 bytes',
  ],
  [
    'a buffer longer than the binary chunk',
    (document) => document.set('buffers.0.byteLength', 109),
    'truncated: buffers[0].byteLength is 109, but the binary chunk has 108 bytes',
  ],
  [
    'a buffer in another file',
    (document) => document.set('buffers.0.uri', 'mesh.bin'),
    'unsupported-feature: buffers[0].uri uses a URI (a scene must be one self-contained GLB), which this renderer does not support',
  ],
  [
    'a buffer on the network',
    (document) => document.set('buffers.1', { byteLength: 4, uri: 'https://example.org/mesh.bin' }),
    'unsupported-feature: buffers[1].uri uses a URI (a scene must be one self-contained GLB), which this renderer does not support',
  ],
  [
    'a second buffer',
    (document) => {
      document.set('buffers.1', { byteLength: 4 });
      document.set('bufferViews.0.buffer', 1);
    },
    'unsupported-feature: bufferViews[0].buffer uses a second buffer (a GLB has one binary chunk), which this renderer does not support',
  ],
  [
    'a stride shorter than its elements',
    (document) => document.set('bufferViews.0.byteStride', 8),
    'out-of-range: bufferViews[0].byteStride is 8; one element has 12 bytes',
  ],
  [
    'a stride that leads past the buffer view',
    (document) => document.set('bufferViews.0.byteStride', 16),
    'out-of-range: accessors[0] ends at byte 60 of bufferViews[0], which has 48 bytes',
  ],
  [
    'a node that is its own child',
    (document) => document.set('nodes.0.children', [0]),
    'node-cycle: nodes[0] is reached more than once; a node has at most one parent',
  ],
  [
    'nodes that go round in a circle',
    (document) => {
      document.set('nodes', [{ children: [1] }, { children: [2] }, { children: [0] }]);
      document.set('scenes', []);
      document.remove('scene');
    },
    'node-cycle: nodes has no root: every node is the child of another',
  ],
  [
    'a node with two parents',
    (document) => {
      document.set('nodes', [{ children: [2] }, { children: [2] }, { mesh: 0 }]);
    },
    'node-cycle: nodes[2] is reached more than once; a node has at most one parent',
  ],
  [
    'nodes nested without end',
    (document) => {
      document.set(
        'nodes',
        Array.from({ length: 600 }, (_, index) => (index < 599 ? { children: [index + 1] } : { mesh: 0 })),
      );
      document.set('scenes', [{ nodes: [0] }]);
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
    (document) => {
      document.set('nodes.0.scale', [1, 9e7, 9e7]);
      document.set('nodes.0.translation', [0, 9e7, 0]);
    },
    'out-of-range: a node transform puts a vertex at 180000000; the limit is 100000000',
  ],
  [
    'a scene that names a node that is not there',
    (document) => document.set('scenes.0.nodes', [0, 7]),
    'out-of-range: scenes[0].nodes[1] is 7, but nodes has 2 entries',
  ],
  [
    'a child that is not there',
    (document) => document.set('nodes.0.children', [-1]),
    'invalid-field: nodes[0].children[0] is -1; it must be an index',
  ],
  [
    'a mesh that is not there',
    (document) => document.set('nodes.0.mesh', 1),
    'out-of-range: nodes[0].mesh is 1, but meshes has 1 entries',
  ],
  [
    'a material that is not there',
    (document) => document.set('meshes.0.primitives.0.material', 3),
    'out-of-range: meshes[0].primitives[0].material is 3, but materials has 1 entries',
  ],
  [
    'an accessor that is not there',
    (document) => document.set('meshes.0.primitives.0.indices', 1.5),
    'invalid-field: meshes[0].primitives[0].indices is 1.5; it must be an index',
  ],
  [
    'a mesh without positions',
    (document) => document.set('meshes.0.primitives.0.attributes', { NORMAL: 2 }),
    'invalid-field: meshes[0].primitives[0].attributes.POSITION is required but absent',
  ],
  [
    'positions that are not vectors',
    (document) => document.set('accessors.0.type', 'VEC2'),
    'invalid-field: accessors[0].type is VEC2; meshes[0].primitives[0].attributes.POSITION needs VEC3',
  ],
  [
    'indices of a signed type',
    (document) => document.set('accessors.1.componentType', 5122),
    'unsupported-feature: accessors[1].componentType uses component type 5122 (allowed here: 5121, 5123, 5125), which this renderer does not support',
  ],
  [
    'a number of indices that makes no triangles',
    (document) => document.set('accessors.1.count', 5),
    'invalid-field: meshes[0].primitives[0].indices has 5 elements; triangles need a multiple of 3',
  ],
  [
    'fewer normals than positions',
    (document) => document.set('accessors.2.count', 3),
    'out-of-range: meshes[0].primitives[0].attributes.NORMAL has 3 elements, but POSITION has 4',
  ],
  [
    'a negative count',
    (document) => document.set('accessors.0.count', -4),
    'out-of-range: accessors[0].count is -4; it must lie in 1..2147483648',
  ],
  [
    'a huge count',
    (document) => document.set('accessors.0.count', 1e300),
    'out-of-range: accessors[0].count is 1e+300; it must lie in 1..2147483648',
  ],
  [
    'a colour outside its range',
    (document) => document.set('materials.0.pbrMetallicRoughness.baseColorFactor', [0, 2, 0, 1]),
    'out-of-range: materials[0].pbrMetallicRoughness.baseColorFactor[1] is 2; it must lie in 0..1',
  ],
  [
    'a roughness in words',
    (document) => document.set('materials.0.pbrMetallicRoughness.roughnessFactor', 'rough'),
    'invalid-field: materials[0].pbrMetallicRoughness.roughnessFactor is "rough"; it must be a finite number',
  ],
  [
    'an alpha mode that does not exist',
    (document) => document.set('materials.0.alphaMode', 'ADD'),
    'invalid-field: materials[0].alphaMode is "ADD"; it must be OPAQUE, MASK or BLEND',
  ],
  [
    'a negative alpha cutoff',
    (document) => {
      document.set('materials.0.alphaMode', 'MASK');
      document.set('materials.0.alphaCutoff', -0.5);
    },
    'out-of-range: materials[0].alphaCutoff is -0.5; it must lie in 0..1000',
  ],
  [
    'more sheen than there is light',
    (document) => document.set('materials.0.extensions', { KHR_materials_sheen: { sheenColorFactor: [1, 2, 1] } }),
    'out-of-range: materials[0].extensions.KHR_materials_sheen.sheenColorFactor[1] is 2; it must lie in 0..1',
  ],
  [
    'a film of a negative index',
    (document) => document.set('materials.0.extensions', { KHR_materials_iridescence: { iridescenceIor: -1 } }),
    'out-of-range: materials[0].extensions.KHR_materials_iridescence.iridescenceIor is -1; it must lie in 1..100',
  ],
  [
    'a texture of an extension that does not exist',
    (document) =>
      document.set('materials.0.extensions', { KHR_materials_anisotropy: { anisotropyTexture: { index: 3 } } }),
    'out-of-range: materials[0].extensions.KHR_materials_anisotropy.anisotropyTexture.index is 3, but textures has 0 entries',
  ],
  [
    'an attenuation distance of 0',
    (document) =>
      document.set('materials.0.extensions', {
        KHR_materials_volume: { thicknessFactor: 1, attenuationDistance: 0 },
      }),
    'out-of-range: materials[0].extensions.KHR_materials_volume.attenuationDistance is 0; it must lie in 1e-9..1000000000',
  ],
  [
    'a negative emissive strength',
    (document) => document.set('materials.0.extensions', { KHR_materials_emissive_strength: { emissiveStrength: -1 } }),
    'out-of-range: materials[0].extensions.KHR_materials_emissive_strength.emissiveStrength is -1; it must lie in 0..1000000000',
  ],
  [
    'a texture that does not exist',
    (document) => document.set('materials.0.pbrMetallicRoughness.baseColorTexture', { index: 0 }),
    'out-of-range: materials[0].pbrMetallicRoughness.baseColorTexture.index is 0, but textures has 0 entries',
  ],
  [
    'a required extension that is unknown',
    (document) => document.set('extensionsRequired', ['MSFT_texture_dds']),
    'unsupported-feature: extensionsRequired[0] uses MSFT_texture_dds, which this renderer does not support',
  ],
  [
    'a rotation that is no unit quaternion',
    (document) => document.set('nodes.0.rotation', [0, 0, 0, 0.5]),
    'invalid-field: nodes[0].rotation has the length 0.5; a rotation is a unit quaternion',
  ],
  [
    'a matrix of fifteen numbers',
    (document) =>
      document.set(
        'nodes.0.matrix',
        Array.from({ length: 15 }, () => 1),
      ),
    'invalid-field: nodes[0].matrix has 15 numbers; it must have 16',
  ],
  [
    'an orthographic camera',
    (document) => document.set('cameras.0.type', 'orthographic'),
    'unsupported-feature: cameras[0].type uses a camera of type orthographic, which this renderer does not support',
  ],
  [
    'nothing to see',
    (document) => document.remove('nodes.0.mesh'),
    'empty-scene: the scene shows no triangles: none of its nodes has a mesh',
  ],
  [
    'a list where an object should be',
    (document) => document.set('materials.0', []),
    'invalid-field: materials[0] is []; it must be an object',
  ],
];

describe('a malformed scene is refused with the field to look at', () => {
  test.each(documents)('%s', async (_name, change, expected) => {
    expect(await refusalOf(loadSquare(change))).toBe(expected);
  });

  test.each([
    [
      'millions of triangles by instances of a lamp',
      100,
      'emissiveFactor',
      [1, 1, 1],
      '19999800 triangles; the limit is 4000000',
    ],
    [
      'more triangles by instances than ids have numbers',
      20_001,
      'doubleSided',
      true,
      '4000159998 triangles; the limit is 4000000000',
    ],
  ])('%s, before any is read', async (_name, primitives, member, value, sentence) => {
    const count = 99_999;
    const loading = loadSquare((document) => {
      document.set(
        'nodes',
        Array.from({ length: count }, () => ({ mesh: 0 })),
      );
      document.set('scenes', [{ nodes: Array.from({ length: count }, (_, index) => index) }]);
      document.set(`materials.0.${member}`, value);
      const primitive = { attributes: { POSITION: 0 }, indices: 1, material: 0 };
      document.set(
        'meshes.0.primitives',
        Array.from({ length: primitives }, () => primitive),
      );
    });
    expect(await refusalOf(loading)).toBe(`limit-exceeded: the scene has ${sentence}`);
  });
});
