/** Creates a storage buffer that can be written, copied from and copied to. Sizes are rounded up to 4 bytes, at least 16. */
export function createStorageBuffer(
  device: GPUDevice,
  label: string,
  sizeBytes: number,
  extraUsage: GPUBufferUsageFlags = 0,
): GPUBuffer {
  const size = Math.max(16, Math.ceil(sizeBytes / 4) * 4);
  // Literal flags: STORAGE 0x80 | COPY_DST 0x8 | COPY_SRC 0x4. Dawn in Node has no global GPUBufferUsage.
  return device.createBuffer({ label, size, usage: 0x80 | 0x08 | 0x04 | extraUsage });
}

/** Creates a storage buffer and fills it with `data`. */
export function uploadStorageBuffer(device: GPUDevice, label: string, data: ArrayBufferView<ArrayBuffer>): GPUBuffer {
  const buffer = createStorageBuffer(device, label, data.byteLength);
  if (data.byteLength % 4 === 0) {
    device.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength);
  } else {
    const padded = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    device.queue.writeBuffer(buffer, 0, padded);
  }
  return buffer;
}

/** Copies `sizeBytes` from `buffer` and resolves when the queue got there. For results and tests, never in a hot loop. */
export async function readBuffer(
  device: GPUDevice,
  buffer: GPUBuffer,
  sizeBytes: number,
  offsetBytes = 0,
): Promise<ArrayBuffer> {
  // MAP_READ 0x1 | COPY_DST 0x8.
  const staging = device.createBuffer({ label: `${buffer.label}.readback`, size: sizeBytes, usage: 0x01 | 0x08 });
  try {
    const encoder = device.createCommandEncoder({ label: `${buffer.label}.readback` });
    encoder.copyBufferToBuffer(buffer, offsetBytes, staging, 0, sizeBytes);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(0x01);
    return staging.getMappedRange().slice(0);
  } finally {
    staging.destroy();
  }
}
