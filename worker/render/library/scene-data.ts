import code from '../../../shaders/render/scene-data.wgsl?raw';
import storageCode from '../../../shaders/render/scene-storage.wgsl?raw';
import type { ShaderFragment } from './shader-fragment.ts';

const structures: ShaderFragment = { name: 'scene-data', code, requires: [] };

/** Structures, bindings and accessors of the scene buffers; their bytes are written by `scene-buffers.ts`. */
export const sceneData: ShaderFragment = { name: 'scene-storage', code: storageCode, requires: [structures] };

/** The buffers that grow with the scene, in the order in which their further parts are bound, from binding 10 on. */
export const storageKinds = {
  nodes: { binding: 1, element: 'vec4u', accessor: 'node_quad', elementBytes: 16 },
  triangles: { binding: 2, element: 'Triangle', accessor: 'triangle_at', elementBytes: 48 },
  corners: { binding: 3, element: 'Corners', accessor: 'corners_at', elementBytes: 64 },
  lights: { binding: 5, element: 'Light', accessor: 'light_at', elementBytes: 64 },
  texels: { binding: 9, element: 'u32', accessor: 'texel_word', elementBytes: 4 },
} as const;

export type StorageKind = keyof typeof storageKinds;
export const firstFurtherBinding = 10;

/** Over how many buffers each kind lies, and how many elements each of them but the last holds. */
export type StorageSplit = Readonly<Record<StorageKind, { readonly parts: number; readonly elementsPerPart: number }>>;

/**
 * What takes the place of `scene-storage.wgsl` in the modules of a scene that is larger than the adapter's bindings: accessors
 * with a comparison for each further buffer, of the kinds that need one. Undefined when every kind fits one buffer.
 */
export function splitSceneData(split: StorageSplit): ShaderFragment | undefined {
  if (Object.values(split).every(({ parts }) => parts === 1)) return undefined;
  let next = firstFurtherBinding;
  const kinds = Object.entries(storageKinds).map(([kind, { binding, element, accessor }]) => {
    const { parts, elementsPerPart } = split[kind as StorageKind];
    const names = Array.from({ length: parts }, (_, part) => (part === 0 ? kind : `${kind}_${part}`));
    const bindings = names.map((name, part) => {
      const at = part === 0 ? binding : next++;
      return `@group(0) @binding(${at}) var<storage, read> ${name}: array<${element}>;`;
    });
    const branches = names.slice(0, -1).map((name, part) => {
      const begin = part * elementsPerPart;
      return `  if (index < ${begin + elementsPerPart}u) {\n    return ${name}[index - ${begin}u];\n  }`;
    });
    const rest = `  return ${names.at(-1)}[index - ${(parts - 1) * elementsPerPart}u];`;
    return [...bindings, `fn ${accessor}(index: u32) -> ${element} {`, ...branches, rest, '}'].join('\n');
  });
  return { name: 'scene-storage', code: kinds.join('\n'), requires: [structures] };
}
