import { join } from 'node:path';
import type { LocalChain } from './local-chain.ts';
import { startProviderProcess, type ProviderProcess } from './provider-process.ts';
import type { DemoScreen } from './screen.ts';

export interface DemoProviders {
  list(): readonly ProviderProcess[];
  /** Starts those again that are gone, on their old data: what they earned is in their ledgers. Returns them. */
  revive(): Promise<readonly ProviderProcess[]>;
  stop(): Promise<void>;
}

export interface DemoProvidersOptions {
  readonly names: readonly string[];
  readonly folder: string;
  readonly adapter: string;
  readonly chain: LocalChain;
  readonly screen: DemoScreen;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Enough coin for any number of claims on the local chain. */
const claimCoin = 10n ** 18n;

export async function createDemoProviders(options: DemoProvidersOptions): Promise<DemoProviders> {
  const { names, folder, adapter, chain, screen, log, signal } = options;
  let stopping = false;
  const gone = new Set<string>();

  async function start(name: string): Promise<ProviderProcess> {
    const dataDirectory = join(folder, name.replaceAll(' ', '-'));
    const provider = await startProviderProcess({
      name,
      dataDirectory,
      adapter,
      chain: chain.settings,
      // Keys of a demo need no backup, whatever the node says.
      log: (line) => (line.includes('hearth wallet export') ? undefined : log(line)),
      signal,
    });
    const { processId, peerId, address, wallet, link } = provider;
    const onGone = (sentence: string): void => {
      if (stopping) return;
      gone.add(name);
      screen.say(`${sentence}. The others go on.`, 'provider-gone', { name, processId });
    };
    void provider.gone.then(onGone);
    screen.say(`${name} is up.`, 'provider', { name, peerId, processId, address, wallet, link });
    return provider;
  }

  const started = await Promise.allSettled(names.map(start));
  const providers = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(providers.map((provider) => provider.stop()));
  };
  const failure = started.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  for (const { wallet } of providers) await chain.fund(wallet, { eth: claimCoin });

  return {
    list: () => providers,
    async revive() {
      const revived: ProviderProcess[] = [];
      for (const [index, provider] of providers.entries()) {
        if (!gone.delete(provider.name)) continue;
        screen.say(`Starting ${provider.name} again on its old data.`, 'provider-restart', { name: provider.name });
        providers[index] = await start(provider.name);
        revived.push(providers[index]);
      }
      return revived;
    },
    stop,
  };
}
