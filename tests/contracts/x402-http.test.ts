import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interface, toBeHex } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import type { LocalChain } from '../../main/demo/local-chain.ts';
import { createChainClient, createWallet } from '../../main/payment/index.ts';
import type { ChainClient, HotWallet } from '../../main/payment/index.ts';
import { channelIdOf } from '../../main/payment/typed-data.ts';
import { createHttpPayments, openChannelBook, openHttpChain } from '../../main/payment/x402-http/index.ts';
import type { HttpAnswer, HttpChain, HttpPayments } from '../../main/payment/x402-http/index.ts';
import { readPayment } from '../../main/payment/x402-http/read-payment.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { batchSettlementAbi } from '../../protocol/contracts/batch-settlement.ts';

const price = 100n;
const chainId = 31_337n;
const served: HttpAnswer = { status: 200, headers: {}, body: 'a joke' };

let localChain: LocalChain;
let provider: HotWallet;
let client: ChainClient;
let chain: HttpChain;
let folder: string;
let payments: HttpPayments;
let payerNumber = 0;

beforeAll(async () => {
  localChain = await startLocalChain();
  provider = createWallet(`0x${'b0'.repeat(32)}`, chainId);
  await localChain.fund(provider.address, { eth: 10n ** 18n });
  client = createChainClient({ settings: localChain.settings, wallet: provider });
  chain = openHttpChain({ chain: client, wallet: provider });
  folder = mkdtempSync(join(tmpdir(), 'hearth-x402-'));
  payments = openDesk();
});

afterAll(async () => {
  chain.close();
  client.close();
  await localChain.stop();
  rmSync(folder, { recursive: true });
});

function openDesk(): HttpPayments {
  return createHttpPayments({
    chain,
    book: openChannelBook(folder),
    receiver: provider.address,
    receiverAuthorizer: provider.address,
    withdrawDelaySeconds: 86_400,
    tokenDomain: { name: 'USDC', version: '2' },
    minimumDeposit: 100n,
    minimumRefund: 50n,
  });
}

/** A payer with its own channel, and the payloads it signs. */
async function openPayer() {
  payerNumber += 1;
  const wallet = createWallet(`0x${String(payerNumber).padStart(64, 'e')}`, chainId);
  await localChain.fund(wallet.address, { usdc: 10_000n });
  const channelConfig: ChannelConfig = {
    payer: wallet.address,
    payerAuthorizer: wallet.address,
    receiver: provider.address,
    receiverAuthorizer: provider.address,
    token: localChain.settings.token,
    withdrawDelay: 86_400,
    salt: `0x${'00'.repeat(32)}`,
  };
  const channelId = channelIdOf(channelConfig, chainId);
  let salt = 0n;
  const voucher = async (amount: bigint) => ({
    ...(await wallet.signVoucher(channelConfig, amount)),
    maxClaimableAmount: String(amount),
  });
  return {
    wallet,
    channelConfig,
    channelId,
    pay: async (amount: bigint) => ({ type: 'voucher', channelConfig, voucher: await voucher(amount) }),
    refund: async (charged: bigint, amount?: string) => ({
      type: 'refund',
      channelConfig,
      voucher: await voucher(charged),
      ...(amount === undefined ? {} : { amount }),
    }),
    async deposit(value: bigint, amount: bigint) {
      salt += 1n;
      const signature = await wallet.signDeposit({
        config: channelConfig,
        amount: value,
        validBefore: 2n ** 40n,
        salt,
        tokenDomain: { name: 'USDC', version: '2' },
      });
      const erc3009Authorization = {
        validAfter: '0',
        validBefore: String(2n ** 40n),
        salt: toBeHex(salt, 32),
        signature,
      };
      const deposit = { amount: String(value), authorization: { erc3009Authorization } };
      return { type: 'deposit', channelConfig, voucher: await voucher(amount), deposit };
    },
  };
}

function headerOf(payload: object): string {
  const accepted = { scheme: 'batch-settlement', network: 'eip155:31337' };
  return Buffer.from(JSON.stringify({ x402Version: 2, accepted, payload })).toString('base64');
}

async function send(payload: object | null, serve: () => Promise<HttpAnswer> = async () => served) {
  const payment = payload === null ? null : headerOf(payload);
  const answer = await payments.answer({ url: 'http://x/joke', description: 'A joke', price, payment }, serve);
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
  expect((await payments.claim()).claimed).toBe(300n);
  expect((await payments.claim()).claimed).toBe(0n);
  expect(await stateOf(payer.channelId)).toEqual({ balance: 350n, totalClaimed: 300n });
  expect((await localChain.usdcOf(provider.address)) - before).toBe(300n);
});

test('what fails to be served is not charged: the same voucher pays for the next try', async () => {
  const payer = await openPayer();
  const failed = await send(await payer.deposit(300n, 100n), async () => ({ ...served, status: 503 }));
  expect([failed.status, failed.answer.headers]).toEqual([503, {}]);
  const thrown = send(await payer.pay(100n), () => Promise.reject(new Error('out of jokes')));
  await expect(thrown).rejects.toThrow('out of jokes');
  expect((await send(await payer.pay(100n))).status).toBe(200);
  expect((await send(await payer.pay(100n))).error).toBe('cumulative_amount_mismatch');
});

test('a restart forgets nothing that was charged, whatever a crash left beside it', async () => {
  const payer = await openPayer();
  await send(await payer.deposit(300n, 100n));
  writeFileSync(join(folder, 'half.json.new'), '{"charged":');
  payments = openDesk();
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
  await payments.claim();
  await send(await payer.deposit(500n, 100n));
  const data = new Interface(batchSettlementAbi).encodeFunctionData('initiateWithdraw', [payer.channelConfig, 400n]);
  await localChain.request('anvil_impersonateAccount', [payer.wallet.address]);
  await localChain.fund(payer.wallet.address, { eth: 10n ** 17n });
  await localChain.request('eth_sendTransaction', [{ from: payer.wallet.address, to: settlementAddress, data }]);
  await localChain.request('evm_mine', []);
  expect((await send(await payer.pay(200n))).error).toBe('channel_closing');
  expect((await payments.claim()).claimed).toBe(100n);
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
