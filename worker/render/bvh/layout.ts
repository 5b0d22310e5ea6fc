import type { ShaderFragment } from '../library/shader-fragment.ts';
import type { BvhTree } from './bvh-tree.ts';

/** A tree as it goes to the GPU. */
export interface PackedTree {
  /** In words of 16 bytes, as the layout's traversal reads them. */
  readonly nodes: ArrayBuffer;
  /** Where a traversal begins, in the terms of the layout. */
  readonly rootReference: number;
  /** Triangle id by slot. */
  readonly triangleOrder: Uint32Array<ArrayBuffer>;
}

/** Where a tree's nodes and triangles begin among those of others. */
export interface TreePlace {
  readonly firstNode: number;
  readonly firstSlot: number;
}

export const atStart: TreePlace = { firstNode: 0, firstSlot: 0 };

/**
 * How a tree lies in GPU memory and the WGSL that walks it. Every layout's fragment defines `closest_in_tree` and
 * `any_in_tree` with the same signatures and the same answers to the last bit, so kernels do not know which one they use.
 */
export interface BvhLayout {
  readonly name: string;
  readonly bytesPerNode: number;
  /** @param place the beginning, when not said. */
  pack(tree: BvhTree, place?: TreePlace): PackedTree;
  readonly fragment: ShaderFragment;
  /** The same with counters; for measuring. */
  readonly countingFragment: ShaderFragment;
}
