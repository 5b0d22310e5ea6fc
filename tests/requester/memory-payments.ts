/** Both sides' money in memory: the rules of the interface, with real signatures and without a chain or a file. */
import { verifyTypedData, TypedDataEncoder } from 'ethers';
import type { Agreement, Hex, Receipt, TaskResult } from '../../protocol/agreement.ts';
import { hearthDomain, receiptTypes } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';
import {
  type ChannelConfig,
  channelConfigTypes,
  settlementAddress,
  settlementDomain,
  voucherTypes,
} from '../../protocol/x402.ts';
import type { ProviderPayments, RequesterPayments, Signer } from '../../main/payment/types.ts';
import { testChainId, testToken } from '../network/loopback.ts';

interface Task {
  readonly agreement: Agreement;
  readonly chunks: { sequence: number; units: bigint; payloadSha256: Hex }[];
  coveredUnits: bigint;
  acknowledged: number;
  receipt: { receipt: Receipt; signature: Hex; delivered: boolean } | null;
  result: TaskResult | null;
  closed: string | null;
}

function newTask(agreement: Agreement): Task {
  return { agreement, chunks: [], coveredUnits: 0n, acknowledged: 0, receipt: null, result: null, closed: null };
}

function unitsOf(task: Task, count = task.chunks.length): bigint {
  return task.chunks.slice(0, count).reduce((sum, chunk) => sum + chunk.units, 0n);
}

function dueOf(task: Task): bigint {
  return priceOfUnits(unitsOf(task), task.agreement.pricePerMillionUnits);
}

/** What the provider may claim: the receipt's amount, else what was acknowledged. */
function owedOf(task: Task): bigint {
  return (
    task.receipt?.receipt.amountDue ??
    priceOfUnits(unitsOf(task, task.acknowledged), task.agreement.pricePerMillionUnits)
  );
}

export interface MemoryProviderPayments extends ProviderPayments {
  readonly tasks: Map<Hex, Task>;
  /** Highest voucher, by channel. */
  readonly ceilings: Map<Hex, bigint>;
  /** What could be claimed now. */
  claimable(): bigint;
}

export function memoryProviderPayments(signer: Signer): MemoryProviderPayments {
  const tasks = new Map<Hex, Task>();
  const ceilings = new Map<Hex, bigint>();
  const configs = new Map<Hex, ChannelConfig>();
  const get = (hash: Hex): Task => {
    const task = tasks.get(hash);
    if (task === undefined) throw new Error(`no task ${hash}`);
    return task;
  };
  const committed = (channelId: Hex): bigint =>
    [...tasks.values()]
      .filter((task) => task.agreement.channelId === channelId)
      .reduce((sum, task) => sum + (task.receipt === null && task.closed === null ? dueOf(task) : owedOf(task)), 0n);
  return {
    address: signer.address,
    tasks,
    ceilings,
    openTask({ signed, agreementHash, channel }) {
      const channelId = TypedDataEncoder.hash(settlementDomain(testChainId), channelConfigTypes, channel);
      if (channelId !== signed.agreement.channelId) {
        return Promise.resolve(refuse('CHANNEL_MISMATCH', 'the channel is not the one agreed'));
      }
      configs.set(channelId, channel);
      tasks.set(agreementHash, newTask(signed.agreement));
      return Promise.resolve({ ok: true });
    },
    acceptVoucher(agreementHash, voucher, acknowledged) {
      const task = get(agreementHash);
      const { channelId, maxClaimableAmount, signature } = voucher;
      const config = configs.get(channelId);
      const value = { channelId, maxClaimableAmount };
      const signedBy = verifyTypedData(settlementDomain(testChainId), voucherTypes, value, signature);
      if (signedBy.toLowerCase() !== config?.payer.toLowerCase()) {
        return refuse('VOUCHER_SIGNATURE', `signed by ${signedBy}, not by ${config?.payer}`);
      }
      if (maxClaimableAmount > (ceilings.get(channelId) ?? 0n)) ceilings.set(channelId, maxClaimableAmount);
      task.acknowledged = Math.max(task.acknowledged, Math.min(acknowledged, task.chunks.length));
      return { ok: true };
    },
    reserveChunk(agreementHash, units) {
      const task = get(agreementHash);
      const { channelId, pricePerMillionUnits } = task.agreement;
      if (task.acknowledged < task.chunks.length) return refuse('NOT_COVERED', 'a chunk is not confirmed yet');
      const next = priceOfUnits(unitsOf(task) + units, pricePerMillionUnits) - dueOf(task);
      const needed = committed(channelId) + next;
      const available = ceilings.get(channelId) ?? 0n;
      return needed <= available ? { ok: true } : refuse('NOT_COVERED', 'not covered', { needed, available });
    },
    recordChunk(agreementHash, chunk) {
      const task = get(agreementHash);
      task.chunks.push(chunk);
      return { unitsDone: unitsOf(task), amountDue: dueOf(task) };
    },
    recordResult(agreementHash, result) {
      get(agreementHash).result = result;
    },
    acceptReceipt(receipt, signature) {
      const task = tasks.get(receipt.agreementHash);
      if (task === undefined) return refuse('UNKNOWN_AGREEMENT', 'no such agreement');
      const domain = hearthDomain(testChainId, settlementAddress);
      const signedBy = verifyTypedData(domain, receiptTypes, receipt, signature);
      if (signedBy.toLowerCase() !== task.agreement.requester.toLowerCase()) {
        return refuse('RECEIPT_SIGNATURE', `signed by ${signedBy}`);
      }
      if (receipt.amountDue < owedOf(task)) return refuse('RECEIPT_AMOUNT', 'below what was acknowledged');
      task.receipt = { receipt, signature, delivered: true };
      return { ok: true };
    },
    nextRelease: () => new Promise(() => {}),
    refund: () => Promise.resolve(refuse('CHANNEL_UNKNOWN', 'there is no chain here')),
    closeTask(agreementHash, reason) {
      get(agreementHash).closed ??= reason;
    },
    claimAndSettle: () => Promise.resolve({ claimed: 0n, settled: 0n, channels: 0, transactionHashes: [] }),
    totals: () => ({
      earned: [...tasks.values()].reduce((sum, task) => sum + owedOf(task), 0n),
      claimed: 0n,
      settled: 0n,
    }),
    claimable: () => [...tasks.values()].reduce((sum, task) => sum + owedOf(task), 0n),
  };
}

export interface MemoryRequesterPayments extends RequesterPayments {
  readonly tasks: Map<Hex, Task>;
}

export function memoryRequesterPayments(signer: Signer, deposit = 10n ** 12n): MemoryRequesterPayments {
  const tasks = new Map<Hex, Task>();
  const channels = new Map<Hex, { channel: ChannelConfig; channelId: Hex; ceiling: bigint }>();
  const get = (hash: Hex): Task => {
    const task = tasks.get(hash);
    if (task === undefined) throw new Error(`no task ${hash}`);
    return task;
  };
  const promised = (task: Task): bigint =>
    task.receipt?.receipt.amountDue ?? priceOfUnits(task.coveredUnits, task.agreement.pricePerMillionUnits);
  return {
    address: signer.address,
    tasks,
    openChannel({ receiver, receiverAuthorizer, amount }) {
      if (amount > deposit) {
        return Promise.resolve(
          refuse('DEPOSIT_TOO_SMALL', `${amount} cannot be deposited`, { needed: amount, available: deposit }),
        );
      }
      const channel: ChannelConfig = {
        payer: signer.address,
        payerAuthorizer: `0x${'00'.repeat(20)}`,
        receiver,
        receiverAuthorizer,
        token: testToken,
        withdrawDelay: 86_400,
        salt: `0x${'11'.repeat(32)}`,
      };
      const channelId = TypedDataEncoder.hash(settlementDomain(testChainId), channelConfigTypes, channel) as Hex;
      if (!channels.has(channelId)) channels.set(channelId, { channel, channelId, ceiling: 0n });
      return Promise.resolve({ ok: true, channel, channelId });
    },
    openTask({ agreement }, agreementHash) {
      tasks.set(agreementHash, newTask(agreement));
    },
    async signVoucher(agreementHash, coveredUnits) {
      const task = get(agreementHash);
      const { channelId } = task.agreement;
      const entry = channels.get(channelId);
      if (entry === undefined) return refuse('CHANNEL_UNKNOWN', 'no such channel');
      if (coveredUnits > task.coveredUnits) task.coveredUnits = coveredUnits;
      const sum = [...tasks.values()]
        .filter((other) => other.agreement.channelId === channelId)
        .reduce((total, other) => total + promised(other), 0n);
      if (sum > entry.ceiling) entry.ceiling = sum;
      return { ok: true, voucher: await signer.signVoucher(entry.channel, entry.ceiling), coveredUnits };
    },
    recordChunk(agreementHash, chunk) {
      const task = get(agreementHash);
      if (unitsOf(task) + chunk.units > task.coveredUnits) throw new Error('more than was covered');
      task.chunks.push(chunk);
      return { unitsDone: unitsOf(task), amountDue: dueOf(task) };
    },
    async issueReceipt(agreementHash, receipt) {
      const task = get(agreementHash);
      const price = priceOfUnits(receipt.units, task.agreement.pricePerMillionUnits);
      if (receipt.amountDue !== price || receipt.units > unitsOf(task)) throw new Error('the receipt does not fit');
      const signature = await signer.signReceipt(receipt);
      task.receipt = { receipt, signature, delivered: false };
      return { signature };
    },
    missingDeposit: () => Promise.resolve({ ok: true, missing: 0n, balance: deposit }),
    funds: () => Promise.resolve({ ok: true, token: deposit, coin: 1n, depositFee: 0n, depositFeeInToken: 0n }),
    receiptInterrupted: () => Promise.resolve([]),
    refundable: () => [],
    noteRefund: () => Promise.resolve(0n),
    undeliveredReceipts: (provider) =>
      [...tasks.values()].flatMap(({ agreement, receipt }) =>
        receipt !== null && !receipt.delivered && agreement.provider.toLowerCase() === provider.toLowerCase()
          ? [{ receipt: receipt.receipt, signature: receipt.signature }]
          : [],
      ),
    markReceiptDelivered(agreementHash) {
      const { receipt } = get(agreementHash);
      if (receipt !== null) receipt.delivered = true;
    },
    totals: () => ({
      spent: [...tasks.values()].reduce((sum, task) => sum + (task.receipt?.receipt.amountDue ?? 0n), 0n),
      deposited: deposit,
    }),
  };
}
