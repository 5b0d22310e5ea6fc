/** What the hot key can be asked for, and that there is no way to ask it for anything else. */
import { inspect } from 'node:util';
import { AbiCoder, Interface, Transaction, keccak256, verifyTypedData } from 'ethers';
import { expect, test } from 'vitest';
import { createWallet } from '../../main/payment/index.ts';
import { agreementTypes, hearthDomain, receiptTypes, taskResultTypes } from '../../protocol/agreement.ts';
import type { Agreement, Hex, Receipt, TaskResult } from '../../protocol/agreement.ts';
import { batchSettlementAbi } from '../../protocol/contracts/batch-settlement.ts';
import {
  claimBatchTypes,
  depositCollectorAddress,
  receiveAuthorizationTypes,
  settlementAddress,
  settlementDomain,
  voucherTypes,
} from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { channelIdOf } from '../../main/payment/typed-data.ts';

const privateKey = `0x${'5e'.repeat(32)}`;
const chainId = 8_453n;
const wallet = createWallet(privateKey, chainId);
const stranger: Hex = `0x${'22'.repeat(20)}`;
const zero: Hex = `0x${'00'.repeat(20)}`;
const hash: Hex = `0x${'33'.repeat(32)}`;
const hearth = hearthDomain(chainId, settlementAddress);

const config: ChannelConfig = {
  payer: wallet.address,
  payerAuthorizer: wallet.address,
  receiver: stranger,
  receiverAuthorizer: wallet.address,
  token: `0x${'44'.repeat(20)}`,
  withdrawDelay: 86_400,
  salt: hash,
};
const agreement: Agreement = {
  agreementId: hash,
  requester: wallet.address,
  provider: stranger,
  channelId: hash,
  taskHash: hash,
  inputHash: hash,
  shaderSetHash: hash,
  numericProfile: 'f32',
  pricePerMillionUnits: 1n,
  maxUnits: 1n,
  chunkUnits: 1n,
  startBy: 1n,
  finishBy: 2n,
};
const result: TaskResult = {
  agreementHash: hash,
  resultHash: hash,
  units: 1n,
  amountDue: 1n,
  outcome: 'complete',
  adapterClass: 'a card',
  finishedAt: 1n,
};
const receipt: Receipt = {
  agreementHash: hash,
  resultHash: hash,
  units: 1n,
  amountDue: 1n,
  verdict: 'verified',
  issuedAt: 1n,
};
const deposit = { config, amount: 7n, validBefore: 9n, salt: 1n, tokenDomain: { name: 'USDC', version: '2' } };
const fees = { nonce: 3, gasLimit: 100_000n, maxFeePerGas: 2n, maxPriorityFeePerGas: 1n };
const abi = new Interface([...batchSettlementAbi, 'function transfer(address to, uint256 amount)']);

function call(name: string, values: readonly unknown[]): Hex {
  return abi.encodeFunctionData(name, [...values]) as Hex;
}

const settle = call('settle', [stranger, config.token]);
const refusal = expect.objectContaining({ name: 'PaymentError', code: 'SIGNING_REFUSED' });

test('a wallet offers these structures, and no general signature', () => {
  expect(Object.keys(wallet).toSorted()).toEqual([
    'address',
    'signAgreement',
    'signBinding',
    'signClaims',
    'signDeposit',
    'signReceipt',
    'signResult',
    'signTransaction',
    'signVoucher',
  ]);
  expect(Object.isFrozen(wallet)).toBe(true);
});

test('neither what is printed nor what is copied of a wallet holds the key', () => {
  const shown = [
    inspect(wallet, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(wallet),
    String(Reflect.ownKeys(wallet).map((key) => String(Reflect.get(wallet, key)))),
  ];
  for (const text of shown) expect(text.toLowerCase()).not.toContain(privateKey.slice(2));
  // A port to another process cannot carry it either.
  expect(() => structuredClone(wallet)).toThrow();
});

test('each structure is signed under its own domain, for the chain the wallet was opened for', async () => {
  const { channelId, maxClaimableAmount, signature } = await wallet.signVoucher(config, 5n);
  const claims = [{ channelId: channelIdOf(config, chainId), maxClaimableAmount: 5n, totalClaimed: 4n }];
  const signedClaims = await wallet.signClaims([{ config, maxClaimableAmount: 5n, totalClaimed: 4n }]);
  const signers = [
    verifyTypedData(hearth, agreementTypes, agreement, await wallet.signAgreement(agreement)),
    verifyTypedData(hearth, taskResultTypes, result, await wallet.signResult(result)),
    verifyTypedData(hearth, receiptTypes, receipt, await wallet.signReceipt(receipt)),
    verifyTypedData(settlementDomain(chainId), voucherTypes, { channelId, maxClaimableAmount }, signature),
    verifyTypedData(settlementDomain(chainId), claimBatchTypes, { claims }, signedClaims),
  ];
  expect(signers).toEqual(signers.map(() => wallet.address));
  expect(channelId).toBe(channelIdOf(config, chainId));
});

test('a deposit goes from the wallet into its own channel, under the domain of the token', async () => {
  const signature = await wallet.signDeposit(deposit);
  const domain = { name: 'USDC', version: '2', chainId, verifyingContract: config.token };
  const into = (channelId: Hex): Hex => {
    const encoded = AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [channelId, deposit.salt]);
    return keccak256(encoded) as Hex;
  };
  const content = {
    from: wallet.address,
    to: depositCollectorAddress,
    value: 7n,
    validAfter: 0n,
    validBefore: 9n,
    nonce: into(channelIdOf(config, chainId)),
  };
  const signerOf = (changes: object): string =>
    verifyTypedData(domain, receiveAuthorizationTypes, { ...content, ...changes }, signature);
  expect(signerOf({})).toBe(wallet.address);
  expect(signerOf({ to: stranger })).not.toBe(wallet.address);
  expect(signerOf({ nonce: into(channelIdOf(by({ receiver: zero }), chainId)) })).not.toBe(wallet.address);
});

test('a transaction calls the settlement contract on that chain and carries no coin', async () => {
  const signed = Transaction.from(await wallet.signTransaction({ data: call('multicall', [[settle]]), ...fees }));
  expect(signed).toMatchObject({ from: wallet.address, to: settlementAddress, value: 0n, chainId, type: 2 });
});

test.each<[what: string, ask: () => Promise<unknown>]>([
  ['an agreement between two others', () => wallet.signAgreement({ ...agreement, requester: stranger })],
  ['a binding of another wallet', () => wallet.signBinding({ ...binding(), wallet: stranger })],
  [
    'a voucher of a channel that another key signs for',
    () => wallet.signVoucher(by({ payerAuthorizer: stranger }), 1n),
  ],
  ['a voucher of another payer', () => wallet.signVoucher(by({ payer: stranger, payerAuthorizer: zero }), 1n)],
  ['a claim of another authorizer', () => wallet.signClaims([rowOf(by({ receiverAuthorizer: stranger }))])],
  [
    'claims of which one is of another',
    () => wallet.signClaims([rowOf(config), rowOf(by({ receiverAuthorizer: zero }))]),
  ],
  ["a deposit into somebody else's channel", () => wallet.signDeposit({ ...deposit, config: by({ payer: stranger }) })],
  ['a voucher above what the type holds', () => wallet.signVoucher(config, 2n ** 128n)],
  ['a result that is something else', () => wallet.signResult(receipt as unknown as TaskResult)],
  ['a receipt that is something else', () => wallet.signReceipt({ message: '0x1234' } as unknown as Receipt)],
  ['a transaction without a call', () => wallet.signTransaction({ data: '0x', ...fees })],
  ['a transfer of tokens', () => wallet.signTransaction({ data: call('transfer', [stranger, 1n]), ...fees })],
  ['a call of unknown bytes', () => wallet.signTransaction({ data: '0xdeadbeef00', ...fees })],
  ['a call that only reads', () => wallet.signTransaction({ data: call('channels', [hash]), ...fees })],
  ['a call cut short', () => wallet.signTransaction({ data: settle.slice(0, 40) as Hex, ...fees })],
  ['a withdrawal', () => wallet.signTransaction({ data: call('initiateWithdraw', [config, 1n]), ...fees })],
  [
    'a transfer hidden among good calls',
    () => wallet.signTransaction({ data: call('multicall', [[settle, call('transfer', [stranger, 1n])]]), ...fees }),
  ],
  [
    'a call hidden two deep',
    () => wallet.signTransaction({ data: call('multicall', [[call('multicall', [[settle]])]]), ...fees }),
  ],
])('%s is refused with SIGNING_REFUSED', async (_what, ask) => {
  const error: unknown = await ask().catch((thrown: unknown) => thrown);
  expect(error).toEqual(refusal);
  expect(inspect(error, { depth: 10 })).not.toContain(privateKey.slice(2));
});

test('more fields than the structure has are not signed', async () => {
  const more = { ...agreement, message: 'pay me' };
  expect(await wallet.signAgreement(more)).toBe(await wallet.signAgreement(agreement));
});

test('an address in other capitals is still the own one', async () => {
  const lower = wallet.address.toLowerCase() as Hex;
  await expect(wallet.signAgreement({ ...agreement, requester: stranger, provider: lower })).resolves.toMatch(/^0x/);
  await expect(wallet.signVoucher(by({ payerAuthorizer: lower }), 1n)).resolves.toBeDefined();
});

function by(changes: Partial<ChannelConfig>): ChannelConfig {
  return { ...config, ...changes };
}

function rowOf(channel: ChannelConfig) {
  return { config: channel, maxClaimableAmount: 5n, totalClaimed: 4n };
}

function binding() {
  return { peerId: 'p', wallet: wallet.address, issuedAt: 0n, expiresAt: 1n, nonce: hash };
}
