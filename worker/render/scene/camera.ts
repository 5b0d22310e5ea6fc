import { choose } from './choose.ts';
import {
  type Field,
  indexOf,
  listMember,
  member,
  nameOf,
  numberOf,
  optionalMember,
  stringOf,
  unsupported,
} from './field.ts';
import { sceneLimits } from './limits.ts';
import { cross, scaled, transformPoint, transformVector, unit } from './matrix.ts';
import type { PlacedNode } from './node-tree.ts';
import type { Camera, Scene, Vector3 } from './scene.ts';
import { SceneError } from './scene-error.ts';

/**
 * The camera of a placed node, looking along -z of it: the one that is `wanted` (its number among them, its name or its
 * node's), else the first. Undefined when there is none and none is wanted. @throws SceneError.
 */
export function readCamera(
  document: Field,
  placed: readonly PlacedNode[],
  wanted: string | undefined,
): Camera | undefined {
  const cameras = listMember(document, 'cameras', sceneLimits.cameras);
  const found = placed.flatMap((node) => {
    const reference = optionalMember(node.field, 'camera');
    if (reference === undefined) return [];
    return [{ node, field: cameras[indexOf(reference, cameras.length, 'cameras')] as Field }];
  });
  if (wanted === undefined && found.length === 0) return undefined;
  const names = found.map(({ node, field }) => [...nameOf(node.field), ...nameOf(field)]);
  const { node, field } = found[
    choose('settings.view.camera', wanted ?? '0', names, 'cameras')
  ] as (typeof found)[number];
  const type = member(field, 'type');
  if (stringOf(type) !== 'perspective') throw unsupported(type, `a camera of type ${stringOf(type).slice(0, 60)}`);
  const angle = numberOf(member(member(field, 'perspective'), 'yfov'), 1e-4, 3.1);
  return {
    origin: transformPoint(node.world, 0, 0, 0),
    ...frame(direction(node, [0, 0, -1]), direction(node, [0, 1, 0]), node.field.path),
    verticalFieldOfViewRadians: angle,
    ...lensOf(field),
  };
}

/** `extras` of a camera: apertureRadius and focusDistance in metres, as lens cameras have them; absent: a pinhole. */
function lensOf(camera: Field): Pick<Camera, 'lens'> {
  const extras = optionalMember(camera, 'extras');
  if (extras === undefined || typeof extras.value !== 'object' || extras.value === null || Array.isArray(extras.value))
    return {};
  const radius = optionalMember(extras, 'apertureRadius');
  if (radius === undefined) return {};
  const distance = member(extras, 'focusDistance');
  return {
    lens: { radius: numberOf(radius, 0, 1e6), focusDistance: numberOf(distance, 1e-6, sceneLimits.coordinate) },
  };
}

/** For scenes without a camera: looks at the whole bounding box from a little above, 40 degrees high. */
export function frameBoundingBox(box: Scene['boundingBox']): Camera {
  const center: Vector3 = [
    (box.minimum[0] + box.maximum[0]) / 2,
    (box.minimum[1] + box.maximum[1]) / 2,
    (box.minimum[2] + box.maximum[2]) / 2,
  ];
  const size: Vector3 = [
    box.maximum[0] - box.minimum[0],
    box.maximum[1] - box.minimum[1],
    box.maximum[2] - box.minimum[2],
  ];
  const radius = Math.max(Math.sqrt(size[0] ** 2 + size[1] ** 2 + size[2] ** 2) / 2, 1e-6);
  const forward = unit([-0.4, -0.35, -1]) as Vector3;
  // sin(20 degrees) = 0.342: the sphere around the box just fits the view.
  const distance = radius / 0.342;
  return {
    origin: [center[0] - forward[0] * distance, center[1] - forward[1] * distance, center[2] - forward[2] * distance],
    ...frame(forward, [0, 1, 0], 'camera'),
    verticalFieldOfViewRadians: 0.6981317007977318,
  };
}

function direction(node: PlacedNode, axis: Vector3): Vector3 {
  return transformVector(node.world, axis[0], axis[1], axis[2]);
}

function frame(forward: Vector3, up: Vector3, path: string): Pick<Camera, 'right' | 'up' | 'forward'> {
  const ahead = unit(forward);
  const right = ahead === undefined ? undefined : unit(cross(ahead, up));
  if (ahead === undefined || right === undefined) {
    throw new SceneError('invalid-field', `${path} scales its camera to nothing`, { field: path });
  }
  return { right, up: scaled(cross(ahead, right), -1), forward: ahead };
}
