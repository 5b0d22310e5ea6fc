/** What gas costs now. An endpoint that names no price has failed: the error makes the next one be asked. */
import type { JsonRpcProvider } from 'ethers';

/** Wei a unit of gas. */
export interface GasFees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** The most a transaction should offer. @throws Error without a price */
export async function readGasFees(provider: JsonRpcProvider): Promise<GasFees> {
  const { maxFeePerGas, maxPriorityFeePerGas, gasPrice } = await provider.getFeeData();
  return { maxFeePerGas: known(maxFeePerGas ?? gasPrice), maxPriorityFeePerGas: maxPriorityFeePerGas ?? 0n };
}

/** What it will most likely cost, in wei a unit. @throws Error without a price */
export async function readGasPrice(provider: JsonRpcProvider): Promise<bigint> {
  return known((await provider.getFeeData()).gasPrice);
}

function known(price: bigint | null): bigint {
  if (price === null) throw new Error('the endpoint names no price of gas');
  return price;
}
