import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

let devicePromise: Promise<GPUDevice> | undefined;

/** One device for a test process, on the adapter named by HEARTH_TEST_ADAPTER or the first software adapter that works. */
export function getTestDevice(): Promise<GPUDevice> {
  devicePromise ??= openDevice();
  return devicePromise;
}

async function openDevice(): Promise<GPUDevice> {
  const gpu = create([]);
  // Dawn aborts the process when this object is collected.
  Object.assign(globalThis, { hearthGpuInstance: gpu });
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('no adapter for tests');
  const { limits, features } = adapter;
  return adapter.requestDevice({
    requiredFeatures: [...features].filter((name) => name === 'shader-f16' || name === 'subgroups') as GPUFeatureName[],
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
}
