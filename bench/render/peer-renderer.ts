/**
 * three-gpu-pathtracer 0.0.26, its wavefront backend, in plain Node on our device. Settings for parity: no low-resolution
 * preview, no clamping, no glossy filter (both bias the picture), one path slot per pixel, its default sampler.
 */
import { camera as benchCamera, materials, quads } from './cornell-box.ts';

export interface PeerRenderer {
  /** Milliseconds from nothing to the first finished sample: set-up, compilation and rendering. */
  readonly firstSampleMs: number;
  /** Renders at least `samples` for every pixel from scratch; resolves when the GPU is done. */
  render(samples: number): Promise<{ averageSamples: number }>;
  /** Linear R, G, B, A float32, rows from the bottom up. */
  read(): Promise<Float32Array>;
}

export async function createPeerRenderer(device: GPUDevice, side: number): Promise<PeerRenderer> {
  installBrowserParts(device);
  const three = await import('three/webgpu');
  const { WebGPUPathTracer } = await import('three-gpu-pathtracer/webgpu');
  const started = performance.now();
  const renderer = new three.WebGPURenderer({ canvas: fakeCanvas(device, side), device, alpha: true } as never);
  await renderer.init();
  renderer.setClearColor(0x000000, 1);

  const scene = new three.Scene();
  scene.background = new three.Color(0, 0, 0);
  materials.forEach((material, index) => scene.add(meshOf(three, material, index)));
  const camera = new three.PerspectiveCamera(benchCamera.verticalFieldOfViewDegrees, 1, 0.01, 100);
  camera.position.set(...(benchCamera.origin as [number, number, number]));

  const tracer = new WebGPUPathTracer(renderer);
  tracer.dynamicLowRes = false;
  tracer.renderDelay = 0;
  tracer.fadeDuration = 0;
  tracer.minSamples = 0;
  tracer.clampIndirect = 0;
  tracer.filterGlossyFactor = 0;
  tracer.maxBounces = 8;
  tracer.synchronizeRenderSize = false;
  tracer.frameBudget = side * side;
  tracer.setSize(side, side);
  tracer.setScene(scene, camera);

  async function render(samples: number): Promise<{ averageSamples: number }> {
    tracer.maxSamples = samples;
    tracer.reset();
    for (;;) {
      // Its samples end after several rounds of the wavefront; asking costs a read-back, so not every round is asked.
      for (let round = 0; round < 4; round += 1) tracer.renderSample();
      await device.queue.onSubmittedWorkDone();
      const counts = await tracer.getSampleCountsAsync();
      if (counts.min >= samples) return { averageSamples: counts.avg };
    }
  }

  await render(1);
  const firstSampleMs = performance.now() - started;
  return {
    firstSampleMs,
    render,
    async read() {
      const texture = (renderer.backend as unknown as { get(key: object): { texture: GPUTexture } }).get(
        tracer.target as object,
      ).texture;
      // COPY_DST 0x8 | MAP_READ 0x1.
      const staging = device.createBuffer({ size: side * side * 16, usage: 0x8 | 0x1 });
      const encoder = device.createCommandEncoder();
      encoder.copyTextureToBuffer({ texture }, { buffer: staging, bytesPerRow: side * 16 }, [side, side]);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(1);
      const pixels = new Float32Array(staging.getMappedRange().slice(0));
      staging.destroy();
      return pixels;
    },
  };
}

function meshOf(three: typeof import('three/webgpu'), material: (typeof materials)[number], index: number) {
  const geometry = new three.BufferGeometry();
  const own = quads.filter((quad) => quad.material === index);
  const positions = own.flatMap(({ corners: [a, b, c, d] }) => [a, b, c, a, c, d].flat());
  geometry.setAttribute('position', new three.Float32BufferAttribute(positions, 3));
  geometry.setIndex(Array.from({ length: positions.length / 3 }, (_, vertex) => vertex));
  geometry.computeVertexNormals();
  const surface = new three.MeshStandardMaterial({ roughness: 1, metalness: 0 });
  // In the working space, linear; the constructor would take sRGB.
  surface.color.setRGB(...(material.baseColor as [number, number, number]));
  surface.emissive.setRGB(
    material.emission[0] > 0 ? 1 : 0,
    material.emission[0] > 0 ? 1 : 0,
    material.emission[0] > 0 ? 1 : 0,
  );
  surface.emissiveIntensity = material.emission[0];
  return new three.Mesh(geometry, surface);
}

function installBrowserParts(device: GPUDevice): void {
  const scope = globalThis as unknown as Record<string, unknown>;
  scope['self'] ??= globalThis;
  scope['window'] ??= globalThis;
  scope['requestAnimationFrame'] ??= (callback: (time: number) => void) =>
    setTimeout(() => callback(performance.now()), 16);
  scope['cancelAnimationFrame'] ??= (handle: NodeJS.Timeout) => clearTimeout(handle);
  scope['addEventListener'] ??= () => undefined;
  scope['removeEventListener'] ??= () => undefined;
  if (!('gpu' in navigator)) {
    Object.defineProperty(navigator, 'gpu', { value: { getPreferredCanvasFormat: () => 'bgra8unorm' } });
  }
  scope['document'] ??= {
    createElementNS: () => fakeCanvas(device, 1),
    createElement: () => fakeCanvas(device, 1),
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  };
}

function fakeCanvas(device: GPUDevice, side: number): HTMLCanvasElement {
  let texture: GPUTexture | undefined;
  const context = {
    configure: () => undefined,
    unconfigure: () => undefined,
    getCurrentTexture() {
      // RENDER_ATTACHMENT 0x10 | COPY_SRC 0x1 | TEXTURE_BINDING 0x4.
      texture ??= device.createTexture({ size: [side, side], format: 'bgra8unorm', usage: 0x10 | 0x1 | 0x4 });
      return texture;
    },
  };
  const canvas = {
    width: side,
    height: side,
    clientWidth: side,
    clientHeight: side,
    style: {},
    getContext: () => ({ ...context, canvas }),
    setAttribute: () => undefined,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    getBoundingClientRect: () => ({ left: 0, top: 0, width: side, height: side }),
  };
  return canvas as unknown as HTMLCanvasElement;
}
