import type { ErrorShape } from '../../protocol/errors.ts';
import { priceOfUnits, type Task, taskUnits } from '../../protocol/tasks.ts';
import type { Offer } from '../market/quote-choice.ts';
import type { RequesterComponents } from './components.ts';
import { ProviderRound } from './provider-round.ts';
import type { JobOptions, JobPlan, PlannedPart } from './types.ts';

/** One provider's share of a job, as it would be asked for. */
export interface Share {
  readonly offer: Offer;
  readonly tasks: readonly Task[];
}

/**
 * What a job would cost now, and what would have to be deposited for it. Nothing is agreed or sent: the job itself asks
 * again, and its limits are what holds.
 */
export async function planJob(
  components: RequesterComponents,
  task: Task,
  options: Pick<JobOptions, 'signal' | 'provider'>,
  share: (offers: readonly Offer[]) => readonly Share[],
): Promise<JobPlan> {
  const round = new ProviderRound(components, options.provider);
  const { offers, refusals } = await round.offers(task, options.signal ?? new AbortController().signal);
  const parts: PlannedPart[] = [];
  const failures: ErrorShape[] = [];
  for (const { offer, tasks } of share(offers)) {
    const { peer, quote } = offer;
    const units = tasks.reduce((sum, part) => sum + taskUnits(part), 0n);
    const price = tasks.reduce((sum, part) => sum + priceOfUnits(taskUnits(part), quote.pricePerMillionUnits), 0n);
    const { receiver, receiverAuthorizer } = quote;
    const deposit = await components.payments.missingDeposit({ receiver, receiverAuthorizer, amount: price });
    if (!deposit.ok) failures.push({ code: deposit.code, message: deposit.message });
    else parts.push({ peer, units, price, missing: deposit.missing, balance: deposit.balance });
  }
  return {
    parts,
    price: parts.reduce((sum, part) => sum + part.price, 0n),
    unitsKept: 0n,
    unitsLeft: taskUnits(task),
    deposit: parts.reduce((sum, part) => sum + part.missing, 0n),
    refusals: [...refusals, ...failures],
  };
}
