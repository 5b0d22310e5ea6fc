/**
 * Sends the wallet's transactions one after the other. Other nodes may use the same wallet at the same time: whoever is
 * slower takes the next nonce. A transaction that is not mined is sent again with a higher fee and the same nonce.
 */
import { isError, keccak256 } from 'ethers';
import type { TransactionReceipt } from 'ethers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Hex } from '../../protocol/agreement.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import { readGasFees } from './gas-fees.ts';
import type { GasFees } from './gas-fees.ts';
import { createMutex } from './mutex.ts';
import { PaymentError } from './payment-error.ts';
import { revertOf } from './rpc-endpoints.ts';
import type { RpcEndpoints } from './rpc-endpoints.ts';
import { settlementInterface } from './settlement-abi.ts';
import { asHex } from './typed-data.ts';
import type { ChainSettings, ChainSigner } from './types.ts';

export interface TransactionSender {
  /** Calls the settlement contract. Resolves when the transaction is mined, under the hash that was. @throws PaymentError */
  send(data: Hex): Promise<{ transactionHash: Hex; gasUsed: bigint }>;
  /** Resolves when somebody else's transaction, sent for us, is mined. @throws PaymentError */
  waitFor(hash: Hex): Promise<{ transactionHash: Hex; gasUsed: bigint }>;
  /** Resolves when so many blocks more have been mined. @throws PaymentError */
  waitForBlocks(count: number): Promise<void>;
}

/** First look for the receipt; doubles up to the longest. A local chain mines at once, a public one in seconds. */
const shortestPollMs = 10;
const longestPollMs = 1_000;
/** Times that somebody else with the same wallet may be faster. */
const nonceAttempts = 8;
/** Nodes drop a replacement that pays less than 10 % more; an eighth more is the usual step, a quarter ends sooner. */
const feeStepPercent = 125n;

/** Another transaction of the wallet was mined with our nonce: nothing of ours happened. */
const nonceTaken = Symbol('nonce taken');

export function sendTransactions(parts: {
  readonly endpoints: RpcEndpoints;
  readonly wallet: Pick<ChainSigner, 'address' | 'signTransaction'>;
  readonly settings: ChainSettings;
  readonly confirmationTimeoutMs: number;
  /** Without a block for this long, a transaction is sent again with a higher fee. */
  readonly stuckAfterMs: number;
}): TransactionSender {
  const { endpoints, wallet, settings, confirmationTimeoutMs, stuckAfterMs } = parts;
  const inTurn = createMutex();

  /** Broadcasts through every endpoint that takes it: one that keeps transactions to itself cannot hold it up. */
  async function broadcast(transaction: { data: Hex; nonce: number; gasLimit: bigint } & GasFees): Promise<Hex> {
    const signed = await wallet.signTransaction(transaction);
    const hash = asHex(keccak256(signed));
    try {
      await endpoints.all((provider) => provider.broadcastTransaction(signed));
    } catch (error) {
      if (!isKnownAlready(error)) throw causeOf(error);
    }
    return hash;
  }

  async function findReceipt(hashes: readonly string[]): Promise<TransactionReceipt | null> {
    for (const hash of hashes) {
      const receipt = await endpoints.first((provider) => provider.getTransactionReceipt(hash));
      if (receipt !== null) return receipt;
    }
    return null;
  }

  async function sendWithNonce(data: Hex): Promise<TransactionReceipt | typeof nonceTaken> {
    const from = wallet.address;
    const [gas, nonce, firstFees] = await endpoints.first((provider) =>
      Promise.all([
        provider.estimateGas({ from, to: settlementAddress, data }),
        provider.getTransactionCount(from, 'pending'),
        readGasFees(provider),
      ]),
    );
    // A quarter more than estimated: another claim mined in between may change what a storage write costs.
    const content = { data, nonce, gasLimit: gas + gas / 4n };
    let fees: GasFees = firstFees;
    const hashes: Hex[] = [];
    const isTaken = async (): Promise<boolean> =>
      (await endpoints.first((provider) => provider.getTransactionCount(from, 'latest'))) > nonce;
    try {
      hashes.push(await broadcast({ ...content, ...fees }));
    } catch (error) {
      if (isError(error, 'NONCE_EXPIRED') || isError(error, 'REPLACEMENT_UNDERPRICED')) return nonceTaken;
      throw error;
    }
    const deadline = performance.now() + confirmationTimeoutMs;
    let stuckAt = performance.now() + stuckAfterMs;
    for (let pollMs = shortestPollMs; performance.now() < deadline; pollMs = Math.min(2 * pollMs, longestPollMs)) {
      // In this order: a nonce that was taken before we looked and still no receipt means that it was not ours.
      const taken = pollMs > shortestPollMs && (await isTaken());
      const receipt = await findReceipt(hashes);
      if (receipt !== null) return receipt;
      if (taken) return nonceTaken;
      if (performance.now() >= stuckAt) {
        fees = raise(fees, await endpoints.first(readGasFees));
        // Refused: the one before it is being mined, or the fee did not rise enough. The next look tells.
        await broadcast({ ...content, ...fees }).then(
          (hash) => hashes.push(hash),
          () => undefined,
        );
        stuckAt = performance.now() + stuckAfterMs;
      }
      await delay(Math.min(pollMs, Math.max(1, stuckAt - performance.now())));
    }
    const message = `transaction ${hashes.at(-1)} was not mined within ${confirmationTimeoutMs} ms`;
    throw new PaymentError('TRANSACTION_TIMEOUT', message);
  }

  async function sendOne(data: Hex): Promise<{ transactionHash: Hex; gasUsed: bigint }> {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const receipt = await sendWithNonce(data);
        if (receipt !== nonceTaken) return outcomeOf(receipt);
        if (attempt === nonceAttempts) {
          const message = `other transactions of ${wallet.address} were faster ${nonceAttempts} times`;
          throw new PaymentError('TRANSACTION_TIMEOUT', message);
        }
        // Not in step with the other node.
        await delay(Math.random() * 20 * attempt);
      }
    } catch (error) {
      throw translate(error);
    }
  }

  async function waitFor(hash: Hex): Promise<{ transactionHash: Hex; gasUsed: bigint }> {
    const deadline = performance.now() + confirmationTimeoutMs;
    for (let pollMs = shortestPollMs; performance.now() < deadline; pollMs = Math.min(2 * pollMs, longestPollMs)) {
      const receipt = await findReceipt([hash]);
      if (receipt !== null) return outcomeOf(receipt);
      await delay(pollMs);
    }
    const message = `transaction ${hash} was not mined within ${confirmationTimeoutMs} ms`;
    throw new PaymentError('TRANSACTION_TIMEOUT', message);
  }

  const readBlock = (): Promise<number> => endpoints.first((provider) => provider.getBlockNumber());

  async function waitForBlocks(count: number): Promise<void> {
    if (count === 0) return;
    const until = (await readBlock()) + count;
    const deadline = performance.now() + confirmationTimeoutMs;
    while ((await readBlock()) < until) {
      if (performance.now() > deadline) {
        const message = `${count} blocks were not mined within ${confirmationTimeoutMs} ms`;
        throw new PaymentError('TRANSACTION_TIMEOUT', message);
      }
      await delay(Math.min(longestPollMs, 100));
    }
  }

  function translate(cause: unknown): unknown {
    if (cause instanceof PaymentError) return cause;
    const revert = revertOf(cause);
    if (revert !== null) {
      const name = settlementInterface.parseError(revert.data)?.name ?? revert.message;
      return new PaymentError('TRANSACTION_REVERTED', `the chain would revert the transaction: ${name}`, { cause });
    }
    if (isError(cause, 'INSUFFICIENT_FUNDS')) {
      const message = `${wallet.address} has not enough of chain ${settings.chainId}'s coin for the gas`;
      return new PaymentError('GAS_UNAFFORDABLE', message, { cause });
    }
    const message = `the endpoint of chain ${settings.chainId} did not take the transaction`;
    return new PaymentError('CHAIN_UNREACHABLE', message, { cause });
  }

  return { send: (data) => inTurn(() => sendOne(data)), waitFor, waitForBlocks };
}

function outcomeOf(receipt: TransactionReceipt): { transactionHash: Hex; gasUsed: bigint } {
  const { hash, gasUsed, status } = receipt;
  if (status !== 1) throw new PaymentError('TRANSACTION_REVERTED', `transaction ${hash} was reverted`);
  return { transactionHash: asHex(hash), gasUsed };
}

/** A quarter more than it was, or what the chain asks now when that is more. */
function raiseFee(fee: bigint, asked: bigint): bigint {
  const step = (fee * feeStepPercent) / 100n + 1n;
  return step > asked ? step : asked;
}

function raise(before: GasFees, now: GasFees): GasFees {
  return {
    maxFeePerGas: raiseFee(before.maxFeePerGas, now.maxFeePerGas),
    maxPriorityFeePerGas: raiseFee(before.maxPriorityFeePerGas, now.maxPriorityFeePerGas),
  };
}

/** When all endpoints refused, the reason of the first is what counts. */
function causeOf(error: unknown): unknown {
  return error instanceof PaymentError && error.code === 'CHAIN_UNREACHABLE' && error.cause !== undefined
    ? error.cause
    : error;
}

/** The same transaction is in the endpoint's pool: it was sent, and only the answer was lost. */
function isKnownAlready(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof Error && /already known|already imported/i.test(cause.message);
}
