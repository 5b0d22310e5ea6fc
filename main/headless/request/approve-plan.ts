import { formatAmount, tokenName } from '../../../protocol/money.ts';
import type { JobPlan, SpendingLimits } from '../../requester/index.ts';
import { type AskYes, askYes } from '../ask-yes.ts';
import { RefusedError } from '../cli-errors.ts';
import type { CommandContext } from '../command-definition.ts';
import { explainNoOffer, sayCoins } from './refusal-words.ts';
import type { Caps } from './request-options.ts';
import type { Session } from './with-buyer.ts';

export interface Approval {
  readonly caps: Caps;
  /** `--yes`. */
  readonly isGiven: boolean;
  readonly waitSeconds: number;
  /** What is bought, in the plural. */
  readonly unit: string;
  /** What is asked for by name, for a provider that does not have it. */
  readonly inputs: readonly string[];
  readonly ask?: AskYes;
}

/** Whose money it is. */
type Payer = Pick<Session, 'walletAddress' | 'chainId'> & { readonly payments: Pick<Session['payments'], 'funds'> };

/**
 * Says what the plan costs and what it takes to be deposited, and has the deposit agreed to. What the job may spend comes
 * back: never more than what was said here.
 *
 * @throws RefusedError when there is no plan, it costs too much, the wallet has too little, or the answer is no
 */
export async function approvePlan(
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
  session: Payer,
  plan: JobPlan,
  approval: Approval,
): Promise<SpendingLimits> {
  const { caps, waitSeconds, inputs } = approval;
  if (plan.unitsKept > 0n) {
    output.data({ event: 'kept', units: plan.unitsKept, unitsLeft: plan.unitsLeft });
    output.log(
      `An earlier run of this request got ${plan.unitsKept} ${approval.unit}: they are not bought again, ${plan.unitsLeft} are left.`,
    );
  }
  // Nothing has to be bought, so nothing may be.
  if (plan.unitsLeft === 0n) return { maxPrice: 0n, maxDeposit: 0n };
  if (plan.parts.length === 0) throw explainNoOffer(plan.refusals, { waitSeconds, inputs });
  for (const { peer, units, price } of plan.parts) {
    output.log(`${peer.name} (${peer.peerId}) does ${units} ${approval.unit} for at most ${say(price)}.`);
  }
  const cheapest = cheapestWhole(plan);
  if (cheapest > caps.maxPrice) {
    throw new RefusedError(
      'PRICE_ABOVE_CAP',
      `the cheapest offer is ${say(cheapest)}, --max-price allows ${say(caps.maxPrice)}; raise it, or ask for less`,
      { data: { price: cheapest.toString(), maxPrice: caps.maxPrice.toString() } },
    );
  }
  const filled = plan.parts.filter(({ missing }) => missing > 0n);
  const fill = caps.fills && filled.length > 0 ? caps.maxDeposit / BigInt(filled.length) : 0n;
  const deposit = filled.reduce((sum, { missing }) => sum + (fill > missing ? fill : missing), 0n);
  const limits = { maxPrice: caps.maxPrice, maxDeposit: caps.maxDeposit, fill };
  if (deposit === 0n) {
    output.data({ event: 'plan', price: plan.price, deposit, parts: plan.parts });
    output.log('The channels that are open have room for it: nothing is deposited.');
    return limits;
  }
  if (deposit > caps.maxDeposit) {
    throw new RefusedError(
      'DEPOSIT_ABOVE_CAP',
      `the channels need ${say(deposit)} more, ${caps.fills ? '--deposit' : '--max-price'} allows ${say(caps.maxDeposit)}; raise --deposit, or ask for less`,
      { data: { deposit: deposit.toString(), maxDeposit: caps.maxDeposit.toString() } },
    );
  }
  const transactions = BigInt(filled.length);
  const { fee, feeInToken } = await requireFunds(session, deposit, transactions);
  output.data({ event: 'plan', price: plan.price, deposit, fee, feeInToken, parts: plan.parts });
  const channels = filled.length === 1 ? `a channel with ${filled[0]?.peer.name}` : `${filled.length} channels`;
  output.log(
    `${say(deposit)} must be deposited into ${channels}; gas for it is about ${sayCoins(fee)} (${say(feeInToken)}). At most ${say(caps.maxDeposit)} is deposited for this request in all. What is not used comes back with "hearth refund".`,
  );
  if (feeInToken > deposit && !caps.fills) {
    output.log(
      'The gas costs more than what is deposited: --deposit fills channels with more, for later requests too.',
    );
  }
  const begin = (): SpendingLimits => {
    output.log('Depositing; the work begins when the chain has it.');
    return limits;
  };
  if (approval.isGiven) return begin();
  const answer = await (approval.ask ?? askYes)(`Deposit ${say(deposit)}?`, signal);
  if (answer === 'yes') return begin();
  const fix = answer === 'no' ? '' : '; in a script give --yes, with --max-price or --deposit as its limit';
  throw new RefusedError('DEPOSIT_NOT_APPROVED', `the deposit of ${say(deposit)} was not agreed to${fix}`, {
    data: { deposit: deposit.toString() },
  });
}

/** Where one provider alone does all of it. */
function cheapestWhole({ parts }: JobPlan): bigint {
  const total = parts.reduce((sum, { units }) => sum + units, 0n);
  const prices = parts.map(({ price, units }) => (price * total + units - 1n) / units);
  return prices.reduce((low, price) => (price < low ? price : low));
}

async function requireFunds(
  { payments, walletAddress, chainId }: Payer,
  deposit: bigint,
  transactions: bigint,
): Promise<{ readonly fee: bigint; readonly feeInToken: bigint }> {
  const funds = await payments.funds();
  if (!funds.ok) throw new RefusedError(funds.code, `${funds.message}; see that --rpc-url answers`);
  const fee = funds.depositFee * transactions;
  const where = `${walletAddress} on chain ${chainId}`;
  if (funds.token < deposit) {
    throw new RefusedError(
      'DEPOSIT_TOO_SMALL',
      `the deposit is ${say(deposit)}, the wallet holds ${say(funds.token)}; send ${tokenName} to ${where}`,
      { data: { needed: deposit.toString(), available: funds.token.toString() } },
    );
  }
  if (funds.coin < fee) {
    throw new RefusedError(
      'DEPOSIT_FAILED',
      `gas for the deposit is about ${sayCoins(fee)}, the wallet holds ${sayCoins(funds.coin)}; send a little of the chain's coin to ${where}`,
      { data: { needed: fee.toString(), available: funds.coin.toString() } },
    );
  }
  return { fee, feeInToken: funds.depositFeeInToken * transactions };
}

function say(amount: bigint): string {
  return `${formatAmount(amount)} ${tokenName}`;
}
