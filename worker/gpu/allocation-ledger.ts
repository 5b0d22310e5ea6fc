/** Bytes of GPU memory that were asked of one device, as the descriptors say; what a driver adds for itself is not known here. */
export interface AllocationCounts {
  /** Created and not yet destroyed. */
  readonly liveBytes: number;
  readonly liveCount: number;
  /** The most that was live at once since the device was opened, or since `resetPeak`. */
  readonly peakBytes: number;
  /** The largest single allocation so far. */
  readonly largestBytes: number;
}

/** Counts the buffers and textures of a device. Costs something where memory is created or destroyed, and nothing elsewhere. */
export class AllocationLedger {
  #live = 0;
  #count = 0;
  #peak = 0;
  #largest = 0;

  get counts(): AllocationCounts {
    return { liveBytes: this.#live, liveCount: this.#count, peakBytes: this.#peak, largestBytes: this.#largest };
  }

  resetPeak(): void {
    this.#peak = this.#live;
  }

  /** Notes an allocation; its `destroy` takes it out again, once. */
  note(resource: { destroy(): undefined }, sizeBytes: number): void {
    this.#live += sizeBytes;
    this.#count += 1;
    this.#peak = Math.max(this.#peak, this.#live);
    this.#largest = Math.max(this.#largest, sizeBytes);
    const destroy = resource.destroy.bind(resource);
    let isLive = true;
    resource.destroy = (): undefined => {
      if (isLive) {
        this.#live -= sizeBytes;
        this.#count -= 1;
      }
      isLive = false;
      destroy();
    };
  }
}

const ledgers = new WeakMap<GPUDevice, AllocationLedger>();

/** The ledger of a device, counting from the first time it is asked for. */
export function allocationLedgerOf(device: GPUDevice): AllocationLedger {
  const known = ledgers.get(device);
  if (known !== undefined) return known;
  const ledger = new AllocationLedger();
  ledgers.set(device, ledger);
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    ledger.note(buffer, descriptor.size);
    return buffer;
  };
  const createTexture = device.createTexture.bind(device);
  device.createTexture = (descriptor) => {
    const texture = createTexture(descriptor);
    ledger.note(texture, textureBytes(texture));
    return texture;
  };
  return ledger;
}

/** Bytes of a texel of the formats that the renderer uses. */
const texelBytes: Readonly<Record<string, number>> = { rgba32float: 16, rg32float: 8 };

/** Of the first mip level; 4 bytes a texel where the format is none of ours. */
function textureBytes({ width, height, depthOrArrayLayers, format }: GPUTexture): number {
  return width * height * depthOrArrayLayers * (texelBytes[format] ?? 4);
}
