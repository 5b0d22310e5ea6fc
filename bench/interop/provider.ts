/** A Hearth provider's paid endpoint on a chain of its own: `GET /joke` costs a tenth of a cent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import { openLedger } from '../../main/ledger/index.ts';
import { createChainClient, createProviderPayments, createWallet } from '../../main/payment/index.ts';
import { createHttpPayments, openHttpChain, paymentSignatureHeader } from '../../main/payment/x402-http/index.ts';

export const price = 1_000n;
const hash = `0x${'11'.repeat(32)}` as const;

export async function openProvider() {
  const localChain = await startLocalChain();
  const wallet = createWallet(`0x${'b0'.repeat(32)}`, 31_337n);
  await localChain.fund(wallet.address, { eth: 10n ** 18n });
  const folder = mkdtempSync(join(tmpdir(), 'hearth-interop-'));
  const client = createChainClient({ settings: localChain.settings, wallet });
  const chain = openHttpChain({ chain: client, wallet });
  /** A joke is one unit. */
  const terms = {
    taskHash: hash,
    inputHash: hash,
    shaderSetHash: hash,
    numericProfile: 'f32',
    pricePerMillionUnits: price * 1_000_000n,
    maxUnits: 1n,
  } as const;
  function open() {
    const ledger = openLedger({ path: join(folder, 'ledger.db') });
    const payments = createProviderPayments({ ledger, chain: client, signer: wallet });
    const create = (depositMethod: 'eip3009' | 'permit2') =>
      createHttpPayments({
        chain,
        ledger,
        payments,
        signer: wallet,
        receiver: wallet.address,
        withdrawDelaySeconds: 86_400,
        tokenDomain: chain.readTokenDomain,
        minimumDeposit: 5n * price,
        minimumRefund: price,
        mayTransact: () => true,
        adapterClass: () => 'jokes',
        depositMethod,
      });
    return { ledger, payments, desks: { '/joke': create('eip3009'), '/permit2': create('permit2') } };
  }
  let desk = open();
  let served = 0;
  const server = createServer((request, response) => {
    const path = request.url === '/permit2' ? '/permit2' : '/joke';
    const payment = request.headers[paymentSignatureHeader.toLowerCase()];
    desk.desks[path]
      .answer(
        {
          url: `http://127.0.0.1${path}`,
          description: 'A joke',
          kind: 'chat',
          terms,
          payment: typeof payment === 'string' ? payment : null,
        },
        async () => {
          served += 1;
          const body = JSON.stringify({ served });
          const made = { units: 1n, payloadSha256: hash };
          return { status: 200, headers: { 'content-type': 'application/json' }, body, made };
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
    url: (path: keyof typeof desk.desks) => `http://127.0.0.1:${port}${path}`,
    claim: () => desk.payments.claimAndSettle(),
    served: () => served,
    /** The same books, read again from disk. */
    restart() {
      desk.ledger.close();
      desk = open();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      desk.ledger.close();
      chain.close();
      client.close();
      await localChain.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
