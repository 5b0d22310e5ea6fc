/** A provider with everything real but the GPU: libp2p, a ledger on disk, vouchers, a chain. */
import type { Hex } from '../../protocol/agreement.ts';
import type { PriceList } from '../../main/market/pricing.ts';
import { createNetwork, type HearthNetwork } from '../../main/network/index.ts';
import { createTaskRunner } from '../../main/node/task-runner.ts';
import type { InputStore } from '../../main/store/input-store.ts';
import type { MarketPlace, ProviderParty } from '../payment/market-place.ts';
import { shaderSetHash as marketShaderSet } from './market.ts';
import { createToyWorker, toyStore, type ToyWorkerOptions } from './toy-worker.ts';

export interface ToySellerOptions extends ToyWorkerOptions {
  readonly store?: Pick<InputStore, 'find'>;
  readonly shaderSetHash?: Hex;
  readonly prices?: PriceList;
}

const usualPrices: PriceList = { chat: 10_000_000n, render: 100_000n };

export type ToySeller = ProviderParty & { readonly network: HearthNetwork };

export async function openToySeller(
  place: MarketPlace,
  name: string,
  options: ToySellerOptions = {},
): Promise<ToySeller> {
  const { store = toyStore, shaderSetHash = marketShaderSet, prices = usualPrices, ...toy } = options;
  const party = await place.addProvider(name);
  const { chainId, token } = place.chain.settings;
  const runner = createTaskRunner({
    worker: createToyWorker(toy),
    payments: party.payments,
    signer: party.wallet,
    store,
    chainId,
    shaderSetHash,
    adapterClass: () => 'toy',
    numericProfile: () => 'f32',
    prices: () => prices,
    closedReason: () => null,
  });
  const network = await createNetwork(
    {
      signer: party.wallet,
      chainId,
      token,
      describe: () => ({ provides: true, name, adapterClass: 'toy' }),
      handlers: runner.handlers,
    },
    { dataDirectory: `${place.folder}/${name}`, listen: ['/ip4/127.0.0.1/tcp/0'] },
  );
  return { ...party, network };
}
