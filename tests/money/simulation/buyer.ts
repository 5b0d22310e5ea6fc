/** The requester of the simulation: the real payments, and as little around them as makes a task go on. */
import { createRequesterPayments } from '../../../main/payment/index.ts';
import type { ChainClient, HotWallet, RequesterPayments } from '../../../main/payment/index.ts';
import type { Agreement, Hex, Receipt } from '../../../protocol/agreement.ts';
import { priceOfUnits } from '../../../protocol/tasks.ts';
import { hashOf, signAgreement } from '../../payment/market-place.ts';
import type { SignedVoucher } from '../../../protocol/x402.ts';
import { startProcess } from './process.ts';
import type { Process } from './process.ts';
import type { Random } from './seeded-random.ts';
import type { Seller } from './seller.ts';
import type { Clock, Message } from './wire.ts';

interface State {
  readonly payments: RequesterPayments;
  /** What was sent last for a running task; sent again until it is answered. */
  readonly running: Map<Hex, { readonly last: Message | null; readonly tries: number }>;
}

export interface Buyer {
  readonly wallet: HotWallet;
  readonly process: Process<State>;
  buy(seller: Seller, name: string): Promise<void>;
  receive(message: Message, seller: Seller): Promise<void>;
  /** Receipts the seller has not confirmed, and one for every task that ended without. */
  settleUp(seller: Seller): Promise<void>;
  isFree(seller: Seller): boolean;
}

const retryMs = 400;
const patience = 8;
/** Tasks that can be unsettled: three with each of two sellers, and none is bought before they are settled. */
const newest = 12;
/** Of a task that waits for its cover. */
const notSentYet = { last: null, tries: 0 };

export function createBuyer(parts: {
  readonly wallet: HotWallet;
  readonly chain: ChainClient;
  readonly path: string;
  readonly random: Random;
  readonly deathEvery: number;
  readonly clock: Clock;
  readonly send: (message: Message, seller: Seller) => void;
}): Buyer {
  const { wallet, chain, random, clock, send } = parts;
  const { chainId } = chain.settings;
  const process = startProcess<State>({
    ...parts,
    now: clock.nowMs,
    boot: (ledger) => ({
      payments: createRequesterPayments({ ledger, chain, signer: wallet, now: clock.nowMs }),
      running: new Map(),
    }),
  });
  const nowSeconds = () => BigInt(Math.floor(clock.nowMs() / 1_000));
  const chunkUnits = 16n;

  /** Sends, and sends again while the task waits for an answer; after some tries it is given up. */
  function sendUntilAnswered(state: State, seller: Seller, hash: Hex, last: Message, tries = 0): void {
    const entry = { last, tries };
    state.running.set(hash, entry);
    send(last, seller);
    clock.after(retryMs, () =>
      process.handle(async (now) => {
        if (now.running.get(hash) !== entry) return;
        if (tries + 1 >= patience) return finish(now, seller, hash, 'partial');
        sendUntilAnswered(now, seller, hash, last, tries + 1);
      }),
    );
  }

  async function finish(state: State, seller: Seller, hash: Hex, verdict: Receipt['verdict']): Promise<void> {
    state.running.delete(hash);
    const task = process.ledger.findTask('requester', hash);
    if (task === undefined || task.receipt !== null) return;
    const receipt: Receipt = {
      agreementHash: hash,
      resultHash: hashOf('result'),
      units: task.unitsDone,
      amountDue: task.amountDue,
      verdict,
      issuedAt: nowSeconds(),
    };
    const { signature } = await state.payments.issueReceipt(hash, receipt);
    send({ type: 'receipt', receipt, signature }, seller);
  }

  async function start(state: State, seller: Seller, name: string): Promise<void> {
    const terms = { maxUnits: BigInt(1 + random.below(80)), pricePerMillionUnits: BigInt(1 + random.below(3_000_000)) };
    const opened = await state.payments.openChannel({
      receiver: seller.wallet.address,
      receiverAuthorizer: seller.wallet.address,
      amount: priceOfUnits(terms.maxUnits, terms.pricePerMillionUnits),
    });
    if (!opened.ok) throw new Error(`${opened.code}: ${opened.message}`);
    const agreement: Agreement = {
      agreementId: hashOf(name),
      requester: wallet.address,
      provider: seller.wallet.address,
      channelId: opened.channelId,
      taskHash: hashOf(`task ${name}`),
      inputHash: hashOf('model'),
      shaderSetHash: hashOf('shaders'),
      numericProfile: 'f32',
      chunkUnits,
      startBy: nowSeconds() + 600n,
      finishBy: nowSeconds() + 36_000n,
      ...terms,
    };
    const { signed, hash } = await signAgreement(chainId, agreement, wallet, seller.wallet);
    state.payments.openTask(signed, hash, 'chat');
    state.running.set(hash, notSentYet);
    const { channel } = opened;
    await cover(state, seller, hash, (voucher, coveredUnits) => {
      return { type: 'start', signed, hash, channel, voucher, coveredUnits };
    });
  }

  /** Covers the next chunk, or as much of it as the tasks beside leave; while that is nothing, tries again later. */
  async function cover(
    state: State,
    seller: Seller,
    hash: Hex,
    messageOf: (voucher: SignedVoucher, coveredUnits: bigint) => Message,
    tries = 0,
  ): Promise<void> {
    const task = process.ledger.findTask('requester', hash);
    if (task === undefined || !state.running.has(hash)) return;
    const { maxUnits } = task.agreement;
    const wanted = task.unitsDone + chunkUnits < maxUnits ? task.unitsDone + chunkUnits : maxUnits;
    const options = { atLeastUnits: task.unitsDone + 1n, waitMs: 0 };
    const covered = await state.payments.signVoucher(hash, wanted, options);
    if (covered.ok) return sendUntilAnswered(state, seller, hash, messageOf(covered.voucher, covered.coveredUnits));
    if (covered.code !== 'EXPOSURE_LIMIT') throw new Error(`${covered.code}: ${covered.message}`);
    if (tries === patience) return finish(state, seller, hash, 'partial');
    clock.after(retryMs, () => process.handle((now) => cover(now, seller, hash, messageOf, tries + 1)));
  }

  async function onChunk(state: State, message: Message & { type: 'chunk' }, seller: Seller): Promise<void> {
    const { hash, sequence, units } = message;
    const task = process.ledger.findTask('requester', hash);
    if (task === undefined || task.receipt !== null || !state.running.has(hash)) return;
    if (sequence !== task.chunks) return;
    const { unitsDone } = state.payments.recordChunk(hash, { sequence, units, payloadSha256: hashOf('chunk') });
    // Some are content with less than they agreed to.
    const isDone = unitsDone === task.agreement.maxUnits || random.once(8);
    if (isDone) return finish(state, seller, hash, 'verified');
    state.running.set(hash, notSentYet);
    await cover(state, seller, hash, (voucher, coveredUnits) => {
      return { type: 'voucher', hash, voucher, acknowledged: sequence + 1, coveredUnits };
    });
  }

  return {
    wallet,
    process,
    buy: (seller, name) => process.handle((state) => start(state, seller, name)),
    receive: (message, seller) =>
      process.handle(async (state) => {
        if (message.type === 'chunk') return onChunk(state, message, seller);
        if (message.type === 'ended' && state.running.has(message.hash)) {
          return finish(state, seller, message.hash, 'partial');
        }
        if (message.type === 'receipt-stored') state.payments.markReceiptDelivered(message.hash);
      }),
    settleUp: (seller) =>
      process.handle(async (state) => {
        for (const task of process.ledger.listTasks(newest)) {
          const isTheirs = task.counterparty === seller.wallet.address.toLowerCase();
          const hash = `0x${task.id.slice(2)}` as const;
          if (isTheirs && !state.running.has(hash) && process.ledger.findTask('requester', hash)?.receipt === null) {
            await finish(state, seller, hash, 'partial');
          }
        }
        for (const { receipt, signature } of state.payments.undeliveredReceipts(seller.wallet.address)) {
          send({ type: 'receipt', receipt, signature }, seller);
        }
      }),
    isFree: (seller) => {
      const wallet = seller.wallet.address.toLowerCase();
      const { ledger } = process;
      const tasks = ledger.listTasks(newest).filter((task) => task.counterparty === wallet);
      return tasks.every((task) => ledger.findTask('requester', `0x${task.id.slice(2)}`)?.receiptDelivered === true);
    },
  };
}
