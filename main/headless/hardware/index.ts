import { cpus } from 'node:os';
import type { Systeminformation } from 'systeminformation';
import type { AdapterDescription, BenchmarkResult } from '../../../worker/messages.ts';
import type { GpuWorker } from '../../node/gpu-worker.ts';
import { matchCard } from './match-card.ts';
import { errorText } from '../../../protocol/errors.ts';

/** What the operating system's tools say of a card; null where they do not say, which is common without a vendor tool. */
export interface GraphicsCard {
  readonly name: string;
  readonly vendor: string;
  readonly memoryBytes: number | null;
  readonly memoryUsedBytes: number | null;
  readonly driverVersion: string | null;
  readonly temperatureCelsius: number | null;
  readonly loadPercent: number | null;
  readonly powerWatts: number | null;
  readonly powerLimitWatts: number | null;
}

export interface HardwareReport {
  readonly adapter: AdapterDescription;
  readonly card: GraphicsCard | null;
  /** A sentence when `card` is null. */
  readonly cardMissing: string | null;
  /** What a software adapter computes on. */
  readonly processor: string;
  /** Measured on this adapter just now; null when it was not asked for. */
  readonly benchmark: BenchmarkResult | null;
}

export type ReadGraphics = () => Promise<Pick<Systeminformation.GraphicsData, 'controllers'>>;

export interface HardwareOptions {
  /** Vendor tools can hang on a broken driver; after this the report goes out without them. */
  readonly deadlineMs?: number;
  readonly readGraphics?: ReadGraphics;
}

const defaultDeadlineMs = 5000;
const bytesPerMegabyte = 1024 * 1024;

async function readSystemGraphics(): ReturnType<ReadGraphics> {
  // Brought in when asked for: the package takes a moment to load and only doctor, bench and the sensors need it.
  const { graphics } = await import('systeminformation');
  return graphics();
}

/** Reads the card behind an adapter; never throws, and answers within the deadline. Cheap enough to poll every few seconds. */
export async function readCard(
  adapter: AdapterDescription,
  options: HardwareOptions = {},
): Promise<Pick<HardwareReport, 'card' | 'cardMissing'>> {
  if (adapter.isSoftware)
    return { card: null, cardMissing: 'a software adapter has no card: it computes on the processor' };
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  const { promise: expired, resolve: expire } = Promise.withResolvers<null>();
  const timer = setTimeout(() => expire(null), deadlineMs);
  try {
    const read = (options.readGraphics ?? readSystemGraphics)();
    // After the deadline nobody waits for it.
    read.catch(() => {});
    const graphics = await Promise.race([read, expired]);
    if (graphics === null)
      return { card: null, cardMissing: `the system's tools did not answer within ${deadlineMs} ms` };
    const controller = matchCard(adapter, graphics.controllers);
    if (controller !== undefined) return { card: describeController(controller), cardMissing: null };
    const names = graphics.controllers.map(({ vendor, model }) => `${vendor} ${model}`.trim()).join(', ');
    return {
      card: null,
      cardMissing: `the system's tools list no card that fits ${adapter.description || adapter.device} (${names || 'none'})`,
    };
  } catch (error) {
    const words = errorText(error);
    return { card: null, cardMissing: `the system's tools failed: ${words}` };
  } finally {
    clearTimeout(timer);
  }
}

/** Adapter, card and, when asked, a measurement (about half a second on the GPU). Rejects only when the measurement does. */
export async function detectHardware(
  worker: GpuWorker,
  adapter: AdapterDescription,
  options: HardwareOptions & { readonly benchmark?: boolean } = {},
): Promise<HardwareReport> {
  const [reading, benchmark] = await Promise.all([
    readCard(adapter, options),
    options.benchmark === true ? worker.call('benchmark', {}, { timeoutMs: 60_000 }) : null,
  ]);
  return { adapter, ...reading, processor: cpus()[0]?.model.trim() ?? 'unknown', benchmark };
}

function describeController(controller: Systeminformation.GraphicsControllerData): GraphicsCard {
  return {
    name: controller.name || controller.model,
    vendor: controller.vendor,
    memoryBytes: megabytes(controller.memoryTotal) ?? megabytes(controller.vram),
    memoryUsedBytes: megabytes(controller.memoryUsed),
    driverVersion: controller.driverVersion || null,
    temperatureCelsius: known(controller.temperatureGpu),
    loadPercent: known(controller.utilizationGpu),
    powerWatts: known(controller.powerDraw),
    powerLimitWatts: known(controller.powerLimit),
  };
}

/** Tools say -1, 0 or nothing for a size they do not know. */
function megabytes(value: number | null | undefined): number | null {
  return typeof value === 'number' && value > 0 ? value * bytesPerMegabyte : null;
}

function known(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
