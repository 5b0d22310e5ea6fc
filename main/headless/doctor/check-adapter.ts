import { startGpuProcess } from '../gpu-process.ts';
import { detectHardware, type HardwareReport } from '../hardware/index.ts';
import { blocked, type Check, describeError, ok, warning } from './check.ts';

export interface AdapterReport {
  readonly checks: readonly Check[];
  readonly hardware: HardwareReport | null;
}

/** Opens the adapter in a process of its own, joins it with the card, and measures it. */
export async function checkAdapter(
  kind: 'real' | 'software' | 'named',
  adapter: string,
  dataDirectory: string,
  log: (line: string) => void,
): Promise<AdapterReport> {
  const name = kind === 'software' ? 'software adapter' : 'GPU';
  try {
    const gpu = await startGpuProcess({ dataDirectory, adapter, log });
    try {
      const hardware = await detectHardware(gpu.worker, gpu.description, { benchmark: true });
      return { checks: [describeAdapter(name, hardware), ...describeCard(hardware)], hardware };
    } finally {
      await gpu.stop();
    }
  } catch (error) {
    return { checks: [describeFailure(kind, name, describeError(error))], hardware: null };
  }
}

function describeFailure(kind: 'real' | 'software' | 'named', name: string, why: string): Check {
  if (kind === 'software') {
    return warning(
      name,
      `No software adapter works here: ${why}`,
      'It is only for the demo and for trying out; a real GPU does not need it.',
    );
  }
  return blocked(
    name,
    `This machine cannot earn: ${why}`,
    'Install the driver of your graphics card with Vulkan (Linux), or update it (Windows, macOS); then run "hearth doctor" again. "hearth demo" works without one.',
  );
}

function describeAdapter(name: string, { adapter, benchmark }: HardwareReport): Check {
  const title = adapter.description || adapter.device;
  const figures =
    benchmark === null
      ? ''
      : ` Measured: copies ${formatRate(benchmark.copyBytesPerSecond, 'B/s')}, computes ${formatRate(benchmark.multiplyAddFlopsPerSecond, 'FLOP/s')}, ${benchmark.dispatchMicroseconds.toFixed(0)} µs per dispatch.`;
  const found = `${title} (${adapter.backend}) runs kernels.${figures}`;
  if (!adapter.isSoftware) return ok(name, found);
  return ok(name, `${found} It never earns: for the demo and for trying out.`);
}

function describeCard({ adapter, card, cardMissing }: HardwareReport): Check[] {
  if (adapter.isSoftware) return [];
  if (card === null) {
    return [
      warning(
        'card sensors',
        `Name, memory and temperature of the card are unknown: ${cardMissing ?? 'no tool answered'}.`,
        "Install the vendor's tool (nvidia-smi, rocm-smi) for temperature and memory; work is possible without it.",
      ),
    ];
  }
  const memory = card.memoryBytes === null ? 'memory unknown' : `${(card.memoryBytes / 1024 ** 3).toFixed(1)} GiB`;
  const temperature = card.temperatureCelsius === null ? 'temperature unknown' : `${card.temperatureCelsius} °C`;
  return [ok('card sensors', `${card.name}, ${memory}, ${temperature}, driver ${card.driverVersion ?? 'unknown'}.`)];
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

function formatRate(perSecond: number, unit: string): string {
  const step = Math.min(prefixes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, perSecond)) / 3)));
  return `${(perSecond / 1000 ** step).toPrecision(3)} ${prefixes[step]}${unit}`;
}
