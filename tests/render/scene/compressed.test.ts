import { describe, expect, test } from 'vitest';
import { draco, dracoSquares, meshopt } from './compressed-fixture.ts';
import { type GlbAdder, extendedSquare, loadExtended, loadSquare, squareBinary } from './glb-fixture.ts';
import { type Outcomes, mutate } from './mutate.ts';
import { refusalOf } from './refusal-of.ts';

const positions = new Float32Array(squareBinary().buffer, 0, 12);
const indices = new Uint16Array(squareBinary().buffer, 48, 6);
const dracoPath = 'meshes[0].primitives[0].extensions.KHR_draco_mesh_compression';
const meshoptPath = 'bufferViews[0].extensions.EXT_meshopt_compression';

function packPositions(add: GlbAdder): void {
  meshopt(add, 0, positions, { count: 4, mode: 'ATTRIBUTES' });
}

/** A Draco file whose header tells of other numbers: vertices at 12, triangles at 13. */
function dracoWith(place: number, ...bytes: readonly number[]): Uint8Array {
  const file = [...dracoSquares.edgebreaker];
  file.splice(place, 1, ...bytes);
  return Uint8Array.from(file);
}

/** 268,435,455 as Draco writes it. */
const many = [0xff, 0xff, 0xff, 0x7f];

const damages: readonly [string, (add: GlbAdder) => void, string][] = [
  [
    'a file that is not Draco',
    (add) =>
      draco(
        add,
        Uint8Array.from('GIF89a', (letter) => letter.charCodeAt(0)),
      ),
    `invalid-field: ${dracoPath} cannot be decoded: it is no Draco file`,
  ],
  [
    'a Draco file of another version',
    (add) => draco(add, dracoWith(5, 9)),
    `invalid-field: ${dracoPath} cannot be decoded: it is of Draco 9.2; glTF has 2.2`,
  ],
  [
    'a Draco file of a point cloud',
    (add) => draco(add, dracoWith(7, 0)),
    `invalid-field: ${dracoPath} cannot be decoded: it is not a mesh`,
  ],
  [
    'a Draco file coded in an unknown way',
    (add) => draco(add, dracoWith(8, 7)),
    `invalid-field: ${dracoPath} cannot be decoded: it is coded by the unknown method 7`,
  ],
  [
    'a Draco file with metadata',
    (add) => draco(add, dracoWith(10, 0x80)),
    `invalid-field: ${dracoPath} cannot be decoded: it carries metadata, which glTF has no use for`,
  ],
  [
    'a Draco file cut in its header',
    (add) => draco(add, dracoSquares.edgebreaker.slice(0, 13)),
    `invalid-field: ${dracoPath} cannot be decoded: its header is cut short`,
  ],
  [
    'a Draco file cut in its data',
    (add) => draco(add, dracoSquares.edgebreaker.slice(0, 60)),
    `invalid-field: ${dracoPath} cannot be decoded: Failed to decode`,
  ],
  [
    'a Draco file of more triangles than the accessor',
    (add) => draco(add, dracoWith(13, ...many)),
    `invalid-field: ${dracoPath} cannot be decoded: its header tells of 268435455 triangles, the primitive of 2`,
  ],
  [
    'a Draco file of more vertices than a scene may have',
    (add) => draco(add, dracoWith(12, ...many)),
    `invalid-field: ${dracoPath} cannot be decoded: its header tells of 268435455 vertices; the limit is 12000000`,
  ],
  [
    'a Draco file that tells of millions which are not there',
    (add) => {
      const bytes = [...dracoSquares.edgebreaker];
      // Vertices 2,000,000 and triangles 3,999,999, which the accessors say too.
      bytes.splice(12, 2, 0x80, 0x89, 0x7a, 0xff, 0x91, 0xf4, 0x01);
      draco(add, Uint8Array.from(bytes));
      for (const accessor of [0, 2]) add.set(`accessors.${accessor}.count`, 2_000_000);
      add.set('accessors.1.count', 3 * 3_999_999);
    },
    `invalid-field: ${dracoPath} cannot be decoded: Failed to decode`,
  ],
  [
    'a Draco file with fewer points than the accessor',
    (add) => {
      draco(add, dracoSquares.sequential);
      for (const accessor of [0, 2]) add.set(`accessors.${accessor}.count`, 5);
    },
    `invalid-field: ${dracoPath} cannot be decoded: it holds 2 triangles over 4 points, not 2 over 5`,
  ],
  [
    'a Draco attribute that is not in the file',
    (add) => draco(add, dracoSquares.sequential, { POSITION: 0, NORMAL: 9 }),
    `invalid-field: ${dracoPath} cannot be decoded: it has no attribute 9`,
  ],
  [
    'a Draco attribute of another shape',
    (add) => draco(add, dracoSquares.sequential, { POSITION: 0, NORMAL: 2 }),
    `invalid-field: ${dracoPath} cannot be decoded: its attribute 2 has 2 components, not 3`,
  ],
  [
    'a Draco file in no buffer view',
    (add) => {
      draco(add, dracoSquares.sequential);
      add.set('meshes.0.primitives.0.extensions.KHR_draco_mesh_compression.bufferView', 40);
    },
    `out-of-range: ${dracoPath}.bufferView is 40, but bufferViews has 4 entries`,
  ],
  [
    'a Draco file without positions',
    (add) => draco(add, dracoSquares.sequential, { NORMAL: 1 }),
    `invalid-field: ${dracoPath}.attributes.POSITION is required but absent`,
  ],
  [
    'a Draco file without an accessor of its triangles',
    (add) => {
      draco(add, dracoSquares.sequential);
      add.remove('meshes.0.primitives.0.indices');
    },
    'invalid-field: meshes[0].primitives[0].indices is required but absent',
  ],
  [
    'compressed bytes that are damaged',
    (add) => {
      packPositions(add);
      add.set(`bufferViews.0.extensions.EXT_meshopt_compression.byteOffset`, 0);
    },
    `invalid-field: ${meshoptPath} cannot be decoded: Error: Malformed buffer data: -1`,
  ],
  [
    'compressed bytes past the end of the buffer',
    (add) => {
      packPositions(add);
      add.set('bufferViews.0.extensions.EXT_meshopt_compression.byteLength', 5000);
    },
    `out-of-range: ${meshoptPath} ends at byte 5108, but buffers[0] has N bytes`,
  ],
  [
    'compressed bytes in a buffer that is not there',
    (add) => {
      packPositions(add);
      add.set('bufferViews.0.extensions.EXT_meshopt_compression.buffer', 1);
    },
    `unsupported-feature: ${meshoptPath}.buffer uses a second buffer (a GLB has one binary chunk), which this renderer does not support`,
  ],
  [
    'a view that unfolds to another length',
    (add) => {
      packPositions(add);
      add.set('bufferViews.0.byteLength', 64);
    },
    'out-of-range: bufferViews[0].byteLength is 64, but 4 elements of 12 bytes unfold to 48',
  ],
  [
    'a view that unfolds to more than a file may hold',
    (add) => {
      packPositions(add);
      add.set('bufferViews.0.byteLength', 2 ** 30);
      add.set('bufferViews.0.extensions.EXT_meshopt_compression.count', 2 ** 30 / 12);
    },
    'invalid-field: bufferViews[0].extensions.EXT_meshopt_compression.count is 89478485.33333333; it must be an integer',
  ],
  [
    'a stride that no vertex has',
    (add) => {
      packPositions(add);
      add.set('bufferViews.0.extensions.EXT_meshopt_compression.byteStride', 10);
    },
    `invalid-field: ${meshoptPath}.byteStride is 10, which ATTRIBUTES with NONE cannot have`,
  ],
  [
    'a filter on the wrong stride',
    (add) => {
      packPositions(add);
      add.set('bufferViews.0.extensions.EXT_meshopt_compression.filter', 'QUATERNION');
    },
    `invalid-field: ${meshoptPath}.byteStride is 12, which ATTRIBUTES with QUATERNION cannot have`,
  ],
  [
    'an unknown mode',
    (add) => {
      packPositions(add);
      add.set('bufferViews.0.extensions.EXT_meshopt_compression.mode', 'ZIP');
    },
    `unsupported-feature: ${meshoptPath}.mode uses "ZIP" (known: ATTRIBUTES, TRIANGLES, INDICES), which this renderer does not support`,
  ],
  [
    'triangles that are none',
    (add) => {
      packPositions(add);
      for (const [key, value] of Object.entries({ mode: 'TRIANGLES', byteStride: 4, count: 4 })) {
        add.set(`bufferViews.0.extensions.EXT_meshopt_compression.${key}`, value);
      }
    },
    `invalid-field: ${meshoptPath}.count is 4; triangles need a multiple of 3`,
  ],
];

describe('damaged compressed geometry is refused with the field to look at', () => {
  test.each(damages)('%s', async (_name, change, expected) => {
    const message = await refusalOf(loadExtended(change));
    expect(message.replace(/has \d+ bytes/, 'has N bytes').slice(0, expected.length)).toBe(expected);
  });
});

test.each(['edgebreaker', 'sequential'] as const)('a Draco square (%s) is the square', async (method) => {
  const {
    positions: found,
    normals,
    textureCoordinates,
  } = await loadExtended((add) => {
    const coordinates = add.entry({ componentType: 5126, count: 4, type: 'VEC2' });
    add.set('meshes.0.primitives.0.attributes.TEXCOORD_0', coordinates);
    draco(add, dracoSquares[method], { POSITION: 0, NORMAL: 1, TEXCOORD_0: 2 });
  });
  const plain = await loadSquare();
  // Walking over the edges may begin a triangle at another corner.
  expect(corners(found)).toEqual(corners(plain.positions));
  expect(Array.from(normals, (value) => Math.round(value))).toEqual([...plain.normals]);
  expect(textureCoordinates).toBeUndefined();
});

function corners(values: Float32Array): string[] {
  const list = Array.from({ length: values.length / 3 }, (_, index) =>
    values.slice(index * 3, index * 3 + 3).join(' '),
  );
  return list.toSorted();
}

test('joints and weights come out of a Draco file', async () => {
  const { positions: found } = await loadExtended((add) => {
    const joints = add.entry({ componentType: 5121, count: 4, type: 'VEC4' });
    const weights = add.entry({ componentType: 5126, count: 4, type: 'VEC4' });
    add.set('meshes.0.primitives.0.attributes.JOINTS_0', joints);
    add.set('meshes.0.primitives.0.attributes.WEIGHTS_0', weights);
    add.set('skins', [{ joints: [2, 3] }]);
    add.set('nodes.0.skin', 0);
    add.set('nodes.2', {});
    add.set('nodes.3', { translation: [0, 0, 7] });
    add.set('scenes.0.nodes', [0, 1, 2, 3]);
    draco(add, dracoSquares.edgebreaker, { POSITION: 0, NORMAL: 1, JOINTS_0: 3, WEIGHTS_0: 4 });
  });
  expect(corners(found)).toEqual(['0 0 0', '0 0 0', '0 1 7', '1 0 0', '1 1 7', '1 1 7']);
});

test('positions and triangles packed by meshoptimizer are the square', async () => {
  const { positions: found } = await loadExtended((add) => {
    packPositions(add);
    meshopt(add, 1, indices, { count: 6, mode: 'TRIANGLES' });
  });
  expect(found).toEqual((await loadSquare()).positions);
});

test('a sequence of indices is the square', async () => {
  const { positions: found } = await loadExtended((add) => meshopt(add, 1, indices, { count: 6, mode: 'INDICES' }));
  expect(found).toEqual((await loadSquare()).positions);
});

test('normals behind the octahedral filter are read', async () => {
  const { normals } = await loadExtended((add) => {
    // x and y of the octahedron, and 127 for one; four times straight up.
    const packed = Int8Array.from({ length: 16 }, (_, index) => (index % 4 === 2 ? 127 : 0));
    meshopt(add, 2, packed, { count: 4, mode: 'ATTRIBUTES', filter: 'OCTAHEDRAL' });
    add.set('extensionsUsed', ['KHR_mesh_quantization']);
    add.set('accessors.2', { bufferView: 2, componentType: 5120, normalized: true, count: 4, type: 'VEC3' });
  });
  expect(Array.from(normals.slice(0, 3))).toEqual([0, 0, 1]);
});

test('mutations of compressed scenes end in a scene or in a refusal', async () => {
  // A Draco file gets a decoder of its own, which costs some milliseconds.
  const files: readonly [number, Uint8Array<ArrayBuffer>][] = [
    [300, extendedSquare((add) => draco(add, dracoSquares.edgebreaker))],
    [300, extendedSquare((add) => draco(add, dracoSquares.sequential))],
    [
      3000,
      extendedSquare((add) => {
        packPositions(add);
        meshopt(add, 1, indices, { count: 6, mode: 'TRIANGLES' });
      }),
    ],
  ];
  const total: Outcomes = { loaded: 0, refused: 0 };
  for (const [index, [rounds, file]] of files.entries()) {
    const { loaded, refused } = await mutate(file, { rounds, seed: 20 + index, tailBytes: 220 });
    total.loaded += loaded;
    total.refused += refused;
  }
  expect(total.loaded).toBeGreaterThan(100);
  expect(total.refused).toBeGreaterThan(1000);
}, 120_000);
