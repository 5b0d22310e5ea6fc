/** Generated from contracts/artifacts/BatchSettlement.json by scripts/generate-contract-types.ts: do not edit. */

import type { Hex } from '../agreement.ts';

export const batchSettlementAbi = [
  'error AddressEmptyCode(address target)',
  'error ClaimExceedsBalance()',
  'error ClaimExceedsCeiling()',
  'error DepositCollectionFailed()',
  'error DepositOverflow()',
  'error ECDSAInvalidSignature()',
  'error ECDSAInvalidSignatureLength(uint256 length)',
  'error ECDSAInvalidSignatureS(bytes32 s)',
  'error EmptyBatch()',
  'error FailedCall()',
  'error InvalidChannel()',
  'error InvalidCollector()',
  'error InvalidRefundNonce()',
  'error InvalidShortString()',
  'error InvalidSignature()',
  'error NotAuthorizedToClaim()',
  'error NotAuthorizedToFinalizeWithdraw()',
  'error NotAuthorizedToRefund()',
  'error NotReceiverAuthorizer()',
  'error NothingToWithdraw()',
  'error ReentrancyGuardReentrantCall()',
  'error SafeERC20FailedOperation(address token)',
  'error StringTooLong(string str)',
  'error WithdrawAmountExceedsAvailable()',
  'error WithdrawDelayNotElapsed()',
  'error WithdrawDelayOutOfRange()',
  'error WithdrawalAlreadyPending()',
  'error WithdrawalNotPending()',
  'error ZeroDeposit()',
  'error ZeroRefund()',
  'event ChannelClosed(bytes32 indexed channelId, (address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config)',
  'event ChannelCreated(bytes32 indexed channelId, (address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config)',
  'event Claimed(bytes32 indexed channelId, address indexed sender, uint128 claimAmount, uint128 newTotalClaimed)',
  'event Deposited(bytes32 indexed channelId, address indexed sender, uint128 amount, uint128 newBalance)',
  'event EIP712DomainChanged()',
  'event Refunded(bytes32 indexed channelId, address indexed sender, uint128 amount)',
  'event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount)',
  'event WithdrawFinalized(bytes32 indexed channelId, address indexed sender, uint128 amount)',
  'event WithdrawInitiated(bytes32 indexed channelId, uint128 amount, uint40 finalizeAfter)',
  'function CHANNEL_CONFIG_TYPEHASH() view returns (bytes32)',
  'function CLAIM_BATCH_TYPEHASH() view returns (bytes32)',
  'function CLAIM_ENTRY_TYPEHASH() view returns (bytes32)',
  'function MAX_WITHDRAW_DELAY() view returns (uint40)',
  'function MIN_WITHDRAW_DELAY() view returns (uint40)',
  'function REFUND_TYPEHASH() view returns (bytes32)',
  'function VOUCHER_TYPEHASH() view returns (bytes32)',
  'function channels(bytes32 channelId) view returns (uint128 balance, uint128 totalClaimed)',
  'function claim((((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) channel, uint128 maxClaimableAmount) voucher, bytes signature, uint128 totalClaimed)[] voucherClaims)',
  'function claimWithSignature((((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) channel, uint128 maxClaimableAmount) voucher, bytes signature, uint128 totalClaimed)[] voucherClaims, bytes authorizerSignature)',
  'function deposit((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config, uint128 amount, address collector, bytes collectorData)',
  'function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)',
  'function finalizeWithdraw((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config)',
  'function getChannelId((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config) view returns (bytes32)',
  'function getClaimBatchDigest((((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) channel, uint128 maxClaimableAmount) voucher, bytes signature, uint128 totalClaimed)[] voucherClaims) view returns (bytes32)',
  'function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) view returns (bytes32)',
  'function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) view returns (bytes32)',
  'function initiateWithdraw((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config, uint128 amount)',
  'function multicall(bytes[] data) returns (bytes[] results)',
  'function pendingWithdrawals(bytes32 channelId) view returns (uint128 amount, uint40 initiatedAt)',
  'function receivers(address receiver, address token) view returns (uint128 totalClaimed, uint128 totalSettled)',
  'function refund((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config, uint128 amount)',
  'function refundNonce(bytes32 channelId) view returns (uint256)',
  'function refundWithSignature((address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config, uint128 amount, uint256 nonce, bytes receiverAuthorizerSignature)',
  'function settle(address receiver, address token)',
] as const;

export interface ChannelConfig {
  readonly payer: Hex;
  readonly payerAuthorizer: Hex;
  readonly receiver: Hex;
  readonly receiverAuthorizer: Hex;
  readonly token: Hex;
  readonly withdrawDelay: bigint | number;
  readonly salt: Hex;
}

export interface Voucher {
  readonly channel: ChannelConfig;
  readonly maxClaimableAmount: bigint;
}

export interface VoucherClaim {
  readonly voucher: Voucher;
  readonly signature: Hex;
  readonly totalClaimed: bigint;
}

/** Positional arguments and results; integers come back as bigint. */
export interface BatchSettlementFunctions {
  CHANNEL_CONFIG_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  channels: {
    readonly inputs: readonly [channelId: Hex];
    readonly outputs: readonly [balance: bigint, totalClaimed: bigint];
  };
  CLAIM_BATCH_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  CLAIM_ENTRY_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  claim: { readonly inputs: readonly [voucherClaims: readonly VoucherClaim[]]; readonly outputs: readonly [] };
  claimWithSignature: {
    readonly inputs: readonly [voucherClaims: readonly VoucherClaim[], authorizerSignature: Hex];
    readonly outputs: readonly [];
  };
  deposit: {
    readonly inputs: readonly [config: ChannelConfig, amount: bigint, collector: Hex, collectorData: Hex];
    readonly outputs: readonly [];
  };
  eip712Domain: {
    readonly inputs: readonly [];
    readonly outputs: readonly [
      fields: Hex,
      name: string,
      version: string,
      chainId: bigint,
      verifyingContract: Hex,
      salt: Hex,
      extensions: readonly bigint[],
    ];
  };
  finalizeWithdraw: { readonly inputs: readonly [config: ChannelConfig]; readonly outputs: readonly [] };
  getChannelId: { readonly inputs: readonly [config: ChannelConfig]; readonly outputs: readonly [value0: Hex] };
  getClaimBatchDigest: {
    readonly inputs: readonly [voucherClaims: readonly VoucherClaim[]];
    readonly outputs: readonly [value0: Hex];
  };
  getRefundDigest: {
    readonly inputs: readonly [channelId: Hex, nonce: bigint, amount: bigint];
    readonly outputs: readonly [value0: Hex];
  };
  getVoucherDigest: {
    readonly inputs: readonly [channelId: Hex, maxClaimableAmount: bigint];
    readonly outputs: readonly [value0: Hex];
  };
  initiateWithdraw: {
    readonly inputs: readonly [config: ChannelConfig, amount: bigint];
    readonly outputs: readonly [];
  };
  MAX_WITHDRAW_DELAY: { readonly inputs: readonly []; readonly outputs: readonly [value0: bigint | number] };
  MIN_WITHDRAW_DELAY: { readonly inputs: readonly []; readonly outputs: readonly [value0: bigint | number] };
  multicall: { readonly inputs: readonly [data: readonly Hex[]]; readonly outputs: readonly [results: readonly Hex[]] };
  pendingWithdrawals: {
    readonly inputs: readonly [channelId: Hex];
    readonly outputs: readonly [amount: bigint, initiatedAt: bigint | number];
  };
  receivers: {
    readonly inputs: readonly [receiver: Hex, token: Hex];
    readonly outputs: readonly [totalClaimed: bigint, totalSettled: bigint];
  };
  REFUND_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  refund: { readonly inputs: readonly [config: ChannelConfig, amount: bigint]; readonly outputs: readonly [] };
  refundNonce: { readonly inputs: readonly [channelId: Hex]; readonly outputs: readonly [value0: bigint] };
  refundWithSignature: {
    readonly inputs: readonly [config: ChannelConfig, amount: bigint, nonce: bigint, receiverAuthorizerSignature: Hex];
    readonly outputs: readonly [];
  };
  settle: { readonly inputs: readonly [receiver: Hex, token: Hex]; readonly outputs: readonly [] };
  VOUCHER_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
}

/** Positional values of each event. */
export interface BatchSettlementEvents {
  ChannelClosed: readonly [channelId: Hex, config: ChannelConfig];
  ChannelCreated: readonly [channelId: Hex, config: ChannelConfig];
  Claimed: readonly [channelId: Hex, sender: Hex, claimAmount: bigint, newTotalClaimed: bigint];
  Deposited: readonly [channelId: Hex, sender: Hex, amount: bigint, newBalance: bigint];
  EIP712DomainChanged: readonly [];
  Refunded: readonly [channelId: Hex, sender: Hex, amount: bigint];
  Settled: readonly [receiver: Hex, token: Hex, sender: Hex, amount: bigint];
  WithdrawFinalized: readonly [channelId: Hex, sender: Hex, amount: bigint];
  WithdrawInitiated: readonly [channelId: Hex, amount: bigint, finalizeAfter: bigint | number];
}

/** Positional values of each error. */
export interface BatchSettlementErrors {
  AddressEmptyCode: readonly [target: Hex];
  ClaimExceedsBalance: readonly [];
  ClaimExceedsCeiling: readonly [];
  DepositCollectionFailed: readonly [];
  DepositOverflow: readonly [];
  ECDSAInvalidSignature: readonly [];
  ECDSAInvalidSignatureLength: readonly [length: bigint];
  ECDSAInvalidSignatureS: readonly [s: Hex];
  EmptyBatch: readonly [];
  FailedCall: readonly [];
  InvalidChannel: readonly [];
  InvalidCollector: readonly [];
  InvalidRefundNonce: readonly [];
  InvalidShortString: readonly [];
  InvalidSignature: readonly [];
  NotAuthorizedToClaim: readonly [];
  NotAuthorizedToFinalizeWithdraw: readonly [];
  NotAuthorizedToRefund: readonly [];
  NothingToWithdraw: readonly [];
  NotReceiverAuthorizer: readonly [];
  ReentrancyGuardReentrantCall: readonly [];
  SafeERC20FailedOperation: readonly [token: Hex];
  StringTooLong: readonly [str: string];
  WithdrawalAlreadyPending: readonly [];
  WithdrawalNotPending: readonly [];
  WithdrawAmountExceedsAvailable: readonly [];
  WithdrawDelayNotElapsed: readonly [];
  WithdrawDelayOutOfRange: readonly [];
  ZeroDeposit: readonly [];
  ZeroRefund: readonly [];
}
