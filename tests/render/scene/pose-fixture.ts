import type { GlbAdder } from './glb-fixture.ts';

/** An animation of the square's node. */
export function animate(
  add: GlbAdder,
  path: string,
  times: readonly number[],
  values: readonly number[],
  options: { interpolation?: string; node?: number } = {},
): void {
  const type = path === 'rotation' ? 'VEC4' : path === 'weights' ? 'SCALAR' : 'VEC3';
  const input = add.accessor(Float32Array.from(times));
  const output = add.accessor(Float32Array.from(values), type);
  const { interpolation = 'LINEAR', node = 0 } = options;
  add.set('animations', [
    {
      name: 'move',
      samplers: [{ input, output, interpolation }],
      channels: [{ sampler: 0, target: { node, path } }],
    },
  ]);
}

/** The square on two joints: the lower two corners follow the first, the upper two the second. */
export function bend(add: GlbAdder): void {
  const joints = add.accessor(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0), 'VEC4');
  const weights = add.accessor(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0.5, 0, 0, 0), 'VEC4');
  // Both bring the joint's own place, 10 to the right, back to the origin.
  const back = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, -10, 0, 0, 1];
  const inverse = add.accessor(Float32Array.from([...back, ...back]), 'MAT4');
  add.set('meshes.0.primitives.0.attributes.JOINTS_0', joints);
  add.set('meshes.0.primitives.0.attributes.WEIGHTS_0', weights);
  add.set('skins', [{ joints: [2, 3], inverseBindMatrices: inverse }]);
  add.set('nodes.0', { mesh: 0, skin: 0, translation: [500, 0, 0] });
  add.set('nodes.2', { translation: [10, 0, 0] });
  add.set('nodes.3', { translation: [10, 0, 3] });
  add.set('scenes.0.nodes', [0, 1, 2, 3]);
}

/** A target that lifts the last two corners by 2, as a sparse accessor. */
export function lift(add: GlbAdder): void {
  const indices = add.view(Uint16Array.of(2, 3));
  const values = add.view(Float32Array.of(0, 2, 0, 0, 2, 0));
  const target = add.entry({
    componentType: 5126,
    count: 4,
    type: 'VEC3',
    sparse: {
      count: 2,
      indices: { bufferView: indices, componentType: 5123 },
      values: { bufferView: values },
    },
  });
  add.set('meshes.0.primitives.0.targets', [{ POSITION: target }]);
}

export function instancing(add: GlbAdder, attributes: object): void {
  add.set('nodes.0.extensions', { EXT_mesh_gpu_instancing: { attributes } });
}
