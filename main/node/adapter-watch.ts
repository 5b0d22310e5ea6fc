import type { AdapterSnapshot } from '../../protocol/node-api.ts';
import type { BenchmarkResult } from '../../worker/messages.ts';
import type { CardReading, GpuHost, NodeHost } from './node-options.ts';
import { errorText } from '../../protocol/errors.ts';

const pollMs = 5_000;
const benchmarkTimeoutMs = 60_000;

export interface AdapterWatch {
  readonly snapshot: AdapterSnapshot;
  close(): void;
}

/**
 * Keeps what is shown of the adapter fresh: measures it once, then reads the card's temperature and load every few
 * seconds. A failing tool or measurement leaves the fields null; nothing here can stop the node.
 */
export function watchAdapter(
  gpu: GpuHost,
  host: Pick<NodeHost, 'readCard'>,
  onChange: () => void,
  log: (line: string) => void,
): AdapterWatch {
  let card: CardReading | null = null;
  let benchmark: BenchmarkResult | null = null;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  async function poll(): Promise<void> {
    card = await host.readCard(gpu.description).catch(() => null);
    if (closed) return;
    onChange();
    // A software adapter has no card: there is nothing to read again.
    if (gpu.description.isSoftware) return;
    timer = setTimeout(() => void poll(), pollMs);
    timer.unref();
  }

  async function measure(): Promise<void> {
    try {
      benchmark = await gpu.worker.call('benchmark', {}, { timeoutMs: benchmarkTimeoutMs });
      onChange();
    } catch (error) {
      if (!closed) log(`The adapter could not be measured: ${errorText(error)}`);
    }
  }

  void poll();
  void measure();

  return {
    get snapshot() {
      const { description } = gpu;
      return {
        name: card?.name ?? (description.description || description.device || description.vendor),
        vendor: description.vendor,
        isSoftware: description.isSoftware,
        driver: card?.driverVersion ?? null,
        memoryBytes: card?.memoryBytes ?? null,
        temperatureCelsius: card?.temperatureCelsius ?? null,
        loadPercent: card?.loadPercent ?? null,
        features: description.features,
        benchmark,
      };
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
