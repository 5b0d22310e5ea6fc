/** Sends the wallet's transactions one after the other, so that two of them never take the same nonce. */
import { isError } from 'ethers';
import type { JsonRpcProvider, TransactionReceipt } from 'ethers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Hex } from '../../protocol/agreement.ts';
import { createMutex } from './mutex.ts';
import { PaymentError } from './payment-error.ts';
import { settlementInterface } from './settlement-abi.ts';
import { asHex } from './typed-data.ts';
import type { ChainSettings } from './types.ts';
import type { HotWallet } from './wallet.ts';

export interface TransactionSender {
  /** Resolves when the transaction is mined. */
  send(to: Hex, data: Hex): Promise<{ transactionHash: Hex; gasUsed: bigint }>;
}

/** First look for the receipt; doubles up to the longest. A local chain mines at once, a public one in seconds. */
const shortestPollMs = 10;
const longestPollMs = 1_000;

export function sendTransactions(parts: {
  readonly provider: JsonRpcProvider;
  readonly wallet: HotWallet;
  readonly settings: ChainSettings;
  readonly confirmationTimeoutMs: number;
}): TransactionSender {
  const { provider, wallet, settings, confirmationTimeoutMs } = parts;
  const inTurn = createMutex();

  async function broadcast(to: Hex, data: Hex): Promise<string> {
    const from = wallet.address;
    const [gas, fees, nonce] = await Promise.all([
      provider.estimateGas({ from, to, data }),
      provider.getFeeData(),
      provider.getTransactionCount(from, 'pending'),
    ]);
    const signed = await wallet.signTransaction({
      type: 2,
      chainId: settings.chainId,
      to,
      data,
      nonce,
      // A quarter more than estimated: another claim mined in between may change what a storage write costs.
      gasLimit: gas + gas / 4n,
      maxFeePerGas: fees.maxFeePerGas ?? fees.gasPrice ?? 0n,
      maxPriorityFeePerGas: fees.maxPriorityFeePerGas ?? 0n,
    });
    return (await provider.broadcastTransaction(signed)).hash;
  }

  async function waitForReceipt(hash: string): Promise<TransactionReceipt> {
    const deadline = performance.now() + confirmationTimeoutMs;
    for (let pollMs = shortestPollMs; performance.now() < deadline; pollMs = Math.min(2 * pollMs, longestPollMs)) {
      const receipt = await provider.getTransactionReceipt(hash);
      if (receipt !== null) return receipt;
      await delay(pollMs);
    }
    throw new PaymentError(
      'TRANSACTION_TIMEOUT',
      `transaction ${hash} was not mined within ${confirmationTimeoutMs} ms`,
    );
  }

  async function sendOne(to: Hex, data: Hex): Promise<{ transactionHash: Hex; gasUsed: bigint }> {
    try {
      const hash = await broadcast(to, data).catch((error: unknown) => {
        // Another process with the same wallet was faster: take the next nonce once.
        if (isError(error, 'NONCE_EXPIRED') || isError(error, 'REPLACEMENT_UNDERPRICED')) return broadcast(to, data);
        throw error;
      });
      const receipt = await waitForReceipt(hash);
      if (receipt.status !== 1) throw new PaymentError('TRANSACTION_REVERTED', `transaction ${hash} was reverted`);
      return { transactionHash: asHex(hash), gasUsed: receipt.gasUsed };
    } catch (error) {
      throw translate(error);
    }
  }

  function translate(cause: unknown): unknown {
    if (cause instanceof PaymentError) return cause;
    if (isError(cause, 'CALL_EXCEPTION')) {
      const reason = cause.data == null ? null : settlementInterface.parseError(cause.data);
      const name = reason?.name ?? cause.shortMessage;
      return new PaymentError('TRANSACTION_REVERTED', `the chain would revert the transaction: ${name}`, { cause });
    }
    if (isError(cause, 'INSUFFICIENT_FUNDS')) {
      const message = `${wallet.address} has not enough of chain ${settings.chainId}'s coin for the gas`;
      return new PaymentError('GAS_UNAFFORDABLE', message, { cause });
    }
    const message = `the endpoint of chain ${settings.chainId} did not take the transaction`;
    return new PaymentError('CHAIN_UNREACHABLE', message, { cause });
  }

  return { send: (to, data) => inTurn(() => sendOne(to, data)) };
}
