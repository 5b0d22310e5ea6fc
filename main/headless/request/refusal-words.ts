import type { ErrorShape } from '../../../protocol/errors.ts';
import { formatAmount } from '../../../protocol/money.ts';
import { RequesterError } from '../../requester/index.ts';
import { RefusedError, UsageError } from '../cli-errors.ts';

const coinDecimals = 18;

/** Wei as coins, four digits of it. */
export function sayCoins(wei: bigint): string {
  const digits = wei.toString().length;
  const unit = 10n ** BigInt(Math.max(0, digits - 4));
  return `${formatAmount((wei / unit) * unit, coinDecimals)} of the chain's coin`;
}

/** What somebody can do about it, for refusals that all providers may give. */
const fixes: Readonly<Record<string, string>> = {
  UNKNOWN_MODEL:
    'a provider serves the .gguf files in models/ of its data folder: ask one to add it, or name another with --model',
  UNKNOWN_SCENE: 'a provider renders the .glb files in scenes/ of its data folder: ask one to add it',
  UNKNOWN_ENVIRONMENT:
    'a provider lights with the .hdr and .exr files in scenes/ of its data folder: ask one to add it',
  SHADER_SET: 'both sides need the same version of Hearth',
  TOO_LARGE: 'ask for less, or look for one with a larger card',
  BUSY: 'try again in a while',
  RATE: 'try again in a while',
  NOT_ACCEPTING: 'try again later, or look for another with --bootstrap',
  EXPOSURE_LIMIT: 'try again in a while: receipts go out at each contact',
};

/** Nobody makes an offer: who said what, and what helps. */
export function explainNoOffer(
  refusals: readonly ErrorShape[],
  { waitSeconds, inputs }: { readonly waitSeconds: number; readonly inputs: readonly string[] },
): RefusedError {
  const [first] = refusals;
  if (first === undefined) {
    return new RefusedError(
      'NO_PROVIDER',
      `no provider was found within ${waitSeconds} s; name one with --provider or --bootstrap MULTIADDR, which "hearth start" and "hearth status" show on its machine, or look longer with --wait SECONDS`,
    );
  }
  // In one order, whoever answered first.
  const answers = refusals
    .map(({ code, message, data }) => `${String(data?.['name'] ?? 'one')}: ${code}, ${message}`)
    .toSorted();
  const isOne = refusals.every(({ code }) => code === first.code);
  const about = inputs.length === 0 ? '' : ` (${inputs.join(', ')})`;
  const helps = isOne && fixes[first.code] !== undefined ? `; ${fixes[first.code]}` : '';
  return new RefusedError(
    isOne ? first.code : 'NO_PROVIDER',
    `no provider takes it${about}: ${answers.join('; ')}${helps}`,
  );
}

/** What a job threw, in the terms of the command line: a refusal is exit 3, a wrong request exit 2. */
export function asCommandFailure(error: unknown): unknown {
  if (!(error instanceof RequesterError)) return error;
  if (error.code === 'BAD_REQUEST') return new UsageError('INVALID_VALUE', error.message);
  const refusal = error.refusals[0]?.code ?? error.code;
  const fix = fixes[refusal];
  return new RefusedError(error.code, fix === undefined ? error.message : `${error.message}; ${fix}`, {
    data: { parts: error.parts.length },
  });
}
