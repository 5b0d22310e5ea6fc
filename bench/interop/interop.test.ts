/** Run by `npm run test:interop`: `@x402/fetch` and `@x402/evm` from npm, as they are, pay a Hearth endpoint. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BATCH_SETTLEMENT_ADDRESS, ERC3009_DEPOSIT_COLLECTOR_ADDRESS, PERMIT2_ADDRESS } from '@x402/evm';
import { claimBatchTypes, refundTypes, toClientEvmSigner, voucherTypes } from '@x402/evm';
import { BatchSettlementEvmScheme, computeChannelId, signVoucher } from '@x402/evm/batch-settlement/client';
import { BatchSettlementEvmScheme as Facilitator } from '@x402/evm/batch-settlement/facilitator';
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from '@x402/fetch';
import { createPublicClient, decodeFunctionResult, encodeFunctionData, http, parseAbi } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { createWallet } from '../../main/payment/index.ts';
import { channelIdOf, checkSignature } from '../../main/payment/typed-data.ts';
import { batchSettlementAbi } from '../../protocol/contracts/batch-settlement.ts';
import * as ours from '../../protocol/x402.ts';
import { openProvider, price } from './provider.ts';

const chainId = 31_337;
const network = `eip155:${chainId}` as const;
const readAbi = parseAbi([
  'function channels(bytes32) view returns (uint128 balance, uint128 totalClaimed)',
  'function getChannelId((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config) view returns (bytes32)',
]);

let provider: Awaited<ReturnType<typeof openProvider>>;
let publicClient: ReturnType<typeof createPublicClient>;
let accountNumber = 0;

before(async () => {
  provider = await openProvider();
  publicClient = createPublicClient({ transport: http(provider.localChain.settings.rpcUrl) });
});
after(() => provider.close());

/** A payer with dollars and no gas. */
async function openPayer(usdc = 1_000_000n) {
  accountNumber += 1;
  const account = privateKeyToAccount(`0x${accountNumber.toString(16).padStart(64, 'a')}`);
  await provider.localChain.fund(account.address, { usdc });
  return account;
}

function openClient(account: Awaited<ReturnType<typeof openPayer>>) {
  const batch = new BatchSettlementEvmScheme(toClientEvmSigner(account, publicClient));
  const client = new x402Client().register(network, batch);
  // Their default list of assets knows no local chain.
  client.setSpendControls(false);
  return { batch, pay: wrapFetchWithPayment(fetch, client) };
}

async function channelOf(batch: BatchSettlementEvmScheme, url: string) {
  const { accepts } = (await (await fetch(url)).json()) as {
    accepts: Parameters<typeof batch.buildChannelConfig>[0][];
  };
  const config = batch.buildChannelConfig(accepts[0]!);
  const channelId = computeChannelId(config, network);
  const read = () =>
    publicClient.readContract({
      address: BATCH_SETTLEMENT_ADDRESS,
      abi: readAbi,
      functionName: 'channels',
      args: [channelId],
    });
  return { config, channelId, requirements: accepts[0]!, read };
}

test('constants, type strings and channel ids are the same on both sides and in the contract', async () => {
  assert.equal(ours.settlementAddress, BATCH_SETTLEMENT_ADDRESS);
  assert.equal(ours.depositCollectorAddress, ERC3009_DEPOSIT_COLLECTOR_ADDRESS);
  assert.equal(ours.permit2Address, PERMIT2_ADDRESS);
  assert.deepEqual(ours.voucherTypes, voucherTypes);
  assert.deepEqual(ours.refundTypes, refundTypes);
  assert.deepEqual(ours.claimBatchTypes, claimBatchTypes);
  for (let seed = 1; seed <= 20; seed += 1) {
    const address = (shift: number) =>
      `0x${((seed * 7_919 + shift) % 255).toString(16).padStart(2, '0').repeat(20)}` as const;
    const config = {
      payer: address(1),
      payerAuthorizer: address(2),
      receiver: address(3),
      receiverAuthorizer: address(4),
      token: address(5),
      withdrawDelay: 900 + seed * 1_000,
      salt: `0x${seed.toString(16).padStart(64, '0')}` as const,
    };
    const theirs = computeChannelId(config, network);
    assert.equal(channelIdOf(config, BigInt(chainId)), theirs);
    const onChain = await publicClient.readContract({
      address: ours.settlementAddress,
      abi: readAbi,
      functionName: 'getChannelId',
      args: [config],
    });
    assert.equal(onChain, theirs);
  }
  assert.ok(batchSettlementAbi.length > 30);
});

test('an unmodified client opens a channel, pays for every request, is claimed from and gets the rest back', async () => {
  const payer = await openPayer();
  const { batch, pay } = openClient(payer);
  const url = provider.url('/joke');
  const channel = await channelOf(batch, url);

  for (let request = 1; request <= 12; request += 1) {
    const response = await pay(url);
    assert.equal(response.status, 200);
    const receipt = decodePaymentResponseHeader(response.headers.get('PAYMENT-RESPONSE') ?? '');
    assert.equal(receipt.success, true);
    assert.equal(receipt.extra?.['chargedAmount'], String(price));
  }
  assert.equal(provider.served(), 12);
  // Deposits of five requests each: three of them, and no gas was the payer's.
  assert.deepEqual(await channel.read(), [15n * price, 0n]);
  assert.equal(await publicClient.getBalance({ address: payer.address }), 0n);

  const { claimed } = await provider.claim();
  assert.equal(claimed, 12n * price);
  assert.deepEqual(await channel.read(), [15n * price, 12n * price]);
  assert.equal(await provider.localChain.usdcOf(provider.wallet.address), 12n * price);

  assert.equal((await pay(url)).status, 200);
  const refund = await batch.refund(url);
  assert.equal(refund.success, true);
  // What was earned since the claim is booked in the refund's own transaction, and the payer has all the rest.
  assert.deepEqual(await channel.read(), [13n * price, 13n * price]);
  assert.equal(await provider.localChain.usdcOf(payer.address), 1_000_000n - 13n * price);
});

test('after a refund, and with an empty memory, a client finds its way back by itself', async () => {
  const payer = await openPayer();
  const url = provider.url('/joke');
  const first = openClient(payer);
  for (let request = 0; request < 2; request += 1) assert.equal((await first.pay(url)).status, 200);
  // A new process: no memory of the channel. The corrective 402 and the chain tell it what was charged.
  const second = openClient(payer);
  assert.equal((await second.pay(url)).status, 200);
  provider.restart();
  assert.equal((await second.pay(url)).status, 200);
  assert.equal((await second.batch.refund(url)).success, true);
  assert.equal((await second.pay(url)).status, 200);
  await provider.claim();
  const { read } = await channelOf(second.batch, url);
  assert.equal((await read())[1], 5n * price);
});

test('a partial refund gives back what was asked for and leaves the channel open', async () => {
  const payer = await openPayer();
  const { batch, pay } = openClient(payer);
  const url = provider.url('/joke');
  const { read } = await channelOf(batch, url);
  await pay(url);
  assert.equal((await batch.refund(url, { amount: '1500' })).success, true);
  assert.deepEqual(await read(), [5n * price - 1_500n, price]);
  assert.equal((await pay(url)).status, 200);
  await assert.rejects(batch.refund(url, { amount: '999999' }), /refund_amount_invalid/);
});

test('a client deposits by Permit2 where the endpoint asks for it', async () => {
  const payer = await openPayer();
  await provider.localChain.fund(payer.address, { eth: 10n ** 17n });
  const approve = encodeFunctionData({
    abi: parseAbi(['function approve(address spender, uint256 value)']),
    args: [PERMIT2_ADDRESS, 2n ** 255n],
  });
  await provider.localChain.request('anvil_impersonateAccount', [payer.address]);
  const { token } = provider.localChain.settings;
  await provider.localChain.request('eth_sendTransaction', [{ from: payer.address, to: token, data: approve }]);
  await provider.localChain.request('evm_mine', []);
  const { batch, pay } = openClient(payer);
  const url = provider.url('/permit2');
  assert.equal((await pay(url)).status, 200);
  assert.equal((await pay(url)).status, 200);
  assert.deepEqual(await (await channelOf(batch, url)).read(), [5n * price, 0n]);
});

test('our vouchers pass their verifier, and their vouchers ours; nothing else does', async () => {
  const account = await openPayer();
  const { batch, pay } = openClient(account);
  const url = provider.url('/joke');
  await pay(url);
  const { config, channelId, requirements } = await channelOf(batch, url);
  const facilitator = new Facilitator(openFacilitatorSigner());
  const wallet = createWallet(`0x${accountNumber.toString(16).padStart(64, 'a')}`, BigInt(chainId));
  assert.equal(wallet.address, account.address);

  const sign = async (amount: bigint) => (await wallet.signVoucher(config, amount)).signature;
  const verify = async (amount: bigint, signature: `0x${string}`) =>
    facilitator.verify(
      {
        x402Version: 2,
        accepted: requirements,
        payload: {
          type: 'voucher',
          channelConfig: config,
          voucher: { channelId, maxClaimableAmount: String(amount), signature },
        },
      },
      requirements,
    );
  assert.equal((await verify(2_000n, await sign(2_000n))).isValid, true);
  const wrong = await verify(2_001n, await sign(2_000n));
  assert.equal(wrong.invalidReason, 'invalid_batch_settlement_evm_voucher_signature');

  const theirs = await signVoucher(account, channelId, '2000', network);
  assert.equal(theirs.signature, await sign(2_000n));
  const typed = {
    domain: ours.settlementDomain(BigInt(chainId)),
    types: ours.voucherTypes,
    value: { channelId, maxClaimableAmount: 2_000n },
  };
  assert.equal(checkSignature(typed, theirs.signature, wallet.address), 'valid');
});

test('a hostile payment is refused with the reason of the specification, and nothing is served', async () => {
  const account = await openPayer();
  const { batch, pay } = openClient(account);
  const url = provider.url('/joke');
  await pay(url);
  const { config, channelId, requirements } = await channelOf(batch, url);
  const served = provider.served();
  const voucher = async (amount: string) => ({ ...(await signVoucher(account, channelId, amount, network)) });
  const send = async (payload: object, accepted: object = requirements) => {
    const header = Buffer.from(JSON.stringify({ x402Version: 2, accepted, payload })).toString('base64');
    const response = await fetch(url, { headers: { 'PAYMENT-SIGNATURE': header } });
    assert.equal(response.status, 402);
    return ((await response.json()) as { error?: string }).error?.replace('invalid_batch_settlement_evm_', '');
  };
  const good = { type: 'voucher', channelConfig: config, voucher: await voucher('2000') };
  const other = privateKeyToAccount(`0x${'c'.repeat(64)}`);
  assert.equal(await send({ ...good, voucher: await voucher('1000') }), 'cumulative_amount_mismatch');
  assert.equal(await send({ ...good, voucher: await voucher('9000') }), 'cumulative_amount_mismatch');
  assert.equal(
    await send({ ...good, voucher: await signVoucher(other, channelId, '2000', network) }),
    'voucher_signature',
  );
  assert.equal(
    await send({ ...good, voucher: await signVoucher(account, channelId, '2000', 'eip155:1') }),
    'voucher_signature',
  );
  assert.equal(await send({ ...good, channelConfig: { ...config, receiver: other.address } }), 'receiver_mismatch');
  assert.equal(await send({ ...good, channelConfig: { ...config, withdrawDelay: 900 } }), 'withdraw_delay_mismatch');
  assert.equal(
    await send({ ...good, channelConfig: { ...config, salt: `0x${'1'.repeat(64)}` } }),
    'channel_id_mismatch',
  );
  assert.equal(await send(good, { ...requirements, network: 'eip155:1' }), 'network_mismatch');
  assert.equal(await send({ type: 'voucher' }), 'payload_type');
  assert.equal(await send({ ...good, type: 'gift' }), 'payload_type');
  assert.equal(await send({ ...good, voucher: { ...good.voucher, maxClaimableAmount: '-1' } }), 'payload_type');
  assert.equal(
    await send({
      ...good,
      type: 'deposit',
      deposit: {
        amount: '5000',
        authorization: {
          erc3009Authorization: {
            validAfter: '0',
            validBefore: '1',
            salt: `0x${'0'.repeat(64)}`,
            signature: good.voucher.signature,
          },
        },
      },
    }),
    'deposit_transaction_failed',
  );
  assert.equal(provider.served(), served);
  assert.equal((await pay(url)).status, 200);
});

test('several requests at once on one channel are each paid once', async () => {
  const account = await openPayer();
  const { batch, pay } = openClient(account);
  const url = provider.url('/joke');
  await pay(url);
  const before = provider.served();
  const responses = await Promise.all([pay(url), pay(url), pay(url)]);
  const paid = responses.filter(({ status }) => status === 200).length;
  assert.ok(paid >= 1);
  assert.equal(provider.served() - before, paid);
  await provider.claim();
  const { read } = await channelOf(batch, url);
  assert.equal((await read())[1], BigInt(paid + 1) * price);
});

/** What the facilitator asks of the chain. The local chain has no Multicall3: its one call is answered by single calls. */
function openFacilitatorSigner() {
  const account = privateKeyToAccount(`0x${'d'.repeat(64)}`);
  type Call = { readonly target: `0x${string}`; readonly callData: `0x${string}` };
  return {
    getAddresses: () => [account.address],
    async readContract(question: {
      address: `0x${string}`;
      abi: readonly unknown[];
      functionName: string;
      args?: readonly unknown[];
    }) {
      if (question.functionName === 'tryAggregate') {
        const calls = (question.args?.[1] ?? []) as readonly Call[];
        return Promise.all(
          calls.map(async ({ target, callData }) => {
            const { data } = await publicClient.call({ to: target, data: callData });
            return { success: true, returnData: data ?? '0x' };
          }),
        );
      }
      const data = encodeFunctionData(question as Parameters<typeof encodeFunctionData>[0]);
      const answer = await publicClient.call({ to: question.address, data });
      return decodeFunctionResult({ ...question, data: answer.data ?? '0x' } as Parameters<
        typeof decodeFunctionResult
      >[0]);
    },
    verifyTypedData: (question: object) =>
      publicClient.verifyTypedData(question as Parameters<typeof publicClient.verifyTypedData>[0]),
    getCode: ({ address }: { address: `0x${string}` }) => publicClient.getCode({ address }),
    writeContract: refuse,
    sendTransaction: refuse,
    waitForTransactionReceipt: refuse,
  };
}

async function refuse(): Promise<never> {
  throw new Error('this signer only reads');
}
