import code from '../../shaders/gpu/benchmark.wgsl?raw';
import type { BenchmarkResult } from '../messages.ts';
import { createStorageBuffer } from './buffers.ts';
import { createComputePipeline } from './pipelines.ts';

const settingsBytes = 16;
const bytesPerElement = 16;
const workgroupWidth = 256;
const flopsPerRound = 8 * 4 * 2;
/** Long enough to drown the host's own latency, short enough for a desktop and for a software adapter. */
const targetMs = 25;
const repetitions = 3;
/** Past every cache of today's cards (50 MB on the largest); a software adapter gets the small one. */
const bufferBytes = { small: 16 * 1024 * 1024, large: 256 * 1024 * 1024 } as const;
const largeBufferFromBytesPerSecond = 60e9;

type EntryPoint = 'copy' | 'multiply_add' | 'nothing';

interface Load {
  readonly entryPoint: EntryPoint;
  readonly workgroups: number;
  /** Written to the settings buffer before a run of `amount`. */
  settings(amount: number): readonly number[];
  /** Dispatches for `amount`; what grows until the time is long enough is either these or the rounds inside one. */
  dispatches(amount: number): number;
}

/**
 * Measures memory copy (bytes read plus bytes written), f32 multiply-add rate and the gap between dependent dispatches on
 * this device. Each grows its work until one submission takes about 25 ms, then takes the best of three; a few hundred
 * milliseconds in all, on fast and slow adapters alike. `nowMs` is the host's monotonic clock.
 */
export async function runBenchmark(device: GPUDevice, nowMs: () => number): Promise<BenchmarkResult> {
  const started = nowMs();
  const rehearsal = await measureCopy(device, nowMs, bufferBytes.small);
  const largest = Math.min(bufferBytes.large, device.limits.maxStorageBufferBindingSize);
  const copyBytesPerSecond =
    rehearsal >= largeBufferFromBytesPerSecond ? await measureCopy(device, nowMs, largest) : rehearsal;

  const bench = await openBench(device, nowMs, 4096, ['multiply_add', 'nothing']);
  try {
    const workgroups = Math.min(4096, device.limits.maxComputeWorkgroupsPerDimension);
    // A software adapter needs few invocations to be busy, a large card needs a million; rounds adapt, so start small.
    const few = await bench.measure(multiplyAdd(64));
    const flops = (rate: number, groups: number): number => rate * groups * workgroupWidth * flopsPerRound;
    const many = flops(few, 64) > 200e9 ? await bench.measure(multiplyAdd(workgroups)) : 0;
    const dispatchesPerSecond = await bench.measure({
      entryPoint: 'nothing',
      workgroups: 1,
      settings: () => [1, 1, 1, 0],
      dispatches: (amount) => amount,
    });
    return {
      copyBytesPerSecond,
      multiplyAddFlopsPerSecond: Math.max(flops(few, 64), flops(many, workgroups)),
      dispatchMicroseconds: 1e6 / dispatchesPerSecond,
      durationMs: nowMs() - started,
    };
  } finally {
    bench.destroy();
  }
}

function multiplyAdd(workgroups: number): Load {
  return {
    entryPoint: 'multiply_add',
    workgroups,
    settings: (amount) => [1, amount, 1, 0],
    dispatches: () => 1,
  };
}

async function measureCopy(device: GPUDevice, nowMs: () => number, sizeBytes: number): Promise<number> {
  const bench = await openBench(device, nowMs, sizeBytes, ['copy']);
  try {
    const count = Math.floor(sizeBytes / bytesPerElement);
    const workgroups = Math.min(Math.ceil(count / workgroupWidth), 16384);
    const copiesPerSecond = await bench.measure({
      entryPoint: 'copy',
      workgroups,
      settings: () => [count, 1, workgroups * workgroupWidth, 0],
      dispatches: (amount) => amount,
    });
    return copiesPerSecond * sizeBytes * 2;
  } finally {
    bench.destroy();
  }
}

interface Bench {
  /** Units of `amount` per second. */
  measure(load: Load): Promise<number>;
  destroy(): void;
}

async function openBench(
  device: GPUDevice,
  nowMs: () => number,
  sizeBytes: number,
  entryPoints: readonly EntryPoint[],
): Promise<Bench> {
  const settings = createStorageBuffer(device, 'gpu.benchmark.settings', settingsBytes);
  const source = createStorageBuffer(device, 'gpu.benchmark.source', sizeBytes);
  const destination = createStorageBuffer(device, 'gpu.benchmark.destination', sizeBytes);
  const buffers = [settings, source, destination];
  const used: Readonly<Record<EntryPoint, readonly number[]>> = {
    copy: [0, 1, 2],
    multiply_add: [0, 1, 2],
    nothing: [0, 2],
  };
  const compiled = await Promise.all(
    entryPoints.map(async (entryPoint) => {
      const pipeline = await createComputePipeline(device, {
        label: `gpu.benchmark.${entryPoint}`,
        code,
        entryPoint,
        ...(entryPoint === 'nothing' ? {} : { constants: { workgroup_width: workgroupWidth } }),
      });
      const bindGroup = device.createBindGroup({
        label: `gpu.benchmark.${entryPoint}`,
        layout: pipeline.getBindGroupLayout(0),
        entries: used[entryPoint].flatMap((binding) => {
          const buffer = buffers[binding];
          return buffer === undefined ? [] : [{ binding, resource: { buffer } }];
        }),
      });
      return [entryPoint, { pipeline, bindGroup }] as const;
    }),
  );
  const programs = new Map(compiled);

  async function time(load: Load, amount: number): Promise<number> {
    const program = programs.get(load.entryPoint);
    if (program === undefined) throw new RangeError(`${load.entryPoint} is not part of this bench`);
    device.queue.writeBuffer(settings, 0, new Uint32Array(load.settings(amount)));
    const encoder = device.createCommandEncoder({ label: 'gpu.benchmark' });
    const pass = encoder.beginComputePass({ label: `gpu.benchmark.${load.entryPoint}` });
    pass.setPipeline(program.pipeline);
    pass.setBindGroup(0, program.bindGroup);
    for (let index = load.dispatches(amount); index > 0; index--) pass.dispatchWorkgroups(load.workgroups);
    pass.end();
    const commands = encoder.finish();
    const started = nowMs();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    return nowMs() - started;
  }

  return {
    async measure(load) {
      let amount = 1;
      // The first run holds the driver's compiling; it is not a measurement.
      await time(load, amount);
      let elapsedMs = await time(load, amount);
      while (elapsedMs < targetMs && amount < 2 ** 24) {
        amount *= elapsedMs < targetMs / 8 ? 4 : 2;
        elapsedMs = await time(load, amount);
      }
      let bestMs = elapsedMs;
      for (let index = 1; index < repetitions; index++) bestMs = Math.min(bestMs, await time(load, amount));
      return (amount / bestMs) * 1000;
    },
    destroy() {
      for (const buffer of buffers) buffer.destroy();
    },
  };
}
