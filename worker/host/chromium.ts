/**
 * The GPU worker as a Web Worker on Chromium's WebGPU: in the desktop's hidden window and in a browser. Serves the
 * MessagePort it is handed (`worker.postMessage(null, [port])`), so that the core and the worker talk without the window.
 */
import { AdapterError, type ParsedAdapterChoice, parseAdapterChoice } from '../gpu/adapter-choice.ts';
import { describeAdapter, openDevice } from '../gpu/open-device.ts';
import type { AdapterChoice, AdapterDescription, WorkerOutbound } from '../messages.ts';
import { openBlobSource } from './blob-source.ts';
import { createWorkerService } from './service.ts';

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

/** A page cannot list adapters: the two preferences are asked in turn, and the first that fits the choice is taken. */
async function openChromiumDevice(
  choice: AdapterChoice,
): Promise<{ device: GPUDevice; description: AdapterDescription }> {
  const gpu: GPU | undefined = scope.navigator.gpu;
  if (gpu === undefined) {
    throw new AdapterError(
      'NO_ADAPTER',
      'this Chromium has no WebGPU here: it needs a secure context, and on Linux enable-unsafe-webgpu and enable-features=Vulkan',
    );
  }
  const parsed = parseAdapterChoice(choice);
  const seen: string[] = [];
  for (const powerPreference of ['high-performance', 'low-power'] as const) {
    const adapter = await gpu.requestAdapter({ powerPreference });
    if (adapter === null) continue;
    const description = describeAdapter(adapter, 'chromium');
    if (fits(parsed, description)) return { device: await openDevice(adapter, 'hearth'), description };
    seen.push(nameOf(description));
  }
  const listed = [...new Set(seen)].join(', ');
  if (listed === '') {
    throw new AdapterError(
      'NO_ADAPTER',
      'Chromium gives no WebGPU adapter: update the graphics driver; on Linux enable-unsafe-webgpu and enable-features=Vulkan are needed',
    );
  }
  throw new AdapterError(
    parsed.kind === 'real' ? 'SOFTWARE_ONLY' : 'NO_ADAPTER',
    parsed.kind === 'real'
      ? `Chromium gives only the software adapter ${listed}: it is never chosen silently`
      : `Chromium gives ${listed}, which does not match "${choice}"`,
    { data: { listed } },
  );
}

function fits(choice: ParsedAdapterChoice, description: AdapterDescription): boolean {
  if (choice.kind === 'real') return !description.isSoftware;
  const name = nameOf(description).toLowerCase();
  if (choice.kind === 'name') return name.includes(choice.text.toLowerCase());
  if (!description.isSoftware) return false;
  return choice.only === null || (choice.only === 'swiftshader') === name.includes('swiftshader');
}

/** Chromium hides device and description unless it is told otherwise, so the vendor and architecture count as well. */
function nameOf({ vendor, architecture, device, description }: AdapterDescription): string {
  return [vendor, architecture, device, description].filter((text) => text !== '').join(' ');
}

function serve(port: MessagePort): void {
  const service = createWorkerService({
    openDevice: openChromiumDevice,
    openSource: openBlobSource,
    runtimeVersion: scope.navigator.userAgent,
    post: (message: WorkerOutbound, transfer) => port.postMessage(message, transfer),
  });
  port.addEventListener('message', (event: MessageEvent<unknown>) => void service.handle(event.data));
  port.start();
  port.postMessage({ event: 'ready' } satisfies WorkerOutbound);
}

scope.addEventListener('message', (event) => {
  const port = event.ports[0];
  if (port !== undefined) serve(port);
});
