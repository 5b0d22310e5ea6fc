/** Where the oracle's models run: this process on the chosen adapter, or the worker that ships in a headless Chromium. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { getTestAdapter } from '../../tests/gpu/test-device.ts';
import { createDeviceHost, type OracleHost } from '../../tests/llm/architecture-oracle.ts';
import { createChromiumHost, openChromiumAdapter } from '../../tests/ui/chromium-oracle-host.ts';
import { openWorkerBrowser } from '../../tests/ui/worker-browser.ts';
import type { AdapterDescription, ModelLoadParameters } from '../../worker/messages.ts';

export interface OpenHost {
  readonly kind: 'node' | 'chromium';
  /** A way of loading models. */
  open(load?: ModelLoadParameters): OracleHost;
  readonly description: AdapterDescription;
  /** Of the file of results. */
  readonly name: string;
  /** What carried out our WebGPU calls. */
  readonly versions: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** As `--host node` (the default) or `--host chromium` of the command line says; ends the process where it says neither. */
export async function openHost(): Promise<OpenHost> {
  const { host } = parseArgs({ options: { host: { type: 'string', default: 'node' } } }).values;
  if (host === 'node') return openNode();
  if (host === 'chromium') return openChromium();
  console.error(`--host is ${host}; it must be node or chromium`);
  process.exit(2);
}

function fileNameOf(...parts: readonly string[]): string {
  return parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
}

async function openNode(): Promise<OpenHost> {
  const { device, description } = await getTestAdapter();
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return {
    kind: 'node',
    open: (load) => createDeviceHost(device, load),
    description,
    name: fileNameOf(description.vendor, description.architecture || description.device),
    versions: { webgpu: dependencies['webgpu'] ?? '' },
    close: async () => undefined,
  };
}

async function openChromium(): Promise<OpenHost> {
  const { page, browserVersion, close } = await openWorkerBrowser();
  const description = await openChromiumAdapter(page);
  return {
    kind: 'chromium',
    open: (load) => createChromiumHost(page, load),
    description,
    name: fileNameOf('chromium', description.architecture || description.device),
    versions: { chromium: browserVersion },
    close,
  };
}
