import { Interface, TypedDataEncoder, id } from 'ethers';
import type { TypedDataField } from 'ethers';
import { expect, test } from 'vitest';
import { settlementInterface, tokenInterface } from '../../main/payment/settlement-abi.ts';
import {
  channelConfigTypes,
  claimBatchTypes,
  receiveAuthorizationTypes,
  refundTypes,
  voucherTypes,
} from '../../protocol/x402.ts';
import {
  compileContracts,
  contractNames,
  readStoredArtifact,
  serializeArtifact,
} from '../../scripts/compile-contracts.ts';

function storedInterface(name: string): Interface {
  return new Interface(JSON.parse(readStoredArtifact(name)).abi);
}

function fragmentsOf(abi: Interface): string[] {
  return abi.fragments.filter(({ type }) => type !== 'constructor').map((fragment) => fragment.format('sighash'));
}

function typeOf(types: Record<string, TypedDataField[]>, name: string): string {
  return TypedDataEncoder.from(types).encodeType(name);
}

test('the committed artifacts are what the pinned compiler makes of the sources', () => {
  const compiled = compileContracts().map((artifact) => [artifact.contractName, serializeArtifact(artifact)]);
  expect(compiled).toEqual(contractNames.map((name) => [name, readStoredArtifact(name)]));
}, 60_000);

test('the interface the node speaks is part of the contracts', () => {
  const settlement = fragmentsOf(storedInterface('BatchSettlement'));
  const token = fragmentsOf(storedInterface('TestUsdc'));
  expect(fragmentsOf(settlementInterface).filter((fragment) => !settlement.includes(fragment))).toEqual([]);
  expect(fragmentsOf(tokenInterface).filter((fragment) => !token.includes(fragment))).toEqual([]);
});

// Selectors as the public x402 batch-settlement ABI gives them; a foreign client calls nothing else.
const channelConfig = '(address,address,address,address,address,uint40,bytes32)';
const voucherClaims = `((${channelConfig},uint128),bytes,uint128)[]`;

test.each([
  'multicall(bytes[])',
  `deposit(${channelConfig},uint128,address,bytes)`,
  `claim(${voucherClaims})`,
  `claimWithSignature(${voucherClaims},bytes)`,
  'settle(address,address)',
  `initiateWithdraw(${channelConfig},uint128)`,
  `finalizeWithdraw(${channelConfig})`,
  `refund(${channelConfig},uint128)`,
  `refundWithSignature(${channelConfig},uint128,uint256,bytes)`,
  `getChannelId(${channelConfig})`,
  'CHANNEL_CONFIG_TYPEHASH()',
  'channels(bytes32)',
  'pendingWithdrawals(bytes32)',
  'receivers(address,address)',
  'getVoucherDigest(bytes32,uint128)',
  'getRefundDigest(bytes32,uint256,uint128)',
  'refundNonce(bytes32)',
  `getClaimBatchDigest(${voucherClaims})`,
])('the contract has the public function %s', (signature) => {
  expect(storedInterface('BatchSettlement').getFunction(signature)?.selector).toBe(id(signature).slice(0, 10));
});

test('our typed data has the type strings of the specification', () => {
  expect({
    channel: typeOf(channelConfigTypes, 'ChannelConfig'),
    voucher: typeOf(voucherTypes, 'Voucher'),
    batch: typeOf(claimBatchTypes, 'ClaimBatch'),
    refund: typeOf(refundTypes, 'Refund'),
    receive: typeOf(receiveAuthorizationTypes, 'ReceiveWithAuthorization'),
  }).toEqual({
    channel:
      'ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,bytes32 salt)',
    voucher: 'Voucher(bytes32 channelId,uint128 maxClaimableAmount)',
    batch:
      'ClaimBatch(ClaimEntry[] claims)ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)',
    refund: 'Refund(bytes32 channelId,uint256 nonce,uint128 amount)',
    receive:
      'ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)',
  });
});
