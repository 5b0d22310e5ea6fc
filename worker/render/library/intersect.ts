import countNothingCode from '../../../shaders/render/count-nothing.wgsl?raw';
import countTraversalCode from '../../../shaders/render/count-traversal.wgsl?raw';
import code from '../../../shaders/render/intersect.wgsl?raw';
import { coverage } from './coverage.ts';
import { placement, trace } from './instances.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';
import { vectorMath } from './vector-math.ts';

const countNothing: ShaderFragment = { name: 'count-nothing', code: countNothingCode, requires: [] };
/** Defines `visited_nodes` and `tested_triangles`. */
const countTraversal: ShaderFragment = { name: 'count-traversal', code: countTraversalCode, requires: [] };

function intersectWith(counter: ShaderFragment): ShaderFragment {
  return { name: 'intersect', code, requires: [vectorMath, sceneData, placement, coverage, counter] };
}

const plain = intersectWith(countNothing);
const counting = intersectWith(countTraversal);

/** A traversal's text joined with what all traversals share, once for use and once with counters for measuring. */
export interface Traversal {
  readonly fragment: ShaderFragment;
  readonly countingFragment: ShaderFragment;
}

export function traversal(name: string, text: string): Traversal {
  return {
    fragment: { name, code: text, requires: [plain, trace] },
    countingFragment: { name, code: text, requires: [counting, trace] },
  };
}
