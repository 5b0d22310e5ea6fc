import { readBuffer, uploadStorageBuffer } from '../gpu/buffers.ts';
import { createDenoiseKernel } from './kernels/denoise.ts';

/** Taps of the last step are 16 pixels apart: light is spread over 61 x 61 pixels. */
const steps = 5;
/** Below it an albedo says nothing about the light that falls on a surface. */
const darkestAlbedo = 0.02;

/** A finished picture with what the filter is guided by; row-major. */
export interface NoisyPicture {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** 4 per pixel: mean linear R, G, B and the variance of the mean's luminance. */
  readonly color: Float32Array<ArrayBuffer>;
  /** 8 per pixel: albedo, depth, normal, share of samples that hit something. */
  readonly guides: Float32Array<ArrayBuffer>;
}

/**
 * Smooths the light of a picture, not its textures, nor over edges: the picture is divided by its albedo, filtered, and
 * multiplied by it again. Values that are not finite count as 0. Returns linear R, G, B, 4 per pixel with an unused fourth.
 */
export async function denoise(device: GPUDevice, picture: NoisyPicture): Promise<Float32Array<ArrayBuffer>> {
  const { widthPixels, heightPixels, color, guides } = picture;
  const light = color.map((value, index) => {
    const scaled = value / albedoFactor(guides, index);
    return Number.isFinite(scaled) ? scaled : 0;
  });
  const pictures = [
    uploadStorageBuffer(device, 'render.denoise.a', light),
    uploadStorageBuffer(device, 'render.denoise.b', light),
  ] as const;
  const guideBuffer = uploadStorageBuffer(device, 'render.denoise.guides', guides);
  const kernel = await createDenoiseKernel(device, { widthPixels, heightPixels, pictures, guides: guideBuffer }, steps);
  const encoder = device.createCommandEncoder({ label: 'render.denoise' });
  const pass = encoder.beginComputePass({ label: 'render.denoise' });
  kernel.run(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const smooth = new Float32Array(await readBuffer(device, kernel.result, light.byteLength));
  kernel.destroy();
  for (const buffer of [...pictures, guideBuffer]) buffer.destroy();
  return smooth.map((value, index) => value * albedoFactor(guides, index));
}

/** What a number of the picture is divided by; the variance by the square of the albedo's luminance. */
function albedoFactor(guides: Float32Array, index: number): number {
  const pixel = index >> 2;
  // What was not hit is its own light.
  const at = (channel: number) => {
    const share = guides[pixel * 8 + 7] as number;
    return Math.max(darkestAlbedo, (guides[pixel * 8 + channel] as number) * share + 1 - share);
  };
  if ((index & 3) < 3) return at(index & 3);
  return (0.2126 * at(0) + 0.7152 * at(1) + 0.0722 * at(2)) ** 2;
}
