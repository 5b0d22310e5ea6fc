import type { AdapterDescription } from '../messages.ts';
import { AdapterError, isSoftwareAdapter } from './adapter-choice.ts';
import { errorText } from '../../protocol/errors.ts';

/** Used when the adapter has them; every kernel has a variant without. */
const wantedFeatures: readonly string[] = [
  'shader-f16',
  'subgroups',
  'timestamp-query',
  'chromium-experimental-subgroup-matrix',
];

/**
 * Opens a device with the adapter's own maxima: the defaults (128 MiB per binding, 8 storage buffers) are far below what
 * a model needs. Larger limits cost nothing until they are used.
 *
 * @throws AdapterError DEVICE_REFUSED with the driver's own words.
 */
export async function openDevice(adapter: GPUAdapter, label: string): Promise<GPUDevice> {
  const requiredFeatures = wantedFeatures.filter((name) => adapter.features.has(name)) as GPUFeatureName[];
  const requiredLimits = Object.fromEntries(
    Object.entries(readLimits(adapter)).filter(([name]) => name.startsWith('max')),
  );
  try {
    return await adapter.requestDevice({ label, requiredFeatures, requiredLimits });
  } catch (error) {
    const words = errorText(error);
    throw new AdapterError('DEVICE_REFUSED', `the driver of ${adapter.info.description} refused a device: ${words}`, {
      data: { adapter: adapter.info.description },
      cause: error,
    });
  }
}

/** What may be shown and sent: names, features and limits of the adapter, without opening anything. */
export function describeAdapter(adapter: GPUAdapter, backend: string): AdapterDescription {
  const { info } = adapter;
  const minimum = info.subgroupMinSize ?? 0;
  const maximum = info.subgroupMaxSize ?? 0;
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    isSoftware: isSoftwareAdapter(info),
    backend,
    features: [...adapter.features].toSorted(),
    limits: readLimits(adapter),
    subgroupSize: adapter.features.has('subgroups') && maximum > 0 ? { minimum, maximum } : null,
  };
}

/** Limits are getters on the prototype, so neither spread nor Object.keys sees them. */
function readLimits(adapter: GPUAdapter): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value: unknown = Reflect.get(adapter.limits, name);
    if (typeof value === 'number') limits[name] = value;
  }
  return limits;
}
