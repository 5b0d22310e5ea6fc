import { cosineSineOfTurn } from '../environment/turn.ts';
import {
  type Field,
  indexOf,
  listMember,
  member,
  numberOf,
  optionalMember,
  stringOf,
  tupleOf,
  unsupported,
} from './field.ts';
import { sceneLimits } from './limits.ts';
import { scaled, transformPoint, transformVector, unit } from './matrix.ts';
import type { PlacedNode } from './node-tree.ts';
import type { PunctualLight, Vector3 } from './scene.ts';
import { SceneError } from './scene-error.ts';

const name = 'KHR_lights_punctual';

/** Every light that a placed node carries. Nodes do not scale intensities. @throws SceneError. */
export function readPunctualLights(document: Field, placed: readonly PlacedNode[]): PunctualLight[] {
  const table = extensionOf(document);
  const lights = table === undefined ? [] : listMember(table, 'lights', sceneLimits.punctualLights);
  const result: PunctualLight[] = [];
  for (const node of placed) {
    const reference = extensionOf(node.field);
    if (reference === undefined) continue;
    const light = lights[indexOf(member(reference, 'light'), lights.length, `extensions.${name}.lights`)] as Field;
    if (result.length >= sceneLimits.punctualLights) {
      throw new SceneError('limit-exceeded', `nodes carry more than ${sceneLimits.punctualLights} lights`, {
        field: node.field.path,
        limit: sceneLimits.punctualLights,
      });
    }
    const found = readLight(light, node);
    if (found.intensity.some((channel) => channel > 0)) result.push(found);
  }
  return result;
}

function extensionOf(parent: Field): Field | undefined {
  const extensions = optionalMember(parent, 'extensions');
  return extensions === undefined ? undefined : optionalMember(extensions, name);
}

function readLight(field: Field, node: PlacedNode): PunctualLight {
  const type = member(field, 'type');
  const kind = stringOf(type);
  if (kind !== 'point' && kind !== 'spot' && kind !== 'directional')
    throw unsupported(type, `a light of type ${kind.slice(0, 60)}`);
  const strength = optionalMember(field, 'intensity');
  const color = optionalMember(field, 'color');
  const [red = 1, green = 1, blue = 1] = color === undefined ? [] : tupleOf(color, 3, 0, 1);
  const direction = unit(transformVector(node.world, 0, 0, -1));
  if (direction === undefined) {
    throw new SceneError('invalid-field', `${node.field.path} scales its light to nothing`, { field: node.field.path });
  }
  const light = {
    kind,
    position: transformPoint(node.world, 0, 0, 0),
    direction,
    intensity: scaled(
      [red, green, blue] as Vector3,
      strength === undefined ? 1 : numberOf(strength, 0, sceneLimits.radiance),
    ),
  } as const;
  return kind === 'spot' ? { ...light, cone: readCone(field) } : light;
}

function readCone(field: Field): { innerCosine: number; outerCosine: number } {
  const spot = member(field, 'spot');
  const inner = optionalMember(spot, 'innerConeAngle');
  const outer = optionalMember(spot, 'outerConeAngle');
  const outerRadians = outer === undefined ? Math.PI / 4 : numberOf(outer, 1e-4, Math.PI / 2);
  const innerRadians = inner === undefined ? 0 : numberOf(inner, 0, outerRadians);
  return { innerCosine: cosine(innerRadians), outerCosine: cosine(outerRadians) };
}

function cosine(radians: number): number {
  return cosineSineOfTurn(radians / (2 * Math.PI))[0];
}
