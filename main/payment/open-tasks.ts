import type { Agreement, Hex } from '../../protocol/agreement.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';

/**
 * The tasks that are open with each counterparty. However many they are, one chunk of the dearest of them is the most that
 * may be at risk with it: the credit line.
 */
export interface OpenTasks {
  open(agreementHash: Hex, counterparty: Hex, agreement: Agreement): void;
  close(agreementHash: Hex): void;
  has(agreementHash: Hex): boolean;
  /** In the token's smallest unit; 0 while no task is open. */
  lineOf(counterparty: Hex): bigint;
  countOf(counterparty: Hex): number;
}

export function createOpenTasks(): OpenTasks {
  const tasks = new Map<string, { readonly counterparty: string; readonly chunkPrice: bigint }>();

  const openWith = (counterparty: Hex) =>
    [...tasks.values()].filter((task) => task.counterparty === counterparty.toLowerCase());

  return {
    open(agreementHash, counterparty, agreement) {
      const task = { counterparty: counterparty.toLowerCase(), chunkPrice: chunkPriceOf(agreement) };
      tasks.set(agreementHash.toLowerCase(), task);
    },
    close: (agreementHash) => void tasks.delete(agreementHash.toLowerCase()),
    has: (agreementHash) => tasks.has(agreementHash.toLowerCase()),
    lineOf: (counterparty) =>
      openWith(counterparty).reduce((line, { chunkPrice }) => (chunkPrice > line ? chunkPrice : line), 0n),
    countOf: (counterparty) => openWith(counterparty).length,
  };
}

/** What one whole chunk costs at most. */
export function chunkPriceOf({ chunkUnits, maxUnits, pricePerMillionUnits }: Agreement): bigint {
  return priceOfUnits(chunkUnits < maxUnits ? chunkUnits : maxUnits, pricePerMillionUnits);
}
