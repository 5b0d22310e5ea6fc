import { describe, expect, test } from 'vitest';
import type { SceneView } from '../../../worker/messages.ts';
import { type GlbAdder, loadExtended } from './glb-fixture.ts';
import { animate, bend, instancing, lift } from './pose-fixture.ts';
import { refusalOf } from './refusal-of.ts';

const refusals: readonly [string, SceneView, (add: GlbAdder) => void, string][] = [
  [
    'a moment of a scene that does not move',
    { timeSeconds: 1 },
    () => {},
    'invalid-setting: settings.view.animation is "0"; the scene has no animations',
  ],
  [
    'an animation of another name',
    { timeSeconds: 1, animation: 'jump' },
    (add) => animate(add, 'translation', [0], [1, 2, 3]),
    'invalid-setting: settings.view.animation is "jump"; the scene has these: 0 "move"',
  ],
  [
    'a camera beyond those there are',
    { camera: '1' },
    () => {},
    'invalid-setting: settings.view.camera is "1"; the scene has these: 0',
  ],
  [
    'a camera where there is none',
    { camera: 'top' },
    (add) => add.remove('nodes.1.camera'),
    'invalid-setting: settings.view.camera is "top"; the scene has no cameras',
  ],
  [
    'keys that go back in time',
    { timeSeconds: 1 },
    (add) => animate(add, 'translation', [0, 2, 1], [0, 0, 0, 1, 0, 0, 2, 0, 0]),
    'invalid-field: animations[0].samplers[0].input[2] is 1, which is not after the key before it',
  ],
  [
    'a key at no time',
    { timeSeconds: 1 },
    (add) => animate(add, 'translation', [Number.NaN], [0, 0, 0]),
    'invalid-field: animations[0].samplers[0].input[0] has the component NaN; it must be finite and at most 100000000',
  ],
  [
    'fewer values than keys',
    { timeSeconds: 1 },
    (add) => animate(add, 'translation', [0, 1], [0, 0, 0]),
    'out-of-range: animations[0].samplers[0].output has 1 elements for 2 keys of LINEAR',
  ],
  [
    'a spline without tangents',
    { timeSeconds: 1 },
    (add) => animate(add, 'scale', [0], [1, 1, 1], { interpolation: 'CUBICSPLINE' }),
    'out-of-range: animations[0].samplers[0].output has 1 elements for 1 keys of CUBICSPLINE',
  ],
  [
    'an unknown interpolation',
    { timeSeconds: 1 },
    (add) => animate(add, 'scale', [0], [1, 1, 1], { interpolation: 'BOUNCE' }),
    'unsupported-feature: animations[0].samplers[0].interpolation uses the interpolation BOUNCE, which this renderer does not support',
  ],
  [
    'an animation of something else',
    { timeSeconds: 1 },
    (add) => animate(add, 'pointer', [0], [1, 1, 1]),
    'unsupported-feature: animations[0].channels[0].target.path uses an animation of pointer, which this renderer does not support',
  ],
  [
    'an animation of a node that is not there',
    { timeSeconds: 1 },
    (add) => animate(add, 'scale', [0], [1, 1, 1], { node: 9 }),
    'out-of-range: animations[0].channels[0].target.node is 9, but nodes has 2 entries',
  ],
  [
    'two channels for the same thing',
    { timeSeconds: 1 },
    (add) => {
      animate(add, 'scale', [0], [1, 1, 1]);
      const channel = { sampler: 0, target: { node: 0, path: 'scale' } };
      add.set('animations.0.channels', [channel, channel]);
    },
    'invalid-field: animations[0].channels[1].target moves the scale of nodes[0] a second time',
  ],
  [
    'a channel without a sampler',
    { timeSeconds: 1 },
    (add) => {
      animate(add, 'scale', [0], [1, 1, 1]);
      add.set('animations.0.samplers', []);
    },
    'out-of-range: animations[0].channels[0].sampler is 0, but samplers has 0 entries',
  ],
  [
    'an animated node with a matrix',
    { timeSeconds: 0 },
    (add) => {
      animate(add, 'scale', [0], [1, 1, 1]);
      add.set('nodes.0.matrix', [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    },
    'unsupported-feature: nodes[0].matrix uses a matrix on a node that an animation moves, which this renderer does not support',
  ],
  [
    'a rotation of length zero',
    { timeSeconds: 0 },
    (add) => animate(add, 'rotation', [0], [0, 0, 0, 0]),
    'invalid-field: nodes[0].rotation has the length 0; a rotation is a unit quaternion',
  ],
  [
    'weights for targets that are not there',
    { timeSeconds: 0 },
    (add) => {
      lift(add);
      const input = add.accessor(Float32Array.of(0));
      const output = add.accessor(Float32Array.of(0, 0));
      const target = { node: 0, path: 'weights' };
      add.set('animations', [{ samplers: [{ input, output }], channels: [{ sampler: 0, target }] }]);
    },
    'out-of-range: the animation gives nodes[0] 2 weights, but its mesh has 1 morph targets',
  ],
  [
    'a node with weights for other targets',
    {},
    (add) => {
      lift(add);
      add.set('nodes.0.weights', [1, 1]);
    },
    'invalid-field: nodes[0].weights has 2 entries, but the mesh has 1 morph targets',
  ],
  [
    'primitives with different numbers of targets',
    {},
    (add) => {
      lift(add);
      add.set('meshes.0.primitives.1', { attributes: { POSITION: 0 }, indices: 1 });
    },
    'invalid-field: meshes[0].primitives[1].targets has 0 entries, but meshes[0] has 1 morph targets',
  ],
  [
    'a target with fewer vertices',
    {},
    (add) => {
      lift(add);
      add.set('accessors.3.count', 3);
    },
    'out-of-range: meshes[0].primitives[0].targets[0].POSITION has 3 elements, but POSITION has 4',
  ],
  [
    'a sparse accessor with more values than elements',
    {},
    (add) => {
      lift(add);
      add.set('accessors.3.sparse.count', 5);
    },
    'out-of-range: accessors[3].sparse.count is 5; it must lie in 1..4',
  ],
  [
    'a sparse accessor that changes an element that is not there',
    {},
    (add) => {
      lift(add);
      add.set('accessors.3.sparse.indices.bufferView', add.view(Uint16Array.of(2, 4)));
      add.set('nodes.0.weights', [1]);
    },
    'out-of-range: accessors[3].sparse.indices[1] is 4, but accessors[3] has 4 elements',
  ],
  [
    'sparse indices past their buffer view',
    {},
    (add) => {
      lift(add);
      add.set('accessors.3.sparse.count', 3);
    },
    'out-of-range: accessors[3].sparse.indices ends at byte 6 of bufferViews[3], which has 4 bytes',
  ],
  [
    'sparse indices of the triangles',
    {},
    (add) => add.set('accessors.1.sparse', {}),
    'unsupported-feature: accessors[1].sparse uses a sparse accessor here, which this renderer does not support',
  ],
  [
    'a skin that is not there',
    {},
    (add) => add.set('nodes.0.skin', 0),
    'out-of-range: nodes[0].skin is 0, but skins has 0 entries',
  ],
  [
    'a joint that is not in the scene',
    {},
    (add) => {
      bend(add);
      add.set('scenes.0.nodes', [0, 1, 2]);
    },
    'invalid-field: skins[0].joints[1] is nodes[3], which is not in the scene',
  ],
  [
    'a joint that is no node',
    {},
    (add) => {
      bend(add);
      add.set('skins.0.joints', [2, 30]);
    },
    'out-of-range: skins[0].joints[1] is 30, but nodes has 4 entries',
  ],
  [
    'a vertex that follows a joint the skin does not have',
    {},
    (add) => {
      bend(add);
      add.set('skins.0.joints', [2]);
    },
    'out-of-range: meshes[0].primitives[0].attributes.JOINTS_0[2] is joint 1, but the skin has 1 joints',
  ],
  [
    'fewer matrices than joints',
    {},
    (add) => {
      bend(add);
      add.set('accessors.5.count', 1);
    },
    'out-of-range: skins[0].inverseBindMatrices has 1 matrices for 2 joints',
  ],
  [
    'joints without weights',
    {},
    (add) => {
      bend(add);
      add.remove('meshes.0.primitives.0.attributes.WEIGHTS_0');
    },
    'invalid-field: meshes[0].primitives[0].attributes.WEIGHTS_0 is required but absent',
  ],
  [
    'a skin on instances',
    {},
    (add) => {
      bend(add);
      instancing(add, { SCALE: 0 });
    },
    'unsupported-feature: nodes[0].skin uses a skin on a mesh with many instances, which this renderer does not support',
  ],
  [
    'instances without a place',
    {},
    (add) => instancing(add, {}),
    'invalid-field: nodes[0].extensions.EXT_mesh_gpu_instancing.attributes has no TRANSLATION, ROTATION or SCALE',
  ],
  [
    'instances of two numbers',
    {},
    (add) => instancing(add, { TRANSLATION: 0, SCALE: add.accessor(Float32Array.of(1, 1, 1), 'VEC3') }),
    'out-of-range: nodes[0].extensions.EXT_mesh_gpu_instancing.attributes has accessors of 4 and of 1 elements',
  ],
  [
    'an instance that is turned by no rotation',
    {},
    (add) => instancing(add, { ROTATION: add.accessor(Float32Array.of(0, 0, 0, 3), 'VEC4') }),
    'invalid-field: nodes[0].extensions.EXT_mesh_gpu_instancing.attributes.ROTATION[0] has the length 3; a rotation is a unit quaternion',
  ],
];

describe('a pose that cannot be struck is refused with the field to look at', () => {
  test.each(refusals)('%s', async (_name, view, change, expected) => {
    expect(await refusalOf(loadExtended(change, view))).toBe(expected);
  });

  test('more instances than a scene may have, before any is read', async () => {
    const loading = loadExtended((add) => {
      instancing(add, { TRANSLATION: add.accessor(new Float32Array(3 * 10_000), 'VEC3') });
      add.set(
        'nodes',
        Array.from({ length: 101 }, () => ({
          mesh: 0,
          extensions: { EXT_mesh_gpu_instancing: { attributes: { TRANSLATION: 3 } } },
        })),
      );
      add.set(
        'scenes.0.nodes',
        Array.from({ length: 101 }, (_, index) => index),
      );
    });
    expect(await refusalOf(loading)).toBe('limit-exceeded: the scene has 1010000 instances; the limit is 1000000');
  });

  test('a mesh that moves for each of many nodes', async () => {
    const loading = loadExtended((add) => {
      lift(add);
      const nodes = Array.from({ length: 30_000 }, () => ({ mesh: 0, weights: [1] }));
      add.set('nodes', nodes);
      add.set(
        'scenes.0.nodes',
        nodes.map((_, index) => index),
      );
      add.set(
        'meshes.0.primitives',
        Array.from({ length: 101 }, () => ({ attributes: { POSITION: 0 }, indices: 1, targets: [{ POSITION: 3 }] })),
      );
    });
    expect(await refusalOf(loading)).toBe('limit-exceeded: the scene has 12121414 vertices; the limit is 12000000');
  });
});
