import type { Agreement, ChunkRecord, Hex, Receipt, Verdict } from '../../../protocol/agreement.ts';
import type { ErrorShape } from '../../../protocol/errors.ts';
import { chainIdentity } from '../../../protocol/hashing/typed-data.ts';
import { type ReceiptDocument, receiptSchema } from '../../../protocol/receipt.ts';
import { priceOfUnits, smallestChunkUnits, type Task, taskUnits } from '../../../protocol/tasks.ts';
import { wireLimits } from '../../../protocol/wire/limits.ts';
import type { SignedVoucher } from '../../../protocol/x402.ts';
import { taskCodec } from '../../../protocol/wire/task-codec.ts';
import type { Offer } from '../../market/quote-choice.ts';
import type { TaskStream } from '../../network/types.ts';
import type { RequesterComponents } from '../components.ts';
import { deliverReceiptsTo } from '../deliver-receipts.ts';
import type { JobProgress, ProviderPart } from '../types.ts';
import type { Delivery, Finding } from './delivery.ts';
import { type Ending, Purchase } from './purchase.ts';
import { type DraftAgreement, signAgreement } from './sign-agreement.ts';
import type { Spending } from './spending.ts';
import { errorText } from '../../../protocol/errors.ts';
import { snapshots } from './task-snapshots.ts';

/** The provider answers a receipt once it is on its disk. */
const receiptStoredWithinMs = 10_000;

export interface Order {
  readonly offer: Offer;
  readonly task: Task;
  readonly delivery: Delivery;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
  readonly spending: Spending;
  /** Keeps the chunks' payloads in the receipt document. */
  readonly keepPayloads: boolean;
}

export type Bought =
  /** Nothing was agreed. `isOwn`: for a reason on this side, which no other provider would help with. */
  | { readonly kind: 'refused'; readonly refusal: ErrorShape; readonly isOwn: boolean }
  | {
      readonly kind: 'part';
      readonly part: ProviderPart;
      readonly ended: 'complete' | 'handed-back' | 'cancelled' | 'lost' | 'rejected';
    };

/** Buys one task from one provider. Whatever was delivered ends in a receipt, also when the provider is gone. */
export async function buy(components: RequesterComponents, order: Order): Promise<Bought> {
  const { offer, task, spending } = order;
  const held = spending.hold(priceOfUnits(taskUnits(task), offer.quote.pricePerMillionUnits));
  if (!held.ok) return refusedHere(offer, held);
  let paid = 0n;
  try {
    const bought = await buyHeld(components, order);
    if (bought.kind === 'part') paid = bought.part.amountDue;
    return bought;
  } finally {
    held.settle(paid);
  }
}

async function buyHeld(components: RequesterComponents, order: Order): Promise<Bought> {
  const { network, payments, signer, shaderSetHash } = components;
  const { offer, task, signal } = order;
  const { quote, peer } = offer;
  const nowSeconds = (): bigint => BigInt(Math.floor((components.nowMs ?? Date.now)() / 1000));
  const chain = chainIdentity(components.chainId);
  if (quote.receiverAuthorizer.toLowerCase() !== quote.provider.toLowerCase()) {
    const message = `the quote has ${quote.receiverAuthorizer} claim for ${quote.provider}, who must do so itself`;
    return refused(offer, 'QUOTE_MISMATCH', message);
  }
  // A provider that still waits for one takes no new task.
  await deliverReceiptsTo(components, peer);
  const channel = await payments.openChannel({
    receiver: quote.receiver,
    receiverAuthorizer: quote.receiverAuthorizer,
    amount: priceOfUnits(taskUnits(task), quote.pricePerMillionUnits),
    fill: (missing) => order.spending.deposit(missing),
  });
  if (!channel.ok) return refusedHere(offer, channel);
  signal.throwIfAborted();
  const { channelId } = channel;
  const draft = await signAgreement({ offer, task, channelId, shaderSetHash, signer, chain, nowSeconds: nowSeconds() });
  const { agreement, agreementHash, requesterSignature } = draft;
  payments.openTask({ agreement, requesterSignature }, agreementHash, task.kind);
  const receiptOver = (chunks: readonly ChunkRecord[], resultHash: Hex, verdict: Verdict): Receipt => {
    const units = chunks.reduce((sum, chunk) => sum + chunk.units, 0n);
    const amountDue = priceOfUnits(units, agreement.pricePerMillionUnits);
    return { agreementHash, resultHash, units, amountDue, verdict, issuedAt: nowSeconds() };
  };
  /** Closes the task in the ledger; where the provider knows nothing of it there is no receipt that it could want. */
  const giveUp = async (isKnown: boolean): Promise<void> => {
    await payments.issueReceipt(agreementHash, receiptOver([], agreementHash, 'partial'));
    if (!isKnown) payments.markReceiptDelivered(agreementHash);
  };
  const smallest = smallestChunkUnits(task);
  const first = await payments.signVoucher(agreementHash, firstCover(agreement, smallest), {
    atLeastUnits: lower(smallest, agreement.maxUnits),
    waitMs: firstVoucherWithinMs,
    signal,
  });
  if (!first.ok) {
    await giveUp(false);
    signal.throwIfAborted();
    return refused(offer, first.code, first.message);
  }
  let stream: TaskStream;
  try {
    stream = await network.openTask(peer.peerId, { signal });
  } catch (error) {
    await giveUp(false);
    signal.throwIfAborted();
    return refused(offer, 'UNREACHABLE', errorText(error));
  }
  const show = snapshots(components, order, draft);
  const purchase = new Purchase(
    {
      agreement,
      agreementHash,
      chain,
      payments,
      delivery: order.delivery,
      smallestChunkUnits: smallest,
      maxPayloadBytes: maxPayloadBytes(task),
      keepPayloads: order.keepPayloads,
      onChunk: () => show('running', purchase, ''),
      onActivity: (activity) => order.onProgress({ kind: 'activity', peerId: peer.peerId, activity }),
      penalise: (offence, detail) => network.penalise(peer.peerId, offence, detail),
    },
    stream,
    first.coveredUnits,
  );

  const accepted = await start(stream, purchase, order, { draft, channel: channel.channel, first });
  if (typeof accepted !== 'string') {
    stream.abort(new Error(accepted.message));
    // Silence and nonsense are no refusal: it may have begun.
    await giveUp(accepted.code === 'UNREACHABLE' || accepted.code === 'PROTOCOL');
    show('cancelled', purchase, accepted.message);
    return refused(offer, accepted.code, accepted.message);
  }
  order.onProgress({ kind: 'agreed', agreementHash, peerId: peer.peerId, units: agreement.maxUnits });
  const startedAtMs = performance.now();
  const ending = await purchase.run(signal);
  show('delivered', purchase, '');
  // Who does not want it any more does not wait for the check either.
  const finding = await order.delivery.finish(AbortSignal.any([signal, AbortSignal.timeout(checkWithinMs)]));
  const verdict = verdictOf(ending, finding);
  const paidChunks = verdict === 'rejected' ? purchase.acknowledged : purchase.chunks.length;
  const resultHash = purchase.links[paidChunks] ?? agreementHash;
  const receipt = receiptOver(purchase.chunks.slice(0, paidChunks), resultHash, verdict);
  const { signature: receiptSignature } = await payments.issueReceipt(agreementHash, receipt);
  const handed = ending.kind === 'result' && (await handOver(stream, receipt, receiptSignature));
  if (handed) payments.markReceiptDelivered(agreementHash);
  if (handed) await stream.close();
  else stream.abort(new Error('the receipt was not taken'));
  show('receipted', purchase, finding.detail);

  const durationMs = (purchase.lastChunkAtMs ?? startedAtMs) - startedAtMs;
  const document: ReceiptDocument = {
    schema: receiptSchema,
    chainId: chain.chainId,
    settlement: chain.settlement,
    agreement,
    requesterSignature,
    providerSignature: accepted,
    chunks: purchase.chunks,
    result: ending.kind === 'result' ? { result: ending.result, signature: ending.signature } : null,
    receipt,
    receiptSignature,
    task,
    payloads: order.keepPayloads ? purchase.payloads : null,
  };
  const part: ProviderPart = {
    agreementHash,
    peerId: peer.peerId,
    wallet: peer.wallet,
    name: peer.name,
    adapterClass: ending.kind === 'result' ? ending.result.adapterClass : quote.adapterClass,
    units: receipt.units,
    durationMs,
    unitsPerSecond: purchase.rate ?? (durationMs > 0 ? (Number(purchase.unitsDone) * 1000) / durationMs : 0),
    amountDue: receipt.amountDue,
    verdict,
    detail: ending.kind === 'lost' ? `${ending.reason}; ${finding.detail}` : finding.detail,
    receipt: document,
  };
  order.onProgress({ kind: 'part', part });
  return { kind: 'part', part, ended: endedAs(ending, verdict) };
}

/** The tasks beside it may be loading a model; a quote holds for three minutes. */
const firstVoucherWithinMs = 120_000;
const firstShare = 4n;

/** A quarter of a chunk: tasks that begin beside this one need not wait until its model is loaded. */
function firstCover({ chunkUnits, maxUnits }: Agreement, smallest: bigint): bigint {
  const share = chunkUnits / firstShare;
  return lower(share > smallest ? share : smallest, maxUnits);
}

function lower(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

/** A check on a slow machine may take minutes; one that hangs must not hold the money for ever. */
const checkWithinMs = 10 * 60 * 1000;

async function start(
  stream: TaskStream,
  purchase: Purchase,
  { task, signal }: Order,
  terms: {
    readonly draft: DraftAgreement;
    readonly channel: Parameters<typeof encodeStart>[0]['channel'];
    readonly first: { readonly voucher: SignedVoucher; readonly coveredUnits: bigint };
  },
): Promise<Hex | ErrorShape> {
  const { draft, channel, first } = terms;
  const { maxClaimableAmount, signature } = first.voucher;
  const voucher = { cumulative: maxClaimableAmount, signature, acknowledged: 0, coveredUnits: first.coveredUnits };
  try {
    await stream.send(encodeStart({ draft, channel, task, voucher }));
    return await purchase.accepted(signal);
  } catch (error) {
    return { code: 'UNREACHABLE', message: errorText(error) };
  }
}

function encodeStart(input: {
  readonly draft: DraftAgreement;
  readonly channel: Extract<Parameters<TaskStream['send']>[0], { type: 'start' }>['body']['channel'];
  readonly task: Task;
  readonly voucher: Extract<Parameters<TaskStream['send']>[0], { type: 'start' }>['body']['voucher'];
}): Parameters<TaskStream['send']>[0] {
  const { agreement, requesterSignature } = input.draft;
  const { channel, voucher } = input;
  return {
    type: 'start',
    body: { agreement, requesterSignature, channel, task: taskCodec.encode(input.task), voucher },
  };
}

/** True when the provider has the receipt, also when it disagrees: it will not change its mind. */
async function handOver(stream: TaskStream, receipt: Receipt, signature: Hex): Promise<boolean> {
  try {
    await stream.send({ type: 'receipt', body: { receipt, signature } });
    for (;;) {
      const frame = await stream.receive({ timeoutMs: receiptStoredWithinMs });
      if (frame === null) return false;
      if (frame.type === 'receiptStored' || frame.type === 'refuse') return true;
    }
  } catch {
    return false;
  }
}

function refused({ peer }: Offer, code: string, message: string): Bought {
  return { kind: 'refused', refusal: { code, message, data: { peerId: peer.peerId, name: peer.name } }, isOwn: false };
}

function refusedHere({ peer }: Offer, { code, message }: ErrorShape): Bought {
  return { kind: 'refused', refusal: { code, message, data: { name: peer.name } }, isOwn: true };
}

function verdictOf(ending: Ending, finding: Finding): Verdict {
  if (finding.verdict === 'rejected') return 'rejected';
  return ending.kind === 'lost' ? 'partial' : finding.verdict;
}

function endedAs(ending: Ending, verdict: Verdict): 'complete' | 'handed-back' | 'cancelled' | 'lost' | 'rejected' {
  if (verdict === 'rejected') return 'rejected';
  return ending.kind === 'lost' ? 'lost' : ending.result.outcome;
}

function maxPayloadBytes(task: Task): number {
  if (task.kind === 'chat') return wireLimits.chunkText + wireLimits.chunkTokens * 5 + 64;
  return task.tiles.reduce((most, { x0, y0, x1, y1 }) => Math.max(most, (x1 - x0) * (y1 - y0) * 16), 0) + 64;
}
