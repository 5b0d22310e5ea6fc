import { override } from './override.ts';
import { ProfileError } from './profile-error.ts';
import { openSplitPass, type DispatchRecord } from './split-pass.ts';
import { TimestampLog } from './timestamp-log.ts';

/** What was done on the device since the last `reset`. */
export interface DeviceCounts {
  readonly dispatches: number;
  readonly submits: number;
  readonly buffersCreated: number;
  readonly bindGroupsCreated: number;
  readonly queueWrites: number;
  /** Copied into buffers that the host maps for reading. */
  readonly readBackBytes: number;
  /** From the creation of an encoder to the return of its submit: recording and the driver's share on this thread. */
  readonly hostMs: number;
}

/** A buffer as a bind group holds it. */
export interface BoundBuffer {
  readonly buffer: GPUBuffer;
  readonly label: string;
  readonly sizeBytes: number;
}

export interface DispatchTime {
  readonly label: string;
  readonly nanoseconds: number;
  readonly buffers: readonly BoundBuffer[];
}

/**
 * How closely the commands are watched. `host` leaves encoders alone, so that the clock sees the real cost; `commands` counts
 * them; `timestamps` gives each dispatch a pass of its own between two timestamps.
 */
export type WatchLevel = 'host' | 'commands' | 'timestamps';

/**
 * A device that looks like the real one to whatever is measured, and counts. Only benchmarks and profiles make one: normal work
 * gets the real device and pays nothing. Starts at `host`.
 */
export class InstrumentedDevice {
  /** To be given to loaders in place of the real device. */
  readonly device: GPUDevice;
  readonly #real: GPUDevice;
  readonly #nowMs: () => number;
  readonly #boundBuffers = new WeakMap<GPUBindGroup, readonly BoundBuffer[]>();
  readonly #readBackBuffers = new WeakSet<GPUBuffer>();
  readonly #encoderStartedMs = new WeakMap<GPUCommandBuffer, number>();
  readonly #timestamps: TimestampLog;
  #level: WatchLevel = 'host';
  #counts = emptyCounts();
  #dispatches: DispatchRecord[] = [];

  constructor(real: GPUDevice, nowMs: () => number) {
    this.#real = real;
    this.#nowMs = nowMs;
    this.#timestamps = new TimestampLog(real);
    const queue = override(real.queue, {
      submit: (commands): undefined => this.#submit([...commands]),
      writeBuffer: (...parameters: Parameters<GPUQueue['writeBuffer']>): undefined => {
        this.#counts.queueWrites += 1;
        real.queue.writeBuffer(...parameters);
      },
    });
    this.device = override(real, {
      queue,
      createBuffer: (descriptor) => this.#createBuffer(descriptor),
      createBindGroup: (descriptor) => this.#createBindGroup(descriptor),
      createCommandEncoder: (descriptor) => this.#createEncoder(descriptor),
    });
  }

  /** Changes what is watched and begins anew. @throws ProfileError NO_TIMESTAMP_QUERY */
  reset(level: WatchLevel): void {
    if (level === 'timestamps' && !this.#real.features.has('timestamp-query')) {
      throw new ProfileError(
        'NO_TIMESTAMP_QUERY',
        'this adapter cannot time its kernels: its device has no timestamp-query',
        { data: { feature: 'timestamp-query' } },
      );
    }
    this.#level = level;
    this.#counts = emptyCounts();
    this.#dispatches = [];
    this.#timestamps.destroy();
  }

  get counts(): DeviceCounts {
    return { ...this.#counts };
  }

  /** Every dispatch since `reset('timestamps')`, in order, once the device has done them. Falls back to `host` afterwards. */
  async takeTimes(): Promise<DispatchTime[]> {
    const durations = await this.#timestamps.read();
    const times = this.#dispatches.map(({ label, bindGroup }, index) => ({
      label,
      nanoseconds: durations[index] ?? 0,
      buffers: (bindGroup === null ? undefined : this.#boundBuffers.get(bindGroup)) ?? [],
    }));
    this.reset('host');
    return times;
  }

  #createBuffer(descriptor: GPUBufferDescriptor): GPUBuffer {
    const buffer = this.#real.createBuffer(descriptor);
    this.#counts.buffersCreated += 1;
    // MAP_READ 0x1.
    if ((descriptor.usage & 0x01) !== 0) this.#readBackBuffers.add(buffer);
    return buffer;
  }

  #createBindGroup(descriptor: GPUBindGroupDescriptor): GPUBindGroup {
    const group = this.#real.createBindGroup(descriptor);
    this.#counts.bindGroupsCreated += 1;
    this.#boundBuffers.set(
      group,
      [...descriptor.entries].flatMap(({ resource }) => {
        if (!('buffer' in resource)) return [];
        const { buffer, offset = 0, size } = resource;
        return [{ buffer, label: buffer.label, sizeBytes: size ?? buffer.size - offset }];
      }),
    );
    return group;
  }

  #createEncoder(descriptor?: GPUCommandEncoderDescriptor): GPUCommandEncoder {
    const startedMs = this.#nowMs();
    const encoder = this.#real.createCommandEncoder(descriptor);
    const finish = (last?: GPUCommandBufferDescriptor): GPUCommandBuffer => {
      const commands = encoder.finish(last);
      this.#encoderStartedMs.set(commands, startedMs);
      return commands;
    };
    if (this.#level === 'host') return override(encoder, { finish });
    return override(encoder, {
      finish,
      beginComputePass: (pass) => this.#beginPass(encoder, pass),
      copyBufferToBuffer: (...parameters: unknown[]): undefined => {
        this.#countReadBack(parameters);
        Reflect.apply(encoder.copyBufferToBuffer, encoder, parameters);
      },
    });
  }

  #beginPass(encoder: GPUCommandEncoder, descriptor?: GPUComputePassDescriptor): GPUComputePassEncoder {
    if (this.#level === 'timestamps') {
      return openSplitPass({
        encoder,
        onDispatch: (record) => {
          this.#counts.dispatches += 1;
          this.#dispatches.push(record);
          return this.#timestamps.next();
        },
      });
    }
    const pass = encoder.beginComputePass(descriptor);
    return override(pass, {
      dispatchWorkgroups: (...counts): undefined => {
        this.#counts.dispatches += 1;
        pass.dispatchWorkgroups(...counts);
      },
      dispatchWorkgroupsIndirect: (...source): undefined => {
        this.#counts.dispatches += 1;
        pass.dispatchWorkgroupsIndirect(...source);
      },
    });
  }

  /** (source, destination, size?) or (source, offset, destination, offset, size). */
  #countReadBack(parameters: readonly unknown[]): void {
    const isLong = typeof parameters[1] === 'number';
    const destination = parameters[isLong ? 2 : 1];
    const size = parameters[isLong ? 4 : 2];
    if (typeof destination !== 'object' || destination === null) return;
    const buffer = destination as GPUBuffer;
    if (!this.#readBackBuffers.has(buffer)) return;
    this.#counts.readBackBytes += typeof size === 'number' ? size : buffer.size;
  }

  #submit(commands: readonly GPUCommandBuffer[]): undefined {
    const first = commands[0];
    const startedMs = (first && this.#encoderStartedMs.get(first)) ?? this.#nowMs();
    this.#real.queue.submit(commands);
    this.#counts.submits += 1;
    this.#counts.hostMs += this.#nowMs() - startedMs;
  }
}

function emptyCounts(): { -readonly [Name in keyof DeviceCounts]: number } {
  return {
    dispatches: 0,
    submits: 0,
    buffersCreated: 0,
    bindGroupsCreated: 0,
    queueWrites: 0,
    readBackBytes: 0,
    hostMs: 0,
  };
}
