import { parseAmount, tokenName } from '../../../protocol/money.ts';
import { chainOptions, discoveryOptions } from '../chain-options.ts';
import { UsageError } from '../cli-errors.ts';

/** Whom to buy from, and on which chain. */
export interface ConnectOptionValues {
  readonly provider: string | undefined;
  readonly wait: number;
  readonly 'no-check': boolean;
  readonly 'no-mdns': boolean;
  readonly 'rpc-url': readonly string[];
  readonly token: string | undefined;
  readonly 'chain-id': number | undefined;
  readonly confirmations: number | undefined;
  readonly 'coin-price': number | undefined;
}

/** What every request is told about money, providers and checks. */
export const requestOptions = {
  'max-price': { kind: 'text', placeholder: tokenName, fallback: '1', summary: 'most that it may cost' },
  deposit: {
    kind: 'text',
    placeholder: tokenName,
    summary:
      'most that is deposited; all of it where a channel must be filled, so that later requests need no transaction (default: what is missing, up to --max-price)',
  },
  yes: { kind: 'flag', summary: 'deposit without asking' },
  provider: { kind: 'text', placeholder: 'PEER', summary: 'buy from this one only: its peer id, or its multiaddress' },
  wait: {
    kind: 'integer',
    placeholder: 'SECONDS',
    minimum: 0,
    maximum: 3_600,
    fallback: 10,
    summary: 'how long to look for a provider',
  },
  'no-check': { kind: 'flag', summary: 'take results as they are signed: compute nothing of them again' },
  ...chainOptions,
  ...discoveryOptions,
} as const;

export interface Caps {
  readonly maxPrice: bigint;
  readonly maxDeposit: bigint;
  /** Channels are filled up to `maxDeposit`, not just by what is missing. */
  readonly fills: boolean;
}

/** @throws UsageError */
export function readCaps(options: { readonly 'max-price': string; readonly deposit: string | undefined }): Caps {
  const maxPrice = readAmount('--max-price', options['max-price']);
  const deposit = options.deposit === undefined ? undefined : readAmount('--deposit', options.deposit);
  return { maxPrice, maxDeposit: deposit ?? maxPrice, fills: deposit !== undefined };
}

function readAmount(option: string, text: string): bigint {
  try {
    return parseAmount(text);
  } catch {
    const form = `an amount of ${tokenName} such as 0.25, with at most six decimals`;
    throw new UsageError('INVALID_VALUE', `${option} must be ${form}, it was given "${text.slice(0, 40)}"`);
  }
}

/** A peer id, or a multiaddress to dial. @throws UsageError */
export function readProvider(provider: string | undefined): { readonly peerId?: string; readonly address?: string } {
  if (provider === undefined) return {};
  if (/^\/[a-z0-9]+\/\S+$/.test(provider)) return { address: provider };
  if (/^[1-9A-HJ-NP-Za-km-z]{40,64}$/.test(provider)) return { peerId: provider };
  throw new UsageError(
    'INVALID_VALUE',
    `--provider must be a peer id, or a multiaddress such as /ip4/198.51.100.7/tcp/4001, it was given "${provider.slice(0, 80)}"`,
  );
}
