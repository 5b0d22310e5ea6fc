import { callRpc, readChainId, withoutCredentials } from '../chain-rpc.ts';
import { blocked, type Check, describeError, ok, warning } from './check.ts';

export interface ChainReport {
  readonly checks: readonly Check[];
  /** Time of the newest block, for the clock check. */
  readonly blockTimeMs: number | undefined;
}

/** Without an endpoint the node runs unpaid, which is a warning and not a fault. */
export async function checkChain(
  rpcUrl: string | undefined,
  token: string | undefined,
  signal: AbortSignal,
): Promise<ChainReport> {
  if (rpcUrl === undefined) {
    const check = warning(
      'chain',
      'No chain is configured: tasks cannot be paid.',
      'Give --rpc-url and --token, or try everything on a local chain with "hearth demo".',
    );
    return { checks: [check], blockTimeMs: undefined };
  }
  const fix = 'Check the address and your connection, or take another endpoint with --rpc-url.';
  try {
    const chainId = await readChainId(rpcUrl, signal);
    const checks = [ok('chain', `Chain ${chainId} answers at ${withoutCredentials(rpcUrl)}.`)];
    if (token !== undefined) checks.push(await checkToken(rpcUrl, token, signal));
    const block = await callRpc(rpcUrl, 'eth_getBlockByNumber', ['latest', false], signal);
    return { checks, blockTimeMs: readBlockTime(block) };
  } catch (error) {
    signal.throwIfAborted();
    return { checks: [blocked('chain', describeError(error), fix)], blockTimeMs: undefined };
  }
}

async function checkToken(rpcUrl: string, token: string, signal: AbortSignal): Promise<Check> {
  const code = await callRpc(rpcUrl, 'eth_getCode', [token, 'latest'], signal);
  if (typeof code === 'string' && code.length > 2) return ok('token', `There is a contract at ${token}.`);
  return blocked(
    'token',
    `There is no contract at ${token} on this chain.`,
    'Give the address of the token with --token.',
  );
}

function readBlockTime(block: unknown): number | undefined {
  const timestamp = typeof block === 'object' && block !== null && 'timestamp' in block ? block.timestamp : undefined;
  return typeof timestamp === 'string' && /^0x[0-9a-f]{1,12}$/i.test(timestamp) ? Number(timestamp) * 1000 : undefined;
}
