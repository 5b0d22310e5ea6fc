import { create, globals } from 'webgpu';
import {
  type AdapterCandidate,
  AdapterError,
  chooseAdapter,
  isSoftwareName,
  type ParsedAdapterChoice,
  parseAdapterChoice,
  type SoftwareAdapterName,
} from '../gpu/adapter-choice.ts';
import { describeAdapter, openDevice } from '../gpu/open-device.ts';
import type { AdapterChoice, AdapterDescription } from '../messages.ts';
import { pollPatiently } from './patient-polling.ts';
import { findLavapipe, type SoftwareAdapter, unpackSwiftShader, useSoftwareAdapter } from './software-adapter.ts';
import { errorText } from '../../protocol/errors.ts';

export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly description: AdapterDescription;
}

/**
 * Toggles with a reason each. Robustness and the integer polyfills stay on: they are what keeps a wrong index inside its
 * buffer, and their cost has to be measured per adapter before it is taken.
 * - disable_workgroup_init: no shader of ours reads workgroup memory that it has not written (a stranger's shader never runs
 *   here), and the generated loops that zero it take software adapters seconds to compile.
 * - allow_unsafe_apis: subgroup matrices and timestamps inside passes, where the adapter has them.
 * - vulkan_enable_f16_on_nvidia: without it Dawn hides shader-f16 on NVIDIA cards under Vulkan.
 * - timestamp_quantization off: 100 microsecond steps hide single kernels.
 */
const dawnOptions: readonly string[] = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init',
  'disable-dawn-features=timestamp_quantization',
];

/** Dawn aborts the process when an object made by `create` is collected. */
const keptInstances: GPU[] = [];

function createInstance(extra: readonly string[] = []): GPU {
  if (!('GPUBufferUsage' in globalThis)) Object.assign(globalThis, globals);
  pollPatiently();
  Object.assign(globalThis, { hearthGpuInstances: keptInstances });
  const instance = create([...dawnOptions, ...extra]);
  keptInstances.push(instance);
  return instance;
}

/** Every adapter the drivers list, in their order. Dawn in Node tells them only when asked for one that does not exist. */
export async function listAdapters(): Promise<AdapterCandidate[]> {
  try {
    await createInstance(['adapter=:none:']).requestAdapter();
  } catch (error) {
    const text = errorText(error);
    return [...text.matchAll(/\* backend: '([^']*)', name: '([^\n]*)'/g)].map((match) => ({
      backend: match[1] ?? '',
      name: match[2] ?? '',
    }));
  }
  return [];
}

/**
 * Opens a device on the adapter of the owner's choice. A software choice changes this process's Vulkan variables.
 *
 * @throws AdapterError NO_ADAPTER, SOFTWARE_ONLY or DEVICE_REFUSED.
 */
export async function openDawnDevice(choice: AdapterChoice, dataDirectory: string): Promise<OpenedDevice> {
  const parsed = parseAdapterChoice(choice);
  return parsed.kind === 'software' ? openSoftware(parsed, dataDirectory) : openListed(parsed);
}

async function openListed(choice: ParsedAdapterChoice): Promise<OpenedDevice> {
  const candidates = await listAdapters();
  const candidate = chooseAdapter(choice, candidates);
  const realCount = candidates.filter(({ name }) => !isSoftwareName(name)).length;
  if (choice.kind === 'real' && realCount > 1) {
    // Several cards: let Dawn rank them, a discrete one before an integrated one.
    const ranked = await createInstance().requestAdapter({ powerPreference: 'high-performance' });
    if (ranked !== null) {
      const description = describeAdapter(ranked, candidate.backend);
      if (!description.isSoftware) return { device: await openDevice(ranked, 'hearth'), description };
    }
  }
  return openCandidate(candidate);
}

async function openCandidate(candidate: AdapterCandidate): Promise<OpenedDevice> {
  const gpu = createInstance([`backend=${candidate.backend}`, `adapter=${candidate.name}`]);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) {
    throw new AdapterError('NO_ADAPTER', `the driver lists ${candidate.name} but does not open it`, {
      data: { name: candidate.name, backend: candidate.backend },
    });
  }
  return { device: await openDevice(adapter, 'hearth'), description: describeAdapter(adapter, candidate.backend) };
}

type SoftwareChoice = ParsedAdapterChoice & { kind: 'software' };

/** Lavapipe before SwiftShader, as it is about twenty times faster and has 16-bit floats; HEARTH_SOFTWARE_ADAPTER forces one. */
async function openSoftware(choice: SoftwareChoice, dataDirectory: string): Promise<OpenedDevice> {
  const only = choice.only ?? readForcedName();
  const failures: string[] = [];
  const attempts: [SoftwareAdapterName, () => Promise<SoftwareAdapter | null>][] = [
    ['lavapipe', () => Promise.resolve(findLavapipe())],
    ['swiftshader', () => unpackSwiftShader(dataDirectory)],
  ];
  for (const [name, find] of attempts) {
    if (only !== null && only !== name) continue;
    try {
      const adapter = await find();
      if (adapter === null) {
        failures.push(`${name} is not installed`);
        continue;
      }
      useSoftwareAdapter(adapter);
      return await openCandidate(chooseAdapter({ kind: 'software', only: name }, await listAdapters()));
    } catch (error) {
      failures.push(`${name}: ${errorText(error)}`);
    }
  }
  if (only === null && process.platform !== 'linux') return openListed(choice);
  throw new AdapterError('NO_ADAPTER', `no software adapter works: ${failures.join('; ')}`, {
    data: { tried: failures.length },
  });
}

function readForcedName(): SoftwareAdapterName | null {
  const value = process.env['HEARTH_SOFTWARE_ADAPTER'];
  if (value === undefined || value === '') return null;
  if (value === 'lavapipe' || value === 'swiftshader') return value;
  throw new AdapterError('NO_ADAPTER', `HEARTH_SOFTWARE_ADAPTER is "${value}"; it can be lavapipe or swiftshader`, {
    data: { value },
  });
}
