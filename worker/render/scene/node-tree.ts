import type { NodePose, Pose } from './animation.ts';
import { type Field, elementsOf, indexOf, listMember, optionalMember, tupleOf, unsupported } from './field.ts';
import { sceneLimits } from './limits.ts';
import { type Matrix, compose, identity, multiply } from './matrix.ts';
import { SceneError } from './scene-error.ts';

/** A node that is part of the scene, with the transform from its space to the world. */
export interface PlacedNode {
  readonly field: Field;
  /** Its place in `nodes`. */
  readonly index: number;
  readonly world: Matrix;
}

export interface NodeTree {
  readonly placed: readonly PlacedNode[];
  readonly nodeCount: number;
  /** The scene object whose nodes were placed. */
  readonly scene: Field | undefined;
}

/** Walks the default scene's nodes as the pose moves them. A node reached twice is refused: glTF nodes form a forest, and cycles would not end. */
export function placeNodes(document: Field, pose: Pose): NodeTree {
  const nodes = listMember(document, 'nodes', sceneLimits.nodes);
  const childrenOf = nodes.map((node) =>
    listMember(node, 'children', sceneLimits.nodes).map((child) => indexOf(child, nodes.length, 'nodes')),
  );
  const scene = defaultScene(document);
  const roots = scene === undefined ? rootsWithoutScene(childrenOf) : rootsOf(scene, nodes.length);

  const visited = new Uint8Array(nodes.length);
  const placed: PlacedNode[] = [];
  const pending = roots.toReversed().map((index) => ({ index, parent: identity, depth: 1 }));
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const field = nodes[entry.index] as Field;
    if (visited[entry.index] === 1) {
      throw new SceneError('node-cycle', `${field.path} is reached more than once; a node has at most one parent`, {
        field: field.path,
        value: entry.index,
      });
    }
    visited[entry.index] = 1;
    if (entry.depth > sceneLimits.nodeDepth) {
      throw new SceneError(
        'limit-exceeded',
        `${field.path} is nested ${entry.depth} deep; the limit is ${sceneLimits.nodeDepth}`,
        {
          field: field.path,
          value: entry.depth,
          limit: sceneLimits.nodeDepth,
        },
      );
    }
    const world = multiply(entry.parent, localTransform(field, pose.get(entry.index)));
    placed.push({ field, index: entry.index, world });
    const { depth } = entry;
    for (const child of (childrenOf[entry.index] as number[]).toReversed()) {
      pending.push({ index: child, parent: world, depth: depth + 1 });
    }
  }
  return { placed, nodeCount: nodes.length, scene };
}

function defaultScene(document: Field): Field | undefined {
  const scenes = listMember(document, 'scenes', sceneLimits.nodes);
  const chosen = optionalMember(document, 'scene');
  return scenes[chosen === undefined ? 0 : indexOf(chosen, scenes.length, 'scenes')];
}

function rootsOf(scene: Field, nodeCount: number): number[] {
  return listMember(scene, 'nodes', sceneLimits.nodes).map((node) => indexOf(node, nodeCount, 'nodes'));
}

function rootsWithoutScene(childrenOf: readonly (readonly number[])[]): number[] {
  const isChild = new Set(childrenOf.flat());
  const roots = childrenOf.map((_, index) => index).filter((index) => !isChild.has(index));
  if (roots.length === 0 && childrenOf.length > 0) {
    throw new SceneError('node-cycle', 'nodes has no root: every node is the child of another', { field: 'nodes' });
  }
  return roots;
}

function localTransform(node: Field, pose: NodePose | undefined): Matrix {
  const limit = sceneLimits.coordinate;
  const matrix = optionalMember(node, 'matrix');
  const isMoved = (pose?.translation ?? pose?.rotation ?? pose?.scale) !== undefined;
  if (matrix !== undefined) {
    const values = tupleOf(matrix, 16, -limit, limit);
    if (isMoved) throw unsupported(matrix, 'a matrix on a node that an animation moves');
    if (values[3] === 0 && values[7] === 0 && values[11] === 0 && values[15] === 1) return values;
    throw new SceneError('invalid-field', `${matrix.path} is not affine: its last row must be 0 0 0 1`, {
      field: matrix.path,
    });
  }
  const translation = optionalMember(node, 'translation');
  const rotation = optionalMember(node, 'rotation');
  const scale = optionalMember(node, 'scale');
  const atRest = {
    translation: translation === undefined ? [0, 0, 0] : tupleOf(translation, 3, -limit, limit),
    rotation: rotation === undefined ? [0, 0, 0, 1] : tupleOf(rotation, 4, -1.001, 1.001),
    scale: scale === undefined ? [1, 1, 1] : tupleOf(scale, 3, -limit, limit),
  };
  return compose(
    pose?.translation ?? atRest.translation,
    unitQuaternion(pose?.rotation ?? atRest.rotation, `${node.path}.rotation`),
    pose?.scale ?? atRest.scale,
  );
}

/** @throws SceneError when the length is far from 1. */
export function unitQuaternion(values: readonly number[], path: string): number[] {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  if (length > 0.99 && length < 1.01) return values.map((value) => value / length);
  throw new SceneError('invalid-field', `${path} has the length ${length}; a rotation is a unit quaternion`, {
    field: path,
    value: length,
    limit: 1,
  });
}

/** @throws SceneError when the document needs an extension that is not in `supported`. */
export function checkRequiredExtensions(document: Field, supported: readonly string[]): void {
  const required = optionalMember(document, 'extensionsRequired');
  if (required === undefined) return;
  for (const field of elementsOf(required, 1_000)) {
    if (typeof field.value !== 'string' || !supported.includes(field.value)) {
      throw unsupported(field, String(field.value).slice(0, 60));
    }
  }
}
