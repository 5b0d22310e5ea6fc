import type { Hex, NumericProfile, SignedAgreement } from '../../protocol/agreement.ts';
import { refuse, type Refusal } from '../../protocol/errors.ts';
import { sha256Hex } from '../../protocol/hashing/sha256.ts';
import { chainIdentity, hashAgreement, isSignedBy } from '../../protocol/hashing/typed-data.ts';
import type { TaskSnapshot } from '../../protocol/node-api.ts';
import { type ChatTask, priceOfUnits, type Sha256, type Task, taskUnits } from '../../protocol/tasks.ts';
import { errorText } from '../../protocol/errors.ts';
import { toRefusalMessage } from '../../protocol/wire/refusal-codec.ts';
import { taskCodec } from '../../protocol/wire/task-codec.ts';
import type { Start } from '../../protocol/wire/task-messages.ts';
import { checkAgreement } from '../market/check-agreement.ts';
import type { PriceList } from '../market/pricing.ts';
import { createQuoteDesk } from '../market/quote-desk.ts';
import { createRateMeter } from '../market/rate-meter.ts';
import type { TaskRefusalCode } from '../market/refusal-codes.ts';
import { startWithinMs } from '../network/task/constants.ts';
import type { NetworkHandlers, Offence, TaskStream } from '../network/types.ts';
import { sliceTargetMs } from '../owner/presence.ts';
import type { ProviderPayments, Signer } from '../payment/types.ts';
import type { InputStore } from '../store/input-store.ts';
import { type TaskInputs, createAdmission } from './admission.ts';
import type { GpuWorker } from './gpu-worker.ts';
import { createModelFit } from './model-fit.ts';
import { createSceneFit } from './scene-fit.ts';
import type { AgreedTask, SessionComponents } from './task/agreed-task.ts';
import { createChatChunks } from './task/chat-chunks.ts';
import type { ChunkSourceComponents } from './task/chunk-source.ts';
import { HandBack, runProviderSession, type SessionProgress } from './task/provider-session.ts';
import { createRenderChunks } from './task/render-chunks.ts';
import { computeWholeChat, type ChatAnswer } from './task/whole-chat.ts';
import { WorkerInputs } from './task/worker-inputs.ts';

export interface TaskRunnerComponents {
  readonly worker: GpuWorker;
  /** Resolves when a GPU process with an open adapter is up; the supervisor's `ready`. */
  readonly workerReady?: () => Promise<void>;
  readonly payments: ProviderPayments;
  readonly signer: Pick<Signer, 'signAgreement' | 'signResult'>;
  readonly store: Pick<InputStore, 'find'>;
  readonly chainId: bigint;
  readonly shaderSetHash: Hex;
  /** See adapterClassOf. */
  readonly adapterClass: () => string;
  readonly numericProfile: () => NumericProfile;
  /** GPU memory that a model or a scene may take; null where nobody knows. */
  readonly modelBudgetBytes?: () => number | null;
  readonly prices: () => PriceList;
  /** Does somebody use the machine? Work is cut finer then. */
  readonly isOwnerPresent?: () => boolean;
  /** Null while tasks are taken, else the sentence the requester is told. */
  readonly closedReason: () => string | null;
  readonly receiverAuthorizer?: Hex;
  /** Who is paid; the signer unless told. */
  readonly payoutAddress?: Hex;
  /** Tasks that share the GPU; 4 unless told. */
  readonly maxOpenTasks?: number;
  /** Called at every change of every task, also its last. */
  readonly onTask?: (task: TaskSnapshot) => void;
  readonly penalise?: (peerId: string, offence: Offence, detail: string) => void;
  readonly log?: (sentence: string) => void;
  readonly nowMs?: () => number;
}

export interface TaskRunner {
  /** What the network calls: pass it to createNetwork. */
  readonly handlers: NetworkHandlers;
  /** Tasks that use the GPU, or are about to. */
  readonly openTasks: number;
  /** Would a chat on this model be taken now? */
  admitChat(modelSha256: Sha256): Promise<{ readonly ok: true } | Refusal<TaskRefusalCode>>;
  /**
   * A chat for a payer who pays by request: counted, shown and handed back like every other task. `stop` ends it early.
   * @throws HandBack, TaskError, GpuWorkerError
   */
  computeChat(sale: ChatSale, stop: AbortSignal): Promise<ChatAnswer>;
  /**
   * Every open task ends with a signed result for what was delivered. Resolves when none computes any more and the worker
   * has given back its memory; the requesters' receipts may still be on their way.
   */
  handBack(reason: string): Promise<void>;
  /** Resolves when no task is open and no receipt is waited for. */
  idle(): Promise<void>;
}

export type ChatSale = Pick<AgreedTask, 'agreement' | 'agreementHash'> & { readonly task: ChatTask };

/** The provider: quotes, admits, computes chunk by chunk as it is paid, and signs what it delivered. */
export function createTaskRunner(components: TaskRunnerComponents): TaskRunner {
  const nowMs = components.nowMs ?? Date.now;
  const nowSeconds = (): bigint => BigInt(Math.floor(nowMs() / 1000));
  const { payments, signer, shaderSetHash } = components;
  const chain = chainIdentity(components.chainId);
  const rates = createRateMeter();
  const inputs = new WorkerInputs(components);
  const parts: ChunkSourceComponents = {
    worker: components.worker,
    inputs,
    rates,
    sliceTargetMs: () => sliceTargetMs(components.isOwnerPresent?.() ?? false),
  };
  const sessions = new Set<Promise<void>>();
  /** Sessions that use the GPU. */
  const computing = new Map<Promise<void>, AbortController>();
  let starting = 0;
  const budgetBytes = components.modelBudgetBytes ?? (() => null);
  const admission = createAdmission({
    store: components.store,
    closedReason: components.closedReason,
    openTasks: () => computing.size + starting,
    maxOpenTasks: components.maxOpenTasks ?? 4,
    modelFit: createModelFit(components.worker, budgetBytes),
    sceneFit: createSceneFit(components.worker, budgetBytes),
  });
  const desk = createQuoteDesk({
    admit: (inputs) => admission.check(inputs),
    prices: components.prices,
    rates,
    address: payments.address,
    ...(components.payoutAddress === undefined ? {} : { receiver: components.payoutAddress }),
    ...(components.receiverAuthorizer === undefined ? {} : { receiverAuthorizer: components.receiverAuthorizer }),
    shaderSetHash,
    numericProfile: components.numericProfile,
    adapterClass: components.adapterClass,
    nowSeconds,
  });
  const session: SessionComponents = {
    payments,
    signer,
    chain,
    adapterClass: components.adapterClass,
    penalise: (peerId, offence, detail) => components.penalise?.(peerId, offence, detail),
    nowSeconds,
  };

  /** From cheap to dear: fields, signature, this node's state, the channel on chain, the voucher. */
  async function agree(
    stream: TaskStream,
    start: Start,
  ): Promise<{ readonly ok: true; readonly agreed: AgreedTask } | Refusal<TaskRefusalCode>> {
    const task = taskCodec.decode(start.task);
    const taskHash = sha256Hex(start.task);
    const quote = desk.find(stream.peer.peerId, taskHash);
    if (quote === null) return refuse('NO_QUOTE', `task ${taskHash} was not quoted to this peer, or too long ago`);
    const { agreement, requesterSignature } = start;
    const requester = stream.peer.wallet;
    const checked = { agreement, task, taskHash, quote, requester, shaderSetHash, nowSeconds: nowSeconds() };
    const mismatch = checkAgreement(checked);
    if (mismatch !== null) return mismatch;
    const agreementHash = hashAgreement(agreement, chain);
    if (!isSignedBy(agreement.requester, agreementHash, requesterSignature)) {
      session.penalise(stream.peer.peerId, 'forgery', 'agreement signature');
      return refuse('AGREEMENT_SIGNATURE', `the agreement is not signed by ${agreement.requester}`);
    }
    const admitted = await admission.check(inputsOf(task), true);
    if (!admitted.ok) return admitted;
    const providerSignature = await signer.signAgreement(agreement);
    const signed: SignedAgreement = { agreement, requesterSignature, providerSignature };
    const opened = await payments.openTask({ signed, agreementHash, channel: start.channel, kind: task.kind });
    if (!opened.ok) return opened;
    const { cumulative, signature, coveredUnits } = start.voucher;
    const voucher = { channelId: agreement.channelId, maxClaimableAmount: cumulative, signature };
    const covered = payments.acceptVoucher(agreementHash, voucher, 0);
    if (!covered.ok) {
      payments.closeTask(agreementHash, covered.message);
      if (covered.code === 'VOUCHER_SIGNATURE' || covered.code === 'VOUCHER_MALLEABLE')
        session.penalise(stream.peer.peerId, 'forgery', covered.message);
      return covered;
    }
    return { ok: true, agreed: { task, agreement, agreementHash, signed, stream, coveredUnits } };
  }

  async function serve(stream: TaskStream): Promise<void> {
    const frame = await stream.receive({ timeoutMs: startWithinMs });
    if (frame === null) return;
    starting += 1;
    const answer = await (
      frame.type === 'start'
        ? agree(stream, frame.body)
        : Promise.resolve(refuse('PROTOCOL', `a task begins with "start", not with "${frame.type}"`))
    ).finally(() => (starting -= 1));
    if (!answer.ok) {
      components.log?.(`refused ${stream.peer.peerId}: ${answer.code} ${answer.message}`);
      await stream.send({ type: 'refuse', body: toRefusalMessage(answer) });
      await stream.close();
      return;
    }
    const controller = new AbortController();
    // The owner may have come back while the agreement was signed.
    const closedReason = components.closedReason();
    if (closedReason !== null) controller.abort(new HandBack(closedReason));
    const released = Promise.withResolvers<void>();
    computing.set(released.promise, controller);
    const running = run(answer.agreed, controller.signal, () => {
      computing.delete(released.promise);
      released.resolve();
    });
    sessions.add(running);
    await running.finally(() => sessions.delete(running));
  }

  async function computeChat(sale: ChatSale, stop: AbortSignal): Promise<ChatAnswer> {
    const closedReason = components.closedReason();
    if (closedReason !== null) throw new HandBack(closedReason);
    const controller = new AbortController();
    const released = Promise.withResolvers<void>();
    computing.set(released.promise, controller);
    const show = snapshots(sale, rates.rate, nowMs);
    const report = (state: SessionProgress['state'], units: number, detail: string): void => {
      const unitsDone = BigInt(units);
      const amountDue = priceOfUnits(unitsDone, sale.agreement.pricePerMillionUnits);
      components.onTask?.(show({ state, unitsDone, amountDue, detail }));
    };
    let activity = 'loading';
    const source = createChatChunks(sale.task, parts, {
      chunkUnits: sale.agreement.chunkUnits,
      onActivity: (now) => (activity = now),
    });
    try {
      report('running', 0, activity);
      const signals = { stop, handBack: controller.signal };
      const answer = await computeWholeChat(source, sale.agreement.maxUnits, signals, (count) =>
        report('running', count, activity),
      );
      report('delivered', answer.tokens.length, 'paid by request');
      return answer;
    } catch (error) {
      report('failed', 0, error instanceof HandBack ? error.reason : errorText(error));
      throw error;
    } finally {
      await source.close();
      computing.delete(released.promise);
      released.resolve();
    }
  }

  /** The owner gets the whole card back, or hears what is missing. */
  async function releaseMemory(): Promise<void> {
    await components.worker.call('release', {});
    const { liveBytes, liveCount } = await components.worker.call('memory', {});
    if (liveBytes > 0) components.log?.(`the GPU worker still holds ${liveBytes} bytes in ${liveCount} allocations`);
  }

  function run(agreed: AgreedTask, handBack: AbortSignal, onReleased: () => void): Promise<void> {
    const { task, agreement } = agreed;
    const options = { chunkUnits: agreement.chunkUnits };
    const snapshot = snapshots(agreed, rates.rate, nowMs);
    return runProviderSession(agreed, session, {
      handBack,
      openSource: (onActivity) =>
        task.kind === 'chat'
          ? createChatChunks(task, parts, { ...options, onActivity })
          : createRenderChunks(task, parts, { ...options, onActivity }),
      onProgress: (progress) => components.onTask?.(snapshot(progress)),
      onReleased,
    });
  }

  return {
    handlers: {
      quote: (peer, request) => desk.answer(peer.peerId, request),
      task: serve,
      refund: ({ wallet }, { channelId, amount }) =>
        payments.refund({ payer: wallet, channelId, amount: amount === 0n ? null : amount }),
      receipt: (_, { receipt, signature }) => Promise.resolve(payments.acceptReceipt(receipt, signature)),
    },
    get openTasks() {
      return computing.size + starting;
    },
    admitChat: (modelSha256) => admission.check({ kind: 'chat', inputSha256: modelSha256 }),
    computeChat,
    async handBack(reason) {
      for (const controller of computing.values()) controller.abort(new HandBack(reason));
      await Promise.all(computing.keys());
      inputs.forget();
      await releaseMemory().catch((error: unknown) => {
        components.log?.(`the GPU worker did not release its memory: ${String(error)}`);
      });
    },
    async idle() {
      while (sessions.size > 0) await Promise.allSettled(sessions);
    },
  };
}

function inputsOf(task: Task): TaskInputs {
  const inputs = { kind: task.kind, inputSha256: inputOf(task) };
  return task.kind === 'chat' ? inputs : { ...inputs, environmentSha256: task.environmentSha256 };
}

function inputOf(task: Task): string {
  return task.kind === 'chat' ? task.modelSha256 : task.sceneSha256;
}

function snapshots(
  { task, agreement, agreementHash }: Pick<AgreedTask, 'task' | 'agreement' | 'agreementHash'>,
  rate: (kind: Task['kind'], inputSha256: string) => number | null,
  nowMs: () => number,
): (progress: SessionProgress) => TaskSnapshot {
  const startedAtMs = nowMs();
  return ({ state, unitsDone, amountDue, detail }) => ({
    id: agreementHash,
    role: 'provider',
    kind: task.kind,
    counterparty: agreement.requester,
    state,
    unitsDone: unitsDone.toString(),
    unitsTotal: taskUnits(task).toString(),
    amountDue: amountDue.toString(),
    startedAtMs,
    finishedAtMs: state === 'running' ? null : nowMs(),
    unitsPerSecond: rate(task.kind, inputOf(task)),
    detail,
  });
}
