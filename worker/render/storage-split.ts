import { type StorageKind, type StorageSplit, storageKinds } from './library/scene-data.ts';
import { SceneError } from './scene/scene-error.ts';

export interface BindingLimits {
  /** Of one binding. */
  readonly bindingBytes: number;
  readonly storageBuffers: number;
}

/** Storage buffers that the path tracer binds when every kind fits one: the scene's seven and the film. */
const fewestBuffers = 8;

export function bindingLimitsOf({ limits }: GPUDevice): BindingLimits {
  return {
    bindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
  };
}

/**
 * Over how many buffers each kind has to lie.
 *
 * @throws SceneError when they are more than a shader may bind here.
 */
export function planSplit(sizes: Readonly<Record<StorageKind, number>>, limits: BindingLimits): StorageSplit {
  const kinds = Object.entries(storageKinds).map(([kind, { elementBytes }]) => {
    const elementsPerPart = Math.floor(limits.bindingBytes / elementBytes);
    const elements = sizes[kind as StorageKind] / elementBytes;
    return [kind, { parts: Math.max(1, Math.ceil(elements / elementsPerPart)), elementsPerPart }] as const;
  });
  const needed = kinds.reduce((sum, [, { parts }]) => sum + parts - 1, fewestBuffers);
  if (needed <= limits.storageBuffers) return Object.fromEntries(kinds) as unknown as StorageSplit;
  const bytes = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  throw new SceneError(
    'limit-exceeded',
    `the scene's ${bytes} bytes of GPU memory need ${needed} buffers of at most ${limits.bindingBytes} bytes; a shader binds at most ${limits.storageBuffers} here`,
    { field: 'meshes', value: needed, limit: limits.storageBuffers },
  );
}
