/** A Hearth provider's paid endpoint on a chain of its own: `GET /joke` costs a tenth of a cent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import { createChainClient, createWallet } from '../../main/payment/index.ts';
import {
  createHttpPayments,
  openChannelBook,
  openHttpChain,
  paymentSignatureHeader,
} from '../../main/payment/x402-http/index.ts';

export const price = 1_000n;

export async function openProvider() {
  const localChain = await startLocalChain();
  const wallet = createWallet(`0x${'b0'.repeat(32)}`, 31_337n);
  await localChain.fund(wallet.address, { eth: 10n ** 18n });
  const folder = mkdtempSync(join(tmpdir(), 'hearth-interop-'));
  const client = createChainClient({ settings: localChain.settings, wallet });
  const chain = openHttpChain({ chain: client, wallet });
  const create = (depositMethod: 'eip3009' | 'permit2', book: string) =>
    createHttpPayments({
      chain,
      book: openChannelBook(join(folder, book)),
      receiver: wallet.address,
      receiverAuthorizer: wallet.address,
      withdrawDelaySeconds: 86_400,
      tokenDomain: { name: 'USDC', version: '2' },
      minimumDeposit: 5n * price,
      minimumRefund: price,
      depositMethod,
    });
  const desks = { '/joke': create('eip3009', 'a'), '/permit2': create('permit2', 'b') };
  let served = 0;
  const server = createServer((request, response) => {
    const path = request.url === '/permit2' ? '/permit2' : '/joke';
    const payment = request.headers[paymentSignatureHeader.toLowerCase()];
    desks[path]
      .answer(
        {
          url: `http://127.0.0.1${path}`,
          description: 'A joke',
          price,
          payment: typeof payment === 'string' ? payment : null,
        },
        async () => {
          served += 1;
          return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ served }) };
        },
      )
      .then(
        (answer) => response.writeHead(answer.status, answer.headers).end(answer.body),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    localChain,
    wallet,
    url: (path: keyof typeof desks) => `http://127.0.0.1:${port}${path}`,
    desks,
    served: () => served,
    /** The same books, read again from disk. */
    restart() {
      desks['/joke'] = create('eip3009', 'a');
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      chain.close();
      client.close();
      await localChain.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
