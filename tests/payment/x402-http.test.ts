import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interface } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import type { LocalChain } from '../../main/demo/local-chain.ts';
import { openLedger } from '../../main/ledger/index.ts';
import type { Ledger } from '../../main/ledger/index.ts';
import { createChainClient, createProviderPayments, createWallet } from '../../main/payment/index.ts';
import type {
  ChainClient,
  ChainSettings,
  HotWallet,
  ProviderPayments,
  RequestPayments,
} from '../../main/payment/index.ts';
import { createHttpPayments, openHttpChain } from '../../main/payment/x402-http/index.ts';
import type {
  HttpChain,
  HttpPayments,
  HttpPaymentsOptions,
  RequestTerms,
  Serve,
  ServedAnswer,
} from '../../main/payment/x402-http/index.ts';
import { readPayment } from '../../main/payment/x402-http/read-payment.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import { headerOf, openX402Payer } from './x402-payer.ts';
import { batchSettlementAbi } from '../../protocol/contracts/batch-settlement.ts';

const chainId = 31_337n;
const hash: Hex = `0x${'33'.repeat(32)}`;
/** A joke has four lines at 25 each. */
const terms: RequestTerms = {
  taskHash: hash,
  inputHash: hash,
  shaderSetHash: hash,
  numericProfile: 'f32',
  pricePerMillionUnits: 25_000_000n,
  maxUnits: 4n,
};
const served: ServedAnswer = { status: 200, headers: {}, body: 'a joke', made: { units: 4n, payloadSha256: hash } };

let localChain: LocalChain;
let provider: HotWallet;
let client: ChainClient;
let chain: HttpChain;
let folder: string;
let ledger: Ledger;
let sales: ProviderPayments & RequestPayments;
let payments: HttpPayments;

beforeAll(async () => {
  localChain = await startLocalChain();
  provider = createWallet(`0x${'b0'.repeat(32)}`, chainId);
  await localChain.fund(provider.address, { eth: 10n ** 18n });
  client = createChainClient({ settings: localChain.settings, wallet: provider });
  chain = openHttpChain({ chain: client, wallet: provider });
  folder = mkdtempSync(join(tmpdir(), 'hearth-x402-'));
  openDesk();
});

afterAll(async () => {
  ledger.close();
  chain.close();
  client.close();
  await localChain.stop();
  rmSync(folder, { recursive: true });
});

/** The desk as a node that starts has it. */
function openDesk(): void {
  ledger = openLedger({ path: join(folder, 'ledger.db') });
  sales = createProviderPayments({ ledger, chain: client, signer: provider });
  payments = deskWith({});
}

function deskWith(changes: Partial<HttpPaymentsOptions>): HttpPayments {
  return createHttpPayments({
    chain,
    ledger,
    payments: sales,
    signer: provider,
    receiver: provider.address,
    withdrawDelaySeconds: 86_400,
    tokenDomain: chain.readTokenDomain,
    minimumDeposit: 100n,
    minimumRefund: 50n,
    mayTransact: () => true,
    adapterClass: () => 'a card',
    ...changes,
  });
}

const openPayer = () => openX402Payer(localChain, { receiver: provider.address, receiverAuthorizer: provider.address });

async function send(payload: object | null, serve: Serve = async () => served, desk = payments) {
  const payment = payload === null ? null : headerOf(payload);
  const request = { url: 'http://x/joke', description: 'A joke', kind: 'chat', terms, payment } as const;
  const answer = await desk.answer(request, serve);
  const error = answer.status === 402 ? JSON.parse(answer.body).error : undefined;
  return { status: answer.status, error: error?.replace('invalid_batch_settlement_evm_', ''), answer };
}

async function stateOf(channelId: Hex) {
  const { balance, totalClaimed } = await chain.readChannel(channelId);
  return { balance, totalClaimed };
}

test('without a payment the answer is 402 with our terms, in the header and in the body', async () => {
  const { status, answer } = await send(null);
  const terms = JSON.parse(answer.body);
  expect([status, terms.accepts[0].scheme, terms.accepts[0].amount, terms.accepts[0].payTo]).toEqual([
    402,
    'batch-settlement',
    '100',
    provider.address,
  ]);
  const header = Buffer.from(answer.headers['PAYMENT-REQUIRED'] ?? '', 'base64').toString('utf8');
  expect(JSON.parse(header)).toEqual(terms);
});

test.each([
  ['nothing', ''],
  ['no base64', '%%%'],
  ['no object', Buffer.from('[]').toString('base64')],
  ['null', Buffer.from('null').toString('base64')],
  ['too much', 'A'.repeat(20_000)],
  ['half a payload', headerOf({ type: 'voucher', channelConfig: {} })],
])('a header of %s is refused by name', (_, header) => {
  expect(readPayment(header)).toEqual({ fault: 'invalid_batch_settlement_evm_payload_type' });
});

test('another scheme is refused by name', () => {
  const header = Buffer.from(JSON.stringify({ x402Version: 2, accepted: { scheme: 'exact' }, payload: {} }));
  expect(readPayment(header.toString('base64'))).toEqual({ fault: 'invalid_batch_settlement_evm_scheme' });
});

test('a deposit opens the channel, each voucher pays one request, and the receiver is paid what was charged', async () => {
  const payer = await openPayer();
  const before = await localChain.usdcOf(provider.address);
  expect((await send(await payer.pay(100n))).error).toBe('channel_not_found');
  expect((await send(await payer.deposit(250n, 100n))).status).toBe(200);
  expect((await send(await payer.pay(100n))).error).toBe('cumulative_amount_mismatch');
  expect((await send(await payer.pay(200n))).status).toBe(200);
  expect((await send(await payer.pay(300n))).error).toBe('cumulative_exceeds_balance');
  expect((await send(await payer.deposit(100n, 300n))).status).toBe(200);
  expect((await sales.claimAndSettle()).claimed).toBe(300n);
  expect((await sales.claimAndSettle()).claimed).toBe(0n);
  expect(await stateOf(payer.channelId)).toEqual({ balance: 350n, totalClaimed: 300n });
  expect((await localChain.usdcOf(provider.address)) - before).toBe(300n);
});

test('what fails to be served is not charged: the same voucher pays for the next try', async () => {
  const payer = await openPayer();
  const failed = await send(await payer.deposit(300n, 100n), async () => ({ ...served, status: 503, made: null }));
  expect([failed.status, failed.answer.headers]).toEqual([503, {}]);
  const thrown = send(await payer.pay(100n), () => Promise.reject(new Error('out of jokes')));
  await expect(thrown).rejects.toThrow('out of jokes');
  expect((await send(await payer.pay(100n))).status).toBe(200);
  expect((await send(await payer.pay(100n))).error).toBe('cumulative_amount_mismatch');
});

test('a restart forgets nothing that was charged', async () => {
  const payer = await openPayer();
  await send(await payer.deposit(300n, 100n));
  ledger.close();
  openDesk();
  expect((await send(await payer.pay(100n))).error).toBe('cumulative_amount_mismatch');
  expect((await send(await payer.pay(200n))).status).toBe(200);
});

test('a refund books what was earned first and gives back the rest, once', async () => {
  const payer = await openPayer();
  await send(await payer.deposit(500n, 100n));
  expect((await send(await payer.refund(0n))).error).toBe('cumulative_amount_mismatch');
  expect((await send(await payer.refund(100n, '401'))).error).toBe('refund_amount_invalid');
  expect((await send(await payer.refund(100n, '150'))).status).toBe(200);
  expect(await stateOf(payer.channelId)).toEqual({ balance: 350n, totalClaimed: 100n });
  expect((await send(await payer.refund(100n))).status).toBe(200);
  expect((await send(await payer.refund(100n))).error).toBe('refund_no_balance');
  expect(await stateOf(payer.channelId)).toEqual({ balance: 100n, totalClaimed: 100n });
  expect(await localChain.usdcOf(payer.wallet.address)).toBe(9_900n);
});

test('nothing is begun on a channel whose payer is leaving, and what was earned is still claimed', async () => {
  const payer = await openPayer();
  await sales.claimAndSettle();
  await send(await payer.deposit(500n, 100n));
  const data = new Interface(batchSettlementAbi).encodeFunctionData('initiateWithdraw', [payer.channelConfig, 400n]);
  await localChain.request('anvil_impersonateAccount', [payer.wallet.address]);
  await localChain.fund(payer.wallet.address, { eth: 10n ** 17n });
  await localChain.request('eth_sendTransaction', [{ from: payer.wallet.address, to: settlementAddress, data }]);
  await localChain.request('evm_mine', []);
  expect((await send(await payer.pay(200n))).error).toBe('channel_closing');
  expect((await sales.claimAndSettle()).claimed).toBe(100n);
});

test('small change is refused: its gas would be ours', async () => {
  const payer = await openPayer();
  expect((await send(await payer.deposit(99n, 100n))).error).toBe('deposit_below_min_deposit');
  await send(await payer.deposit(200n, 100n));
  expect((await send(await payer.refund(100n, '49'))).error).toBe('refund_amount_invalid');
  expect((await send(await payer.refund(100n, '51'))).status).toBe(200);
  expect((await send(await payer.refund(100n, '49'))).status).toBe(200);
});

test('a deposit that the chain refuses buys nothing', async () => {
  const payer = await openPayer();
  const good = await payer.deposit(500n, 100n);
  expect((await send({ ...good, deposit: { ...good.deposit, amount: '600' } })).error).toBe(
    'deposit_transaction_failed',
  );
  expect(await stateOf(payer.channelId)).toEqual({ balance: 0n, totalClaimed: 0n });
});

async function readDomain(changes: Partial<ChainSettings>) {
  const own = createChainClient({ settings: { ...localChain.settings, ...changes }, wallet: provider });
  const http = openHttpChain({ chain: own, wallet: provider });
  try {
    return await http.readTokenDomain();
  } finally {
    http.close();
    own.close();
  }
}

test('the token tells the name and version that deposits are signed under, or is no token', async () => {
  expect(await readDomain({})).toEqual({ name: 'USDC', version: '2' });
  for (const token of [provider.address, settlementAddress]) {
    await expect(readDomain({ token })).rejects.toMatchObject({ code: 'CHAIN_MISMATCH' });
  }
  await expect(readDomain({ rpcUrl: 'http://127.0.0.1:9' })).rejects.toMatchObject({ code: 'CHAIN_UNREACHABLE' });
});

test('a deposit by a permit that nobody gave is refused by the chain before any gas is spent', async () => {
  const { channelConfig } = await openPayer();
  const permit = { method: 'permit2', nonce: 1n, deadline: 2n ** 40n, signature: '0x12' } as const;
  await expect(chain.deposit(channelConfig, 5n, permit)).rejects.toMatchObject({ code: 'TRANSACTION_REVERTED' });
});
