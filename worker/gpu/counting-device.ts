import { HearthError } from '../../protocol/errors.ts';
import { allocationLedgerOf, type AllocationLedger } from './allocation-ledger.ts';

/** What of an adapter decides how much memory is asked of it. */
export interface AdapterCapabilities {
  readonly limits: Pick<GPUSupportedLimits, LimitName>;
  readonly features: { has(name: string): boolean };
}

type LimitName =
  | 'maxBufferSize'
  | 'maxStorageBufferBindingSize'
  | 'maxUniformBufferBindingSize'
  | 'maxComputeWorkgroupsPerDimension'
  | 'maxStorageBuffersPerShaderStage';

/** What was created or bound is larger than the adapter allows; `data` has neededBytes and availableBytes. */
export class BufferLimitError extends HearthError<'BUFFER_LIMIT'> {}

const nothing = (): undefined => undefined;

/**
 * A device that does nothing but count what is asked of it: loaders run on it to learn what they will allocate, with the very code
 * that allocates. Commands are dropped, shaders are not compiled, buffers have a size and no content.
 *
 * Its createBuffer and createBindGroup throw BufferLimitError where the adapter would refuse.
 */
export function createCountingDevice({ limits, features }: AdapterCapabilities): {
  readonly device: GPUDevice;
  readonly ledger: AllocationLedger;
} {
  const pass = {
    setPipeline: nothing,
    setBindGroup: nothing,
    dispatchWorkgroups: nothing,
    end: nothing,
  };
  const encoder = {
    beginComputePass: () => pass,
    copyBufferToBuffer: nothing,
    finish: () => ({}),
  };
  const device = {
    limits,
    features,
    queue: {
      writeBuffer: nothing,
      writeTexture: nothing,
      submit: nothing,
      onSubmittedWorkDone: () => Promise.resolve(),
    },
    createBuffer({ label = 'a buffer', size, usage }: GPUBufferDescriptor) {
      if (size > limits.maxBufferSize) refuse(label, size, limits.maxBufferSize);
      return { label, size, usage, destroy: nothing };
    },
    createTexture({ label = 'a texture', format, size }: GPUTextureDescriptor) {
      const [width = 1, height = 1, depthOrArrayLayers = 1] = Array.isArray(size) ? (size as readonly number[]) : [];
      return { label, format, width, height, depthOrArrayLayers, createView: () => ({}), destroy: nothing };
    },
    createBindGroup({ entries }: GPUBindGroupDescriptor) {
      for (const { resource } of entries) {
        if (!('buffer' in resource)) continue;
        const { buffer, offset = 0, size = buffer.size - offset } = resource;
        // UNIFORM 0x40.
        const isUniform = (buffer.usage & 0x40) !== 0;
        const limit = isUniform ? limits.maxUniformBufferBindingSize : limits.maxStorageBufferBindingSize;
        if (size > limit) refuse(`the binding of ${buffer.label}`, size, limit);
      }
      return {};
    },
    createShaderModule: () => ({}),
    createComputePipelineAsync: () => Promise.resolve({ getBindGroupLayout: () => ({}) }),
    createCommandEncoder: () => encoder,
    pushErrorScope: nothing,
    popErrorScope: () => Promise.resolve(null),
    destroy: nothing,
    // The members that loaders use; the test that compares a load with its estimate fails when one is missing.
  } as unknown as GPUDevice;
  return { device, ledger: allocationLedgerOf(device) };
}

function refuse(what: string, neededBytes: number, availableBytes: number): never {
  throw new BufferLimitError(
    'BUFFER_LIMIT',
    `${what} takes ${neededBytes} bytes, but the adapter allows at most ${availableBytes}`,
    { data: { neededBytes, availableBytes } },
  );
}
