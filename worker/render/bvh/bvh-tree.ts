import type { TreePlace } from './layout.ts';

/** Set in a reference that names a leaf; else the reference is the index of an inner node. */
export const leafBit = 0x80000000;
/** A leaf holds 1 to 8 triangles: count - 1 sits in bits 28..30, the first slot in leaf order in bits 0..27. */
export const maximumLeafTriangles = 8;
export const maximumTriangles = 0x0fffffff;
/** Entries of the tracer's stack; a deeper tree is never built. */
export const maximumDepth = 32;

/**
 * A binary bounding volume hierarchy, independent of how a kernel stores it. Inner node `i` has the two references
 * `references[2i]` and `references[2i + 1]` and their boxes at `bounds[12i]` and `bounds[12i + 6]`, each minimum x y z then
 * maximum x y z. A scene of a few triangles has no inner node: then the root is a leaf.
 */
export interface BvhTree {
  readonly nodeCount: number;
  readonly references: Uint32Array<ArrayBuffer>;
  readonly bounds: Float32Array<ArrayBuffer>;
  readonly rootReference: number;
  /** Triangle id by slot in leaf order. */
  readonly triangleOrder: Uint32Array<ArrayBuffer>;
  /** Inner nodes on the longest way from the root to a leaf. */
  readonly depth: number;
}

export function leafReference(firstSlot: number, triangleCount: number): number {
  return (leafBit | ((triangleCount - 1) << 28) | firstSlot) >>> 0;
}

/** How many triangles a leaf's reference names. */
export function leafTriangles(reference: number): number {
  return ((reference >>> 28) & 7) + 1;
}

/** The same child when the tree's nodes and slots begin elsewhere. */
export function movedReference(reference: number, { firstNode, firstSlot }: TreePlace): number {
  return (reference & leafBit) === 0 ? reference + firstNode : reference + firstSlot;
}

/** Where in leaf order a leaf's triangles begin. */
export function leafSlot(reference: number): number {
  return reference & 0x0fffffff;
}
