/** Which chain pays, as `start` and `request` are told. */
import { tokenDecimals } from '../../protocol/money.ts';
import type { ChainSettings } from '../payment/types.ts';
import { readChainId } from './chain-rpc.ts';
import { CommandError, UsageError } from './cli-errors.ts';

export const chainOptions = {
  'rpc-url': {
    kind: 'list',
    placeholder: 'URL',
    summary: 'JSON-RPC endpoint of the chain that pays; a second one answers when the first fails, and checks it',
  },
  token: { kind: 'text', placeholder: 'ADDRESS', summary: 'token contract that is accepted on that chain' },
  'chain-id': {
    kind: 'integer',
    placeholder: 'N',
    minimum: 1,
    summary: 'expected chain id; asked of the endpoint otherwise',
  },
  confirmations: {
    kind: 'integer',
    placeholder: 'N',
    minimum: 0,
    maximum: 1_000,
    summary: 'blocks a deposit must lie back before it counts (3; 0 on a local chain)',
  },
  'coin-price': {
    kind: 'integer',
    placeholder: 'USD',
    minimum: 0,
    maximum: 1_000_000,
    summary: "dollars for one of the chain's coins, to reckon gas with (5000)",
  },
} as const;

export const discoveryOptions = {
  'no-mdns': { kind: 'flag', summary: 'do not look for nodes on the local network' },
} as const;

/** Null where none was named. @throws UsageError, CommandError NO_ANSWER */
export async function readChain(
  options: {
    readonly 'rpc-url': readonly string[];
    readonly confirmations: number | undefined;
    readonly 'relay-url'?: string | undefined;
    readonly 'coin-price': number | undefined;
    readonly token: string | undefined;
    readonly 'chain-id': number | undefined;
  },
  signal: AbortSignal,
): Promise<ChainSettings | null> {
  const { token, confirmations, 'relay-url': relayUrl, 'coin-price': coinPrice } = options;
  const [rpcUrl, ...fallbackRpcUrls] = options['rpc-url'];
  if (rpcUrl === undefined) {
    if (token === undefined && options['chain-id'] === undefined) return null;
    throw new UsageError('MISSING_OPTION', '--token and --chain-id belong to a chain: --rpc-url URL is missing');
  }
  for (const url of options['rpc-url']) requireHttp('--rpc-url', url);
  if (relayUrl !== undefined) requireHttp('--relay-url', relayUrl);
  if (token === undefined)
    throw new UsageError('MISSING_OPTION', '--rpc-url needs --token ADDRESS, the token that pays');
  if (!/^0x[0-9a-fA-F]{40}$/.test(token)) {
    throw new UsageError(
      'INVALID_VALUE',
      `--token must be an address of 0x and 40 hex digits, it was given "${token}"`,
    );
  }
  const chainId = await readChainId(rpcUrl, signal);
  const expected = options['chain-id'];
  if (expected !== undefined && BigInt(expected) !== chainId) {
    throw new CommandError('NO_ANSWER', `--chain-id is ${expected}, but the endpoint serves chain ${chainId}`);
  }
  return {
    rpcUrl,
    fallbackRpcUrls,
    chainId,
    token: `0x${token.slice(2)}` as const,
    ...(confirmations === undefined ? {} : { confirmations }),
    ...(relayUrl === undefined ? {} : { relayUrl }),
    ...(coinPrice === undefined ? {} : { coinPrice: BigInt(coinPrice) * 10n ** BigInt(tokenDecimals) }),
  };
}

function requireHttp(option: string, url: string): void {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return;
  throw new UsageError('INVALID_VALUE', `${option} must be an http or https URL, it was given "${url}"`);
}
