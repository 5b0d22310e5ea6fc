import type { EnvironmentMap } from './environment-map.ts';

/** Stands in where a scene has no environment map: a binding must exist, but the shader never reads it. */
const nothing: EnvironmentMap = {
  sideTexels: 1,
  texels: new Float32Array(4),
  shares: new Float32Array(2),
  totalLuminance: 0,
};

/** Radiance and densities as rgba32float, cumulative shares as rg32float: formats that every adapter reads exactly. */
export function createEnvironmentTextures(device: GPUDevice, map: EnvironmentMap = nothing): [GPUTexture, GPUTexture] {
  return [
    upload(device, 'render.environmentTexels', 'rgba32float', map.sideTexels, map.texels, 16),
    upload(device, 'render.environmentShares', 'rg32float', map.sideTexels, map.shares, 8),
  ];
}

function upload(
  device: GPUDevice,
  label: string,
  format: GPUTextureFormat,
  side: number,
  data: Float32Array<ArrayBuffer>,
  texelBytes: number,
): GPUTexture {
  // COPY_DST 0x2 | TEXTURE_BINDING 0x4.
  const texture = device.createTexture({ label, format, size: [side, side], usage: 0x02 | 0x04 });
  device.queue.writeTexture({ texture }, data, { bytesPerRow: side * texelBytes }, [side, side]);
  return texture;
}
