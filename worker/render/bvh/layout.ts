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

/**
 * How a tree lies in GPU memory and the WGSL that walks it. Every layout's fragment defines `trace_closest` and
 * `trace_any` with the same signatures and the same answers to the last bit, so kernels do not know which one they use.
 */
export interface BvhLayout {
  readonly name: string;
  pack(tree: BvhTree): PackedTree;
  readonly fragment: ShaderFragment;
  /** The same with counters; for measuring. */
  readonly countingFragment: ShaderFragment;
}
