/** The JSON-RPC endpoints of one chain: the next one answers where one fails, and what matters is asked of all. */
import { FetchRequest, JsonRpcProvider, Network, isError, toBigInt } from 'ethers';
import { PaymentError } from './payment-error.ts';
import type { ChainSettings } from './types.ts';

export interface RpcEndpoints {
  /** The first answer, from the endpoint that answered last, then from the others. @throws PaymentError, or what the chain itself said */
  first<Answer>(action: (provider: JsonRpcProvider) => Promise<Answer>): Promise<Answer>;
  /** The answers of all endpoints that answer, at least one. @throws PaymentError */
  all<Answer>(action: (provider: JsonRpcProvider) => Promise<Answer>): Promise<readonly [Answer, ...Answer[]]>;
  readonly count: number;
  /** Of them, how many failed when they were asked last. */
  readonly down: number;
  close(): void;
}

interface Endpoint {
  readonly provider: JsonRpcProvider;
  chainChecked: boolean;
  isDown: boolean;
}

const requestTimeoutMs = 10_000;

export function openRpcEndpoints(settings: ChainSettings): RpcEndpoints {
  const { chainId } = settings;
  const urls = [...new Set([settings.rpcUrl, ...(settings.fallbackRpcUrls ?? [])])];
  const endpoints: readonly Endpoint[] = urls.map((url) => {
    const request = new FetchRequest(url);
    request.timeout = requestTimeoutMs;
    const options = { staticNetwork: true, batchStallTime: 0, cacheTimeout: -1 };
    const provider = new JsonRpcProvider(request, Network.from(chainId), options);
    return { provider, chainChecked: false, isDown: false };
  });
  let preferred = 0;

  /** Checked before the first use and, because an endpoint may be down at first, again until it succeeded once. */
  async function requireChain(endpoint: Endpoint): Promise<void> {
    if (endpoint.chainChecked) return;
    const served = toBigInt(await endpoint.provider.send('eth_chainId', []));
    if (served !== chainId) {
      const message = `the endpoint serves chain ${served}, the settings say chain ${chainId}`;
      throw new PaymentError('CHAIN_MISMATCH', message);
    }
    endpoint.chainChecked = true;
  }

  async function ask<Answer>(endpoint: Endpoint, action: (provider: JsonRpcProvider) => Promise<Answer>) {
    try {
      await requireChain(endpoint);
      const answer = await action(endpoint.provider);
      endpoint.isDown = false;
      return answer;
    } catch (error) {
      endpoint.isDown = !isAnswerOfTheChain(error);
      throw error;
    }
  }

  function unreachable(cause: unknown): unknown {
    if (cause instanceof PaymentError) return cause;
    return new PaymentError('CHAIN_UNREACHABLE', `the endpoint of chain ${chainId} did not answer`, { cause });
  }

  async function first<Answer>(action: (provider: JsonRpcProvider) => Promise<Answer>): Promise<Answer> {
    let failure: unknown;
    const inOrder = [...endpoints.slice(preferred), ...endpoints.slice(0, preferred)];
    for (const endpoint of inOrder) {
      try {
        const answer = await ask(endpoint, action);
        preferred = endpoints.indexOf(endpoint);
        return answer;
      } catch (error) {
        if (isAnswerOfTheChain(error)) throw error;
        failure ??= error;
      }
    }
    throw unreachable(failure);
  }

  async function all<Answer>(
    action: (provider: JsonRpcProvider) => Promise<Answer>,
  ): Promise<readonly [Answer, ...Answer[]]> {
    const outcomes = await Promise.allSettled(endpoints.map((endpoint) => ask(endpoint, action)));
    const [answer, ...more] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    if (answer !== undefined) return [answer, ...more];
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    throw unreachable(failed?.reason);
  }

  return {
    first,
    all,
    count: endpoints.length,
    get down() {
      return endpoints.filter((endpoint) => endpoint.isDown).length;
    },
    close: () => {
      for (const { provider } of endpoints) provider.destroy();
    },
  };
}

/**
 * What a call was reverted with. Without data it is the endpoint that failed, for example because it had just left that
 * block behind: then null.
 */
export function revertOf(error: unknown): { readonly data: string; readonly message: string } | null {
  if (!isError(error, 'CALL_EXCEPTION') || error.data === null) return null;
  return { data: error.data, message: error.shortMessage };
}

/** The endpoint works, and this is what the chain says: another endpoint would say the same. */
export function isAnswerOfTheChain(error: unknown): boolean {
  return (
    revertOf(error) !== null ||
    isError(error, 'INSUFFICIENT_FUNDS') ||
    isError(error, 'NONCE_EXPIRED') ||
    isError(error, 'REPLACEMENT_UNDERPRICED')
  );
}
