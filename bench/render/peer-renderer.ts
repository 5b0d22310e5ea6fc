/**
 * three-gpu-pathtracer 0.0.26, its wavefront backend, in plain Node on our device. Settings for parity: no low-resolution
 * preview, no clamping, no glossy filter (both bias the picture), one path slot per pixel, its default sampler.
 */
import type { BenchImage, BenchMesh, BenchScene } from './peer-scene.ts';

export interface PeerRenderer {
  /** Milliseconds from nothing to the first finished sample: set-up, compilation and rendering. */
  readonly firstSampleMs: number;
  /** Renders at least `samples` for every pixel from scratch; resolves when the GPU is done. */
  render(samples: number): Promise<{ averageSamples: number }>;
  /** Linear R, G, B, A float32, rows from the bottom up. */
  read(): Promise<Float32Array>;
}

export async function createPeerRenderer(
  device: GPUDevice,
  benchScene: BenchScene,
  side: number,
): Promise<PeerRenderer> {
  installBrowserParts(device);
  const three = await import('three/webgpu');
  const { WebGPUPathTracer } = await import('three-gpu-pathtracer/webgpu');
  const started = performance.now();
  const renderer = new three.WebGPURenderer({ canvas: fakeCanvas(device, side), device, alpha: true } as never);
  await renderer.init();
  renderer.setClearColor(0x000000, 1);

  const scene = new three.Scene();
  scene.background = new three.Color(0, 0, 0);
  if (benchScene.environment !== undefined) {
    scene.environment = scene.background = environmentOf(three, benchScene.environment);
  }
  const images = benchScene.images.map((image) => textureOf(three, image, three.NoColorSpace));
  const colors = benchScene.images.map((image) => textureOf(three, image, three.SRGBColorSpace));
  for (const mesh of benchScene.meshes) scene.add(meshOf(three, mesh, colors, images));
  const camera = new three.PerspectiveCamera(benchScene.camera.verticalFieldOfViewDegrees, 1, 0.01, 100);
  camera.position.set(...(benchScene.camera.origin as [number, number, number]));

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

type Three = typeof import('three/webgpu');
type Texture = InstanceType<Three['DataTexture']>;

function meshOf(three: Three, mesh: BenchMesh, colors: readonly Texture[], images: readonly Texture[]) {
  const geometry = new three.BufferGeometry();
  geometry.setAttribute('position', new three.Float32BufferAttribute([...mesh.positions], 3));
  geometry.setAttribute('normal', new three.Float32BufferAttribute([...mesh.normals], 3));
  if (mesh.textureCoordinates !== undefined) {
    geometry.setAttribute('uv', new three.Float32BufferAttribute([...mesh.textureCoordinates], 2));
  }
  geometry.setIndex(Array.from({ length: mesh.positions.length / 3 }, (_, vertex) => vertex));
  const surface = new three.MeshStandardMaterial({ roughness: mesh.roughness, metalness: mesh.metallic });
  // In the working space, linear; the constructor would take sRGB.
  surface.color.setRGB(...(mesh.baseColor as [number, number, number]));
  const strength = Math.max(...mesh.emission);
  if (strength > 0) {
    const [red, green, blue] = mesh.emission;
    surface.emissive.setRGB(red / strength, green / strength, blue / strength);
    surface.emissiveIntensity = strength;
  }
  if (mesh.baseColorImage !== undefined) surface.map = colors[mesh.baseColorImage] as Texture;
  if (mesh.metallicRoughnessImage !== undefined) {
    surface.roughnessMap = surface.metalnessMap = images[mesh.metallicRoughnessImage] as Texture;
  }
  return new three.Mesh(geometry, surface);
}

function textureOf(three: Three, { side, pixels }: BenchImage, colorSpace: string): Texture {
  const texture = new three.DataTexture(pixels, side, side);
  texture.colorSpace = colorSpace;
  texture.wrapS = texture.wrapT = three.RepeatWrapping;
  texture.magFilter = texture.minFilter = three.LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

function environmentOf(three: Three, map: NonNullable<BenchScene['environment']>): Texture {
  const { widthPixels, heightPixels, pixels } = map;
  // Half floats, as its own loaders give it: it filters the map, and wide floats cannot be filtered everywhere.
  const data = new Uint16Array(widthPixels * heightPixels * 4);
  for (let pixel = 0; pixel < widthPixels * heightPixels; pixel += 1) {
    // Rows of a texture of data begin at the bottom.
    const row = heightPixels - 1 - Math.floor(pixel / widthPixels);
    const from = (row * widthPixels + (pixel % widthPixels)) * 3;
    data.set([...pixels.subarray(from, from + 3), 1].map(three.DataUtils.toHalfFloat), pixel * 4);
  }
  const texture = new three.DataTexture(data, widthPixels, heightPixels, three.RGBAFormat, three.HalfFloatType);
  texture.mapping = three.EquirectangularReflectionMapping;
  texture.magFilter = texture.minFilter = three.LinearFilter;
  texture.wrapS = three.RepeatWrapping;
  texture.needsUpdate = true;
  return texture;
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
