import { Interface, Signature, recoverAddress, toBeHex } from 'ethers';
import type { Wallet } from 'ethers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { zeroAddress } from '../../main/payment/typed-data.ts';
import { depositCollectorAddress, permit2CollectorAddress, settlementAddress } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { day, openStage } from './stage.ts';
import type { Stage } from './stage.ts';

const groupOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

let stage: Stage;
let payer: Wallet;
let receiver: Wallet;
let stranger: Wallet;
let channelNumber = 0n;

beforeAll(async () => {
  stage = await openStage();
  payer = await stage.createAccount('payer', 10_000_000n);
  receiver = await stage.createAccount('receiver');
  stranger = await stage.createAccount('stranger');
});

afterAll(() => stage.close());

function newChannel(changes: Partial<ChannelConfig> = {}): ChannelConfig {
  channelNumber += 1n;
  const salt = `0x${toBeHex(channelNumber, 32).slice(2)}` as const;
  return stage.configOf(payer, receiver, { salt, ...changes });
}

async function fundedChannel(amount = 1_000n, changes: Partial<ChannelConfig> = {}): Promise<ChannelConfig> {
  const config = newChannel(changes);
  await stage.deposit(payer, config, amount);
  return config;
}

describe('at the canonical address', () => {
  test('channel ids and digests are those of the typed data, so signatures made off chain hold', async () => {
    const config = newChannel();
    const row = await stage.voucher(payer, config, 7n, 5n);
    const domain = await stage.settlement.getFunction('eip712Domain')();
    expect(domain.slice(1, 5)).toEqual(['x402 Batch Settlement', '1', 31_337n, settlementAddress]);
    expect(await stage.settlement.getFunction('getChannelId')(config)).toBe(stage.idOf(config));
    const batchDigest = await stage.settlement.getFunction('getClaimBatchDigest')([row]);
    const voucherDigest = await stage.settlement.getFunction('getVoucherDigest')(stage.idOf(config), 7n);
    const refundDigest = await stage.settlement.getFunction('getRefundDigest')(stage.idOf(config), 3n, 4n);
    expect([
      recoverAddress(voucherDigest, row.signature),
      recoverAddress(batchDigest, await stage.signBatch(receiver, [row])),
      recoverAddress(refundDigest, await stage.signRefund(receiver, config, 3n, 4n)),
    ]).toEqual([payer.address, receiver.address, receiver.address]);
  });

  test('the test USDC is USDC to a wallet: name, version, decimals and domain', async () => {
    const read = (name: string) => stage.usdc.getFunction(name)();
    const [name, version, decimals] = await Promise.all([read('name'), read('version'), read('decimals')]);
    const domain = await read('eip712Domain');
    expect([name, version, decimals, domain[1], domain[2], domain[4]]).toEqual([
      'USDC',
      '2',
      6n,
      'USDC',
      '2',
      stage.chain.settings.token,
    ]);
  });
});

describe('deposit', () => {
  test('anybody may send the payer’s authorization, which then needs no gas', async () => {
    const config = newChannel();
    await stage.deposit(payer, config, 600n, stranger);
    await stage.deposit(payer, config, 400n, stranger);
    expect(await stage.stateOf(config)).toEqual({ balance: 1_000n, totalClaimed: 0n, withdrawing: 0n });
  });

  test.each<[string, Partial<ChannelConfig>, bigint]>([
    ['InvalidChannel', { receiver: zeroAddress }, 1n],
    ['InvalidChannel', { receiverAuthorizer: zeroAddress }, 1n],
    ['WithdrawDelayOutOfRange', { withdrawDelay: 899 }, 1n],
    ['WithdrawDelayOutOfRange', { withdrawDelay: 30 * day + 1 }, 1n],
    ['ZeroDeposit', {}, 0n],
  ])('%s is answered to a channel with %o and %i', async (error, changes, amount) => {
    await expect(stage.deposit(payer, newChannel(changes), amount)).rejects.toThrow(error);
  });

  test('an authorization funds one channel once, for the exact amount and its own payer', async () => {
    const config = newChannel();
    const data = await stage.authorize(payer, config, 50n);
    const deposit = (channel: ChannelConfig, amount: bigint) =>
      stage.call(stranger, 'deposit', [channel, amount, depositCollectorAddress, data]);
    await expect(deposit(newChannel(), 50n)).rejects.toThrow('AuthorizationSignature');
    await expect(deposit(config, 51n)).rejects.toThrow('AuthorizationSignature');
    await deposit(config, 50n);
    await expect(deposit(config, 50n)).rejects.toThrow('AuthorizationSpent');
  });

  test('a token without EIP-3009 comes in through Permit2, sent by anybody, for one channel once', async () => {
    const config = newChannel();
    await stage.approvePermit2(payer);
    const data = await stage.permit(payer, config, 50n);
    const deposit = (channel: ChannelConfig, amount: bigint) =>
      stage.call(stranger, 'deposit', [channel, amount, permit2CollectorAddress, data]);
    await expect(deposit(newChannel(), 50n)).rejects.toThrow('InvalidSigner');
    await expect(deposit(config, 51n)).rejects.toThrow('InvalidSigner');
    await deposit(config, 50n);
    await expect(deposit(config, 50n)).rejects.toThrow('InvalidNonce');
    expect(await stage.stateOf(config)).toEqual({ balance: 50n, totalClaimed: 0n, withdrawing: 0n });
  });

  test('the collector gives tokens to nobody but the settlement contract', async () => {
    const config = newChannel();
    const data = await stage.authorize(payer, config, 50n);
    const collect = 'function collect(address,address,uint256,bytes32,bytes)';
    const call = new Interface([collect]).encodeFunctionData('collect', [
      payer.address,
      config.token,
      50n,
      stage.idOf(config),
      data,
    ]);
    await expect(stranger.sendTransaction({ to: depositCollectorAddress, data: call })).rejects.toThrow();
  });

  test('a collector that brings nothing is found out', async () => {
    // An address whose code stops at once: it answers every call with success and moves nothing.
    const idle = '0x2222222222222222222222222222222222222222';
    await stage.chain.request('anvil_setCode', [idle, '0x00']);
    await expect(stage.call(payer, 'deposit', [newChannel(), 5n, idle, '0x'])).rejects.toThrow(
      'DepositCollectionFailed',
    );
    await expect(stage.call(payer, 'deposit', [newChannel(), 5n, zeroAddress, '0x'])).rejects.toThrow(
      'InvalidCollector',
    );
  });
});

describe('claim', () => {
  test('books up to the voucher, once, and settle pays the receiver whoever sends it', async () => {
    const before = await stage.usdcOf(receiver);
    const config = await fundedChannel();
    await stage.call(receiver, 'claim', [[await stage.voucher(payer, config, 700n, 300n)]]);
    await stage.call(receiver, 'claim', [[await stage.voucher(payer, config, 700n, 300n)]]);
    await stage.call(receiver, 'claim', [[await stage.voucher(payer, config, 700n, 200n)]]);
    expect(await stage.stateOf(config)).toEqual({ balance: 1_000n, totalClaimed: 300n, withdrawing: 0n });
    await stage.call(stranger, 'settle', [receiver.address, config.token]);
    await stage.call(stranger, 'settle', [receiver.address, config.token]);
    expect((await stage.usdcOf(receiver)) - before).toBe(300n);
  });

  test('claim and settle go together in one multicall, with the sender kept', async () => {
    const config = await fundedChannel();
    const rows = [await stage.voucher(payer, config, 10n)];
    const before = await stage.usdcOf(receiver);
    const calls = [
      stage.settlementAbi.encodeFunctionData('claim', [rows]),
      stage.settlementAbi.encodeFunctionData('settle', [receiver.address, config.token]),
    ];
    await expect(stage.call(stranger, 'multicall', [calls])).rejects.toThrow('NotAuthorizedToClaim');
    await stage.call(receiver, 'multicall', [calls]);
    expect((await stage.usdcOf(receiver)) - before).toBe(10n);
  });

  test('each wrong row is refused by name', async () => {
    const config = await fundedChannel();
    const other = await fundedChannel();
    const good = await stage.voucher(payer, config, 500n);
    const parsed = Signature.from(good.signature);
    const twin = `${parsed.r}${toBeHex(groupOrder - BigInt(parsed.s), 32).slice(2)}${parsed.v === 27 ? '1c' : '1b'}`;
    const claim = (row: object, from = receiver) => stage.call(from, 'claim', [[row]]);
    await expect(stage.call(receiver, 'claim', [[]])).rejects.toThrow('EmptyBatch');
    await expect(claim(good, stranger)).rejects.toThrow('NotAuthorizedToClaim');
    await expect(claim({ ...good, totalClaimed: 501n })).rejects.toThrow('ClaimExceedsCeiling');
    await expect(claim(await stage.voucher(payer, config, 1_001n))).rejects.toThrow('ClaimExceedsBalance');
    await expect(claim(await stage.voucher(stranger, config, 500n))).rejects.toThrow('InvalidSignature');
    await expect(claim({ ...good, voucher: { channel: other, maxClaimableAmount: 500n } })).rejects.toThrow(
      'InvalidSignature',
    );
    await expect(claim({ ...good, signature: twin })).rejects.toThrow(/0xd78bce0c|ECDSAInvalidSignatureS/);
    expect((await stage.stateOf(config)).totalClaimed).toBe(0n);
  });

  test('without a payer authorizer the payer itself signs', async () => {
    const config = await fundedChannel(1_000n, { payerAuthorizer: zeroAddress });
    await expect(stage.call(receiver, 'claim', [[await stage.voucher(stranger, config, 9n)]])).rejects.toThrow(
      'InvalidSignature',
    );
    await stage.call(receiver, 'claim', [[await stage.voucher(payer, config, 9n)]]);
    expect((await stage.stateOf(config)).totalClaimed).toBe(9n);
  });

  test('a batch signed by the receiver authorizer may be sent by anybody, as it is and no other way', async () => {
    const first = await fundedChannel();
    const second = await fundedChannel();
    const rows = [await stage.voucher(payer, first, 100n), await stage.voucher(payer, second, 200n, 150n)];
    const signature = await stage.signBatch(receiver, rows);
    const send = (batch: readonly object[], signed: string) =>
      stage.call(stranger, 'claimWithSignature', [batch, signed]);
    await expect(send([], signature)).rejects.toThrow('EmptyBatch');
    await expect(send(rows, await stage.signBatch(stranger, rows))).rejects.toThrow('InvalidSignature');
    await expect(send(rows.toReversed(), signature)).rejects.toThrow('InvalidSignature');
    await send(rows, signature);
    expect([await stage.stateOf(first), await stage.stateOf(second)]).toMatchObject([
      { totalClaimed: 100n },
      { totalClaimed: 150n },
    ]);
    const foreign = stage.configOf(payer, stranger);
    const mixed = [...rows, await stage.voucher(payer, foreign, 1n)];
    await expect(send(mixed, await stage.signBatch(receiver, mixed))).rejects.toThrow('NotReceiverAuthorizer');
  });
});

describe('the payer’s exit', () => {
  test('waits for the delay and leaves what was claimed meanwhile', async () => {
    const config = await fundedChannel();
    const before = await stage.usdcOf(payer);
    await expect(stage.call(stranger, 'initiateWithdraw', [config, 1n])).rejects.toThrow('InvalidChannel');
    await expect(stage.call(payer, 'finalizeWithdraw', [config])).rejects.toThrow('WithdrawalNotPending');
    await expect(stage.call(payer, 'initiateWithdraw', [config, 0n])).rejects.toThrow('NothingToWithdraw');
    await expect(stage.call(payer, 'initiateWithdraw', [config, 1_001n])).rejects.toThrow(
      'WithdrawAmountExceedsAvailable',
    );
    await stage.call(payer, 'initiateWithdraw', [config, 1_000n]);
    await expect(stage.call(payer, 'initiateWithdraw', [config, 1n])).rejects.toThrow('WithdrawalAlreadyPending');
    await expect(stage.call(payer, 'finalizeWithdraw', [config])).rejects.toThrow('WithdrawDelayNotElapsed');
    await stage.pass(day - 60);
    await expect(stage.call(payer, 'finalizeWithdraw', [config])).rejects.toThrow('WithdrawDelayNotElapsed');
    await stage.call(receiver, 'claim', [[await stage.voucher(payer, config, 400n)]]);
    await stage.pass(61);
    await expect(stage.call(stranger, 'finalizeWithdraw', [config])).rejects.toThrow('NotAuthorizedToFinalizeWithdraw');
    await stage.call(payer, 'finalizeWithdraw', [config]);
    expect({ ...(await stage.stateOf(config)), back: (await stage.usdcOf(payer)) - before }).toEqual({
      balance: 400n,
      totalClaimed: 400n,
      withdrawing: 0n,
      back: 600n,
    });
  });
});

describe('refund', () => {
  test('gives back what is unclaimed, each signature once, and shortens a withdrawal under way', async () => {
    const config = await fundedChannel();
    await stage.call(payer, 'initiateWithdraw', [config, 500n]);
    const before = await stage.usdcOf(payer);
    const signed = await stage.signRefund(receiver, config, 0n, 200n);
    const send = (amount: bigint, nonce: bigint, signature: string) =>
      stage.call(stranger, 'refundWithSignature', [config, amount, nonce, signature]);
    await expect(send(200n, 1n, signed)).rejects.toThrow('InvalidRefundNonce');
    await expect(send(201n, 0n, signed)).rejects.toThrow('InvalidSignature');
    await send(200n, 0n, signed);
    await expect(send(200n, 0n, signed)).rejects.toThrow('InvalidRefundNonce');
    expect(await stage.stateOf(config)).toEqual({ balance: 800n, totalClaimed: 0n, withdrawing: 300n });

    await expect(stage.call(stranger, 'refund', [config, 1n])).rejects.toThrow('NotAuthorizedToRefund');
    await expect(stage.call(receiver, 'refund', [config, 0n])).rejects.toThrow('ZeroRefund');
    await stage.call(receiver, 'claim', [[await stage.voucher(payer, config, 300n)]]);
    await stage.call(receiver, 'refund', [config, 10_000n]);
    expect({
      ...(await stage.stateOf(config)),
      back: (await stage.usdcOf(payer)) - before,
      nonce: await stage.settlement.getFunction('refundNonce')(stage.idOf(config)),
    }).toEqual({ balance: 300n, totalClaimed: 300n, withdrawing: 0n, back: 700n, nonce: 2n });
    // Nothing is left, but the attempt still uses up a nonce.
    await stage.call(receiver, 'refund', [config, 1n]);
    expect(await stage.settlement.getFunction('refundNonce')(stage.idOf(config))).toBe(3n);
  });
});

test('what the contract holds is what all channels and receivers are owed', async () => {
  const events = await stage.settlement.queryFilter('ChannelCreated');
  const channelIds = new Set(events.map((event) => event.topics[1]));
  let owed = 0n;
  for (const id of channelIds) {
    const channel = await stage.settlement.getFunction('channels')(id);
    owed += BigInt(channel[0]) - BigInt(channel[1]);
  }
  const account = await stage.settlement.getFunction('receivers')(receiver.address, stage.chain.settings.token);
  expect(channelIds.size).toBeGreaterThan(5);
  expect(await stage.chain.usdcOf(settlementAddress)).toBe(owed + BigInt(account[0]) - BigInt(account[1]));
});
