import code from '../../../shaders/render/traverse-bvh2.wgsl?raw';
import { type Traversal, traversal } from './intersect.ts';

/** Closest-hit and any-hit traversal of the two-wide tree. */
export const traverseBvh2: Traversal = traversal('traverse-bvh2', code);
