import type { HardwareReport } from '../hardware/index.ts';
import { checkAdapter } from './check-adapter.ts';
import { checkChain } from './check-chain.ts';
import { checkClock, checkDataDirectory, checkElectron, checkNode, checkPort, readTcpAddress } from './check-system.ts';
import type { Check } from './check.ts';

export interface DoctorOptions {
  readonly dataDirectory: string;
  readonly adapter: string;
  readonly listen: readonly string[];
  readonly apiPort: number;
  readonly rpcUrl: string | undefined;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Called as soon as each is known. */
  readonly onCheck: (check: Check) => void;
}

export interface DoctorReport {
  /** False when a check blocks. */
  readonly canEarn: boolean;
  /** The demo and `--adapter software` need no real GPU. */
  readonly canRunDemo: boolean;
  readonly summary: string;
  readonly checks: readonly Check[];
  /** What the adapters said and measured. */
  readonly adapters: readonly HardwareReport[];
}

export async function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  const { dataDirectory, adapter, signal } = options;
  const checks: Check[] = [];
  const adapters: HardwareReport[] = [];
  const add = (...found: readonly Check[]): void => {
    for (const check of found) {
      checks.push(check);
      options.onCheck(check);
    }
    signal.throwIfAborted();
  };

  add(checkNode());
  add(await checkDataDirectory(dataDirectory));
  const canWrite = checks.every(({ status }) => status !== 'blocked');
  // The software adapter is unpacked into the data folder, so without one there is nothing to try.
  const kinds =
    adapter === 'real'
      ? (['real', 'software'] as const)
      : adapter === 'software'
        ? (['software'] as const)
        : (['named'] as const);
  for (const kind of canWrite ? kinds : []) {
    const report = await checkAdapter(kind, kind === 'named' ? adapter : kind, dataDirectory, options.log);
    add(...report.checks);
    if (report.hardware !== null) adapters.push(report.hardware);
  }
  const chain = await checkChain(options.rpcUrl, options.token, signal);
  add(...chain.checks, checkClock(Date.now(), chain.blockTimeMs));
  add(await checkPort('dashboard port', '127.0.0.1', options.apiPort, dataDirectory));
  for (const multiaddr of options.listen) {
    const address = readTcpAddress(multiaddr);
    if (address !== undefined) add(await checkPort('network port', address.host, address.port, dataDirectory));
  }
  add(checkElectron());

  const blocking = checks.filter(({ status }) => status === 'blocked');
  const hasRealGpu = adapters.some((found) => !found.adapter.isSoftware);
  const canRunDemo = canWrite && adapters.length > 0;
  const canEarn = blocking.length === 0 && hasRealGpu;
  return { canEarn, canRunDemo, summary: summarize({ canEarn, canRunDemo, hasRealGpu, blocking }), checks, adapters };
}

function summarize(found: {
  canEarn: boolean;
  canRunDemo: boolean;
  hasRealGpu: boolean;
  blocking: readonly Check[];
}): string {
  if (found.canEarn) return 'Nothing blocks: this machine can earn.';
  const demo = found.canRunDemo ? ' "hearth demo" works.' : '';
  if (!found.hasRealGpu) return `This machine cannot earn: no real GPU.${demo}`;
  return `This machine cannot earn yet: fix ${found.blocking.map(({ name }) => name).join(', ')}.${demo}`;
}
