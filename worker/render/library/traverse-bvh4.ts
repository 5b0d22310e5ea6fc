import code from '../../../shaders/render/traverse-bvh4.wgsl?raw';
import { type Traversal, traversal } from './intersect.ts';

/** Closest-hit and any-hit traversal of the four-wide tree with boxes of 8 bits. */
export const traverseBvh4: Traversal = traversal('traverse-bvh4', code);
