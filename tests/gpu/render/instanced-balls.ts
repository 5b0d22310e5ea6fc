import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { extendedSquare } from '../../render/scene/glb-fixture.ts';
import { seededRandom } from './scene-fixtures.ts';

/** A ball of 4 x divisions^2 triangles with smooth normals; its upper half is a primitive of its own. */
function ball(divisions: number) {
  const points: number[] = [];
  for (let ring = 0; ring <= divisions; ring += 1) {
    for (let step = 0; step <= 2 * divisions; step += 1) {
      const [latitude, longitude] = [(ring / divisions - 0.5) * Math.PI, (step / divisions) * Math.PI];
      const reach = Math.cos(latitude);
      points.push(reach * Math.cos(longitude), Math.sin(latitude), -reach * Math.sin(longitude));
    }
  }
  const halves: [number[], number[]] = [[], []];
  const width = 2 * divisions + 1;
  for (let ring = 0; ring < divisions; ring += 1) {
    for (let step = 0; step < 2 * divisions; step += 1) {
      const a = ring * width + step;
      halves[ring * 2 < divisions ? 0 : 1].push(a, a + 1, a + width + 1, a, a + width + 1, a + width);
    }
  }
  return { points: Float32Array.from(points), halves: halves.map((half) => Uint16Array.from(half)) };
}

function square(material: number) {
  return { primitives: [{ attributes: { POSITION: 0, NORMAL: 2 }, indices: 1, material }] };
}

/**
 * A floor, a lamp, and balls at many places: turned, stretched, every third mirrored, the last one flat. Their upper halves
 * let half of the light through.
 */
export function instancedBalls(count: number, divisions: number): Uint8Array<ArrayBuffer> {
  const random = seededRandom(5);
  const { points, halves } = ball(divisions);
  return extendedSquare((add) => {
    const position = add.accessor(points, 'VEC3');
    const parts = halves.map((indices, material) => ({
      attributes: { POSITION: position, NORMAL: position },
      indices: add.accessor(indices),
      material,
    }));
    add.set('meshes', [{ primitives: parts }, square(2), square(3)]);
    const pbrMetallicRoughness = { baseColorFactor: [0.7, 0.6, 0.5, 0.5], metallicFactor: 0, roughnessFactor: 0.6 };
    add.set('materials', [
      { pbrMetallicRoughness },
      { pbrMetallicRoughness, alphaMode: 'BLEND' },
      { pbrMetallicRoughness, doubleSided: true },
      {
        emissiveFactor: [1, 1, 1],
        extensions: { KHR_materials_emissive_strength: { emissiveStrength: 5 } },
        doubleSided: true,
      },
    ]);
    const size = 0.9 / Math.cbrt(count);
    const places = Array.from({ length: count }, (_, index) => {
      const turn = [0, 1, 2, 3].map(() => random() * 2 - 1);
      const length = Math.hypot(...turn);
      return {
        translation: [random() * 2 - 0.5, random() * 1.6, -random() * 2],
        rotation: turn.map((value) => value / length),
        scale: [1, 0.4 + random() * 0.6, index === count - 1 ? 0 : index % 3 === 0 ? -0.7 : 0.7].map(
          (value) => value * size,
        ),
      };
    });
    const attribute = (key: 'translation' | 'rotation' | 'scale') =>
      add.accessor(Float32Array.from(places.flatMap((place) => place[key])), key === 'rotation' ? 'VEC4' : 'VEC3');
    add.set('nodes.0.extensions', {
      EXT_mesh_gpu_instancing: {
        attributes: {
          TRANSLATION: attribute('translation'),
          ROTATION: attribute('rotation'),
          SCALE: attribute('scale'),
        },
      },
    });
    const turned = Math.SQRT1_2;
    add.set('nodes.2', { mesh: 1, translation: [-3, -0.2, 2], rotation: [-turned, 0, 0, turned], scale: [7, 7, 1] });
    add.set('nodes.3', { mesh: 2, translation: [-0.5, 2.2, 0.5], rotation: [turned, 0, 0, turned], scale: [2, 2, 1] });
    // The same mesh once more by an ordinary node.
    add.set('nodes.4', { mesh: 0, translation: [0.2, 0, 0.6], scale: [0.2, 0.3, -0.2] });
    add.set('scenes.0.nodes', [0, 1, 2, 3, 4]);
  });
}

/** The same scene with every triangle listed, and with the ball kept once. */
export async function bothWays(file: Uint8Array<ArrayBuffer>): Promise<{ listed: Scene; shared: Scene }> {
  const load = (leastSaving: number) => loadScene(createMemorySource(file), {}, { leastSaving });
  return { listed: await load(Infinity), shared: await load(1) };
}
