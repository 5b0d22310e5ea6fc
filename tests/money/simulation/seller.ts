/** The provider of the simulation: the real payments, and as little around them as makes a task go on. */
import { createProviderPayments } from '../../../main/payment/index.ts';
import type { ChainClient, HotWallet, ProviderPayments } from '../../../main/payment/index.ts';
import type { Hex } from '../../../protocol/agreement.ts';
import { hashOf } from '../../payment/market-place.ts';
import { startProcess } from './process.ts';
import type { Process } from './process.ts';
import type { Random } from './seeded-random.ts';
import type { Clock, Message } from './wire.ts';

interface Computed {
  readonly sequence: number;
  readonly units: bigint;
}

interface State {
  readonly payments: ProviderPayments;
  /** The newest chunk of each running task, to be sent again. */
  readonly sessions: Map<Hex, Computed | null>;
}

export interface Seller {
  readonly wallet: HotWallet;
  readonly process: Process<State>;
  receive(message: Message, reply: (message: Message) => void): Promise<void>;
  claim(): Promise<void>;
}

const idleMs = 5_000;

export function createSeller(parts: {
  readonly wallet: HotWallet;
  readonly chain: ChainClient;
  readonly path: string;
  readonly random: Random;
  readonly deathEvery: number;
  readonly clock: Clock;
  /** After each chunk. */
  readonly onComputed: () => void;
}): Seller {
  const { wallet, chain, random, clock, onComputed } = parts;
  const process = startProcess<State>({
    ...parts,
    now: clock.nowMs,
    boot: (ledger) => ({
      payments: createProviderPayments({ ledger, chain, signer: wallet, now: clock.nowMs }),
      sessions: new Map(),
    }),
  });

  function compute(
    { payments, sessions }: State,
    hash: Hex,
    coveredUnits: bigint,
    reply: (message: Message) => void,
    fits = 16n,
  ): void {
    const task = process.ledger.findTask('provider', hash);
    if (task === undefined) return;
    const left = task.agreement.maxUnits - task.unitsDone;
    const covered = coveredUnits - task.unitsDone;
    const planned = [left, task.agreement.chunkUnits, covered, fits].reduce((least, one) =>
      one < least ? one : least,
    );
    if (planned <= 0n) return;
    const reserved = payments.reserveChunk(hash, planned);
    if (!reserved.ok) {
      if (reserved.code === 'UNKNOWN_AGREEMENT') reply({ type: 'ended', hash });
      else if (reserved.code === 'EXPOSURE_LIMIT') {
        // A smaller one now, or the next time that its voucher comes.
        if (fits > planned) compute({ payments, sessions }, hash, coveredUnits, reply, reserved.available);
      } else if (reserved.code !== 'NOT_COVERED') throw new Error(`${reserved.code}: ${reserved.message}`);
      return;
    }
    // A chunk may turn out shorter than planned, as the last tokens of an answer.
    const units = 1n + BigInt(random.below(Number(planned)));
    const chunk = { sequence: task.chunks, units };
    payments.recordChunk(hash, { ...chunk, payloadSha256: hashOf(`chunk ${task.chunks}`) });
    sessions.set(hash, chunk);
    onComputed();
    reply({ type: 'chunk', hash, ...chunk });
    clock.after(idleMs, () =>
      process.handle((now) => {
        if (now.sessions.get(hash) !== chunk) return;
        now.sessions.delete(hash);
        now.payments.closeTask(hash, 'nobody is there');
      }),
    );
  }

  async function onStart(state: State, message: Message & { type: 'start' }, reply: (message: Message) => void) {
    const { hash, signed, channel, voucher } = message;
    if (state.sessions.has(hash)) return reply({ type: 'accept', hash });
    const opened = await state.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
    if (!opened.ok) {
      if (opened.code !== 'AGREEMENT_KNOWN' && opened.code !== 'EXPOSURE_LIMIT')
        throw new Error(`${opened.code}: ${opened.message}`);
      return reply({ type: 'ended', hash });
    }
    const accepted = state.payments.acceptVoucher(hash, voucher, 0);
    if (!accepted.ok) throw new Error(`${accepted.code}: ${accepted.message}`);
    state.sessions.set(hash, null);
    reply({ type: 'accept', hash });
    compute(state, hash, message.coveredUnits, reply);
  }

  function onVoucher(state: State, message: Message & { type: 'voucher' }, reply: (message: Message) => void): void {
    const { hash, voucher, acknowledged } = message;
    const accepted = state.payments.acceptVoucher(hash, voucher, acknowledged);
    // An older one that was overtaken: what it covers is covered already.
    if (!accepted.ok && accepted.code !== 'VOUCHER_NOT_HIGHER' && accepted.code !== 'UNKNOWN_AGREEMENT') {
      throw new Error(`${accepted.code}: ${accepted.message}`);
    }
    const session = state.sessions.get(hash);
    if (session === undefined) return reply({ type: 'ended', hash });
    if (session !== null && session.sequence >= acknowledged) return reply({ type: 'chunk', hash, ...session });
    compute(state, hash, message.coveredUnits, reply);
  }

  return {
    wallet,
    process,
    receive: (message, reply) =>
      process.handle(async (state) => {
        if (message.type === 'start') return onStart(state, message, reply);
        if (message.type === 'voucher') return onVoucher(state, message, reply);
        if (message.type !== 'receipt') return;
        const { receipt, signature } = message;
        const accepted = state.payments.acceptReceipt(receipt, signature);
        // A task that died before its agreement was written: nothing was delivered for it either.
        if (!accepted.ok && !(accepted.code === 'UNKNOWN_AGREEMENT' && receipt.amountDue === 0n)) {
          throw new Error(`${accepted.code}: ${accepted.message}`);
        }
        state.sessions.delete(receipt.agreementHash);
        reply({ type: 'receipt-stored', hash: receipt.agreementHash });
      }),
    claim: () =>
      process.handle(async ({ payments }) => {
        await payments.claimAndSettle();
      }),
  };
}
