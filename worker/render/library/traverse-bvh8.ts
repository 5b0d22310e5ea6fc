import code from '../../../shaders/render/traverse-bvh8.wgsl?raw';
import { type Traversal, traversal } from './intersect.ts';

/** Closest-hit and any-hit traversal of the eight-wide tree with boxes of 8 bits. */
export const traverseBvh8: Traversal = traversal('traverse-bvh8', code);
