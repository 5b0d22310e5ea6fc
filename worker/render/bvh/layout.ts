import type { ShaderFragment } from '../library/shader-fragment.ts';
import type { BvhTree } from './bvh-tree.ts';

/**
 * How a tree lies in GPU memory and the WGSL that walks it. Every layout's fragment defines `trace_closest` and
 * `trace_any` with the same signatures and the same answers to the last bit, so kernels do not know which one they use.
 */
export interface BvhLayout {
  readonly name: string;
  readonly bytesPerNode: number;
  pack(tree: BvhTree): ArrayBuffer;
  readonly fragment: ShaderFragment;
  /** The same with counters; for measuring. */
  readonly countingFragment: ShaderFragment;
}
