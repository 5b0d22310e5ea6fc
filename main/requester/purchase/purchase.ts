/** One agreement from the buyer's side: cover, take, check, receipt. Never more than one chunk is covered in advance. */
import type { ChunkRecord, Hex, TaskResult } from '../../../protocol/agreement.ts';
import { nextLink } from '../../../protocol/hashing/chunk-chain.ts';
import { hashTaskResult, isSignedBy } from '../../../protocol/hashing/typed-data.ts';
import type { ErrorShape } from '../../../protocol/errors.ts';
import { priceOfUnits } from '../../../protocol/tasks.ts';
import type { CancelReason, TaskFrame } from '../../../protocol/wire/task-messages.ts';
import { WireError } from '../../../protocol/wire/wire-error.ts';
import { silenceMs } from '../../network/task/constants.ts';
import type { TaskStream } from '../../network/types.ts';
import { ChunkAssembler } from './chunk-assembler.ts';
import { DeliveryError } from './delivery.ts';
import type { PurchaseContext } from './purchase-context.ts';
import { errorText } from '../../../protocol/errors.ts';

/** A cancelled provider signs for what it delivered within this time, or is taken as gone. */
const lastWordMs = 5_000;

/** Longest without a chunk, however often the provider says that it is at work: before the first it loads a model. */
const firstChunkWithinMs = 600_000;
const nextChunkWithinMs = 180_000;

export type Ending =
  | { readonly kind: 'result'; readonly result: TaskResult; readonly signature: Hex }
  | { readonly kind: 'lost'; readonly reason: string };

/** What has arrived, whatever ended it. */
export class Purchase {
  readonly #context: PurchaseContext;
  readonly #stream: TaskStream;
  readonly #assembler: ChunkAssembler;
  readonly chunks: ChunkRecord[] = [];
  readonly payloads: Uint8Array<ArrayBuffer>[] = [];
  /** Link after each chunk; the first is the agreement hash. */
  readonly links: Hex[];
  unitsDone = 0n;
  /** Chunks confirmed with a voucher: they are owed, whatever is found later. */
  acknowledged = 0;
  firstChunkAtMs: number | null = null;
  lastChunkAtMs: number | null = null;
  readonly #startedAtMs = performance.now();
  #coveredUnits: bigint;

  constructor(context: PurchaseContext, stream: TaskStream, coveredUnits: bigint) {
    this.#context = context;
    this.#stream = stream;
    this.#coveredUnits = coveredUnits;
    this.links = [context.agreementHash];
    this.#assembler = new ChunkAssembler({
      payloadBytes: context.maxPayloadBytes,
      units: context.agreement.chunkUnits,
    });
  }

  /** The provider's signature, or its refusal. @throws NetworkError, WireError */
  async accepted(signal: AbortSignal): Promise<Hex | ErrorShape> {
    for (;;) {
      const frame = await this.#stream.receive({ timeoutMs: silenceMs, signal });
      if (frame?.type === 'accept') {
        const { agreement, agreementHash } = this.#context;
        if (isSignedBy(agreement.provider, agreementHash, frame.body.providerSignature)) {
          return frame.body.providerSignature;
        }
        return { code: 'PROTOCOL', message: `the agreement came back without the signature of ${agreement.provider}` };
      }
      if (frame?.type === 'refuse') return { code: frame.body.code, message: frame.body.message };
      if (frame?.type !== 'progress') {
        return { code: 'PROTOCOL', message: `the start was answered with ${frame === null ? 'nothing' : frame.type}` };
      }
    }
  }

  /** Takes chunks until the provider's last word. Never throws: whatever goes wrong is how it ended. */
  async run(signal: AbortSignal): Promise<Ending> {
    try {
      return await this.#read({ timeoutMs: silenceMs, signal });
    } catch (error) {
      if (signal.aborted) return this.#cancel('user', 'the requester does not want it any more');
      const reason = errorText(error);
      if (error instanceof BadResult) return this.#cancel('bad-result', reason);
      if (error instanceof DeliveryError || error instanceof WireError) {
        this.#context.penalise('malformed', reason);
        return { kind: 'lost', reason: `the delivery broke the agreement: ${reason}` };
      }
      return { kind: 'lost', reason };
    }
  }

  async #read(options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<Ending> {
    for (;;) {
      const frame = await this.#stream.receive(options);
      if (frame === null) return { kind: 'lost', reason: 'the provider closed the stream' };
      if (frame.type === 'chunk' || frame.type === 'chunkPart') await this.#take(frame, options.signal);
      else if (frame.type === 'result') return this.#ending(frame.body);
      else if (frame.type === 'progress') this.#stillAtWork(frame.body.activity);
      else if (frame.type === 'cancel') return { kind: 'lost', reason: `the provider gave up: ${frame.body.message}` };
      else if (frame.type === 'refuse') return { kind: 'lost', reason: `the provider refused: ${frame.body.message}` };
      else throw new DeliveryError(`a provider sends no "${frame.type}" here`);
    }
  }

  #stillAtWork(activity: 'loading' | 'computing' | 'recovering'): void {
    const limitMs = this.lastChunkAtMs === null ? firstChunkWithinMs : nextChunkWithinMs;
    const waitedMs = performance.now() - (this.lastChunkAtMs ?? this.#startedAtMs);
    if (waitedMs > limitMs) throw new Error(`no chunk came for ${Math.round(waitedMs / 1000)} s`);
    this.#context.onActivity(activity);
  }

  async #take(frame: Extract<TaskFrame, { type: 'chunk' | 'chunkPart' }>, signal: AbortSignal): Promise<void> {
    const chunk = this.#assembler.push(frame);
    if (chunk === null) return;
    const { record, payload } = chunk;
    const { agreementHash, delivery, payments } = this.#context;
    if (this.unitsDone + record.units > this.#coveredUnits) {
      throw new DeliveryError(`chunk ${record.sequence} passes the ${this.#coveredUnits} units that were covered`);
    }
    const { isLast } = delivery.accept(payload, record.units);
    payments.recordChunk(agreementHash, record);
    this.chunks.push(record);
    if (this.#context.keepPayloads) this.payloads.push(payload);
    this.links.push(nextLink(this.link, record));
    this.unitsDone += record.units;
    this.lastChunkAtMs = performance.now();
    this.firstChunkAtMs ??= this.lastChunkAtMs;
    this.#context.onChunk(this.unitsDone);
    if (delivery.fault !== null) throw new BadResult(delivery.fault);
    if (!isLast) await this.#cover(signal);
  }

  async #cover(signal: AbortSignal): Promise<void> {
    const { agreement, agreementHash, payments, smallestChunkUnits } = this.#context;
    const upTo = (units: bigint): bigint =>
      this.unitsDone + units < agreement.maxUnits ? this.unitsDone + units : agreement.maxUnits;
    const signed = await payments.signVoucher(agreementHash, upTo(agreement.chunkUnits), {
      atLeastUnits: upTo(smallestChunkUnits),
      signal,
    });
    if (!signed.ok) throw new Error(`no voucher: ${signed.message}`);
    const { voucher, coveredUnits } = signed;
    this.#coveredUnits = coveredUnits;
    const acknowledged = this.chunks.length;
    this.acknowledged = acknowledged;
    const body = { cumulative: voucher.maxClaimableAmount, signature: voucher.signature, acknowledged, coveredUnits };
    await this.#stream.send({ type: 'voucher', body });
  }

  /** Units per second from the first chunk on: what came before it was loading. Null until there is a second chunk. */
  get rate(): number | null {
    const first = this.chunks[0];
    const elapsedMs = (this.lastChunkAtMs ?? 0) - (this.firstChunkAtMs ?? 0);
    return first === undefined || elapsedMs <= 0 ? null : (Number(this.unitsDone - first.units) * 1000) / elapsedMs;
  }

  /** The last link of the chain so far. */
  get link(): Hex {
    return this.links.at(-1) ?? this.#context.agreementHash;
  }

  #ending({ result, signature }: { readonly result: TaskResult; readonly signature: Hex }): Ending {
    const { agreement, agreementHash, chain } = this.#context;
    if (!isSignedBy(agreement.provider, hashTaskResult(result, chain), signature)) {
      return { kind: 'lost', reason: 'the result is not signed by the provider' };
    }
    const amountDue = priceOfUnits(this.unitsDone, agreement.pricePerMillionUnits);
    const fits =
      result.agreementHash === agreementHash &&
      result.resultHash === this.link &&
      result.units === this.unitsDone &&
      result.amountDue === amountDue;
    if (fits) return { kind: 'result', result, signature };
    const reason = `the result is over ${result.units} units for ${result.amountDue}, received were ${this.unitsDone} for ${amountDue}`;
    return { kind: 'lost', reason };
  }

  /** Says why, then waits a moment for the provider to sign for what it delivered. */
  async #cancel(reason: CancelReason, message: string): Promise<Ending> {
    try {
      await this.#stream.send({ type: 'cancel', body: { reason, message: message.slice(0, 80).toWellFormed() } });
      const signal = AbortSignal.timeout(lastWordMs);
      for (;;) {
        const frame = await this.#stream.receive({ timeoutMs: lastWordMs, signal });
        if (frame === null) break;
        // Chunks that were under way are neither taken nor paid: the result then is over more than was received.
        if (frame.type === 'result') return this.#ending(frame.body);
      }
    } catch {
      // It is gone, or does not answer: the same to us.
    }
    return { kind: 'lost', reason: message };
  }
}

class BadResult extends Error {}
