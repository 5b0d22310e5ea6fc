/** An endpoint between a node and a chain that may be down, lie, or keep transactions to itself. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Rpc = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };

export interface RpcProxy {
  readonly url: string;
  readonly calls: string[];
  /** Answers in the chain's place when it gives something other than undefined; an Error is a JSON-RPC error. */
  answer: (call: Rpc, real: () => Promise<unknown>) => Promise<unknown>;
  isDown: boolean;
  close(): Promise<void>;
}

export async function startRpcProxy(rpcUrl: string): Promise<RpcProxy> {
  const forward = async (body: unknown): Promise<{ result?: unknown }> => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(rpcUrl, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as { result?: unknown };
  };
  const answerOne = async (call: Rpc): Promise<unknown> => {
    proxy.calls.push(call.method);
    let real: { result?: unknown } | undefined;
    const ask = async (): Promise<unknown> => (real ??= await forward(call)).result;
    const result = await proxy.answer(call, ask);
    if (result instanceof Error) {
      return { jsonrpc: '2.0', id: call.id, error: { code: -32_000, message: result.message } };
    }
    return result === undefined ? (real ?? (await forward(call))) : { jsonrpc: '2.0', id: call.id, result };
  };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (data: Buffer) => (text += data.toString()));
    request.on('end', () => {
      void (async () => {
        if (proxy.isDown) return response.destroy();
        const calls = JSON.parse(text) as Rpc | Rpc[];
        const body = Array.isArray(calls) ? await Promise.all(calls.map(answerOne)) : await answerOne(calls);
        return response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      })().catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: RpcProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: [],
    answer: () => Promise.resolve(undefined),
    isDown: false,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return proxy;
}
