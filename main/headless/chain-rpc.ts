import { CommandError } from './cli-errors.ts';

const timeoutMs = 5_000;

/** One JSON-RPC call. @throws CommandError NO_ANSWER naming the endpoint without its credentials. */
export async function callRpc(
  rpcUrl: string,
  method: string,
  parameters: readonly unknown[],
  signal?: AbortSignal,
): Promise<unknown> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const { address, headers } = splitCredentials(rpcUrl);
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: parameters }),
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    });
    const answer: unknown = await response.json();
    if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result;
    throw new Error(`HTTP ${response.status} without a result`);
  } catch (error) {
    signal?.throwIfAborted();
    const why = deadline.aborted ? `no answer within ${timeoutMs} ms` : describe(error);
    throw new CommandError('NO_ANSWER', `the chain at ${withoutCredentials(rpcUrl)} failed on ${method}: ${why}`, {
      cause: error,
    });
  }
}

export async function readChainId(rpcUrl: string, signal?: AbortSignal): Promise<bigint> {
  const chainId = await callRpc(rpcUrl, 'eth_chainId', [], signal);
  if (typeof chainId === 'string' && /^0x[0-9a-f]{1,16}$/i.test(chainId)) return BigInt(chainId);
  throw new CommandError('NO_ANSWER', `the chain at ${withoutCredentials(rpcUrl)} did not say its id`);
}

/** `fetch` takes no user and password in an address, and would print them in its error. */
function splitCredentials(rpcUrl: string): { address: URL; headers: Record<string, string> } {
  const address = new URL(rpcUrl);
  const { username, password } = address;
  address.username = '';
  address.password = '';
  if (username === '' && password === '') return { address, headers: {} };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { address, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

/** Providers put keys into user, path and query: only scheme and host are for logs. */
export function withoutCredentials(rpcUrl: string): string {
  const url = URL.parse(rpcUrl);
  return url === null ? 'an address that is no URL' : `${url.protocol}//${url.host}`;
}

/** `fetch failed` hides the cause that helps: connection refused, name not found. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
