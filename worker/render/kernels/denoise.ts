import code from '../../../shaders/render/denoise.wgsl?raw';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import { assembleShader } from '../library/shader-fragment.ts';
import { vectorMath } from '../library/vector-math.ts';

const workgroupSide = 8;

export interface DenoiseBuffers {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** 16 bytes per pixel each; the first holds the picture, and both are written in turn. */
  readonly pictures: readonly [GPUBuffer, GPUBuffer];
  /** 32 bytes per pixel. */
  readonly guides: GPUBuffer;
}

export interface DenoiseKernel {
  /** Filters with taps 1, 2, 4 ... pixels apart, a dispatch each. */
  run(pass: GPUComputePassEncoder): void;
  /** Which of the two pictures holds the result. */
  readonly result: GPUBuffer;
  destroy(): void;
}

/** `steps` passes of `shaders/render/denoise.wgsl` over a whole picture. */
export async function createDenoiseKernel(
  device: GPUDevice,
  { widthPixels, heightPixels, pictures, guides }: DenoiseBuffers,
  steps: number,
): Promise<DenoiseKernel> {
  const label = 'render.denoise';
  const shader = assembleShader({ name: 'denoise', code, requires: [vectorMath] });
  const pipeline = await createComputePipeline(device, { label, code: shader, entryPoint: 'main' });
  const settings = Array.from({ length: steps }, (_, index) => {
    // UNIFORM 0x40 | COPY_DST 0x8.
    const buffer = device.createBuffer({ label: `${label}.settings`, size: 16, usage: 0x40 | 0x08 });
    device.queue.writeBuffer(buffer, 0, Uint32Array.of(widthPixels, heightPixels, 2 ** index, 0));
    return buffer;
  });
  const groups = settings.map((own, index) => {
    const buffers = [own, pictures[(index % 2) as 0 | 1], guides, pictures[((index + 1) % 2) as 0 | 1]];
    return device.createBindGroup({
      label: `${label}.${index}`,
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  });
  return {
    result: pictures[(steps % 2) as 0 | 1],
    run(pass) {
      pass.setPipeline(pipeline);
      for (const group of groups) {
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(Math.ceil(widthPixels / workgroupSide), Math.ceil(heightPixels / workgroupSide));
      }
    },
    destroy() {
      for (const buffer of settings) buffer.destroy();
    },
  };
}
