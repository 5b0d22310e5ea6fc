import { bvh2Layout } from './layout-bvh2.ts';
import { bvh4Layout } from './layout-bvh4.ts';
import { bvh8Layout } from './layout-bvh8.ts';
import type { BvhLayout } from './layout.ts';

/** Every layout; the first is the default. */
export const layouts: readonly [BvhLayout, ...BvhLayout[]] = [bvh2Layout, bvh4Layout, bvh8Layout];
