/** The part of the public contracts' interfaces that the node uses. A test holds it against contracts/artifacts. */
import { Interface } from 'ethers';

const channelConfig =
  'tuple(address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt)';
const voucherClaim = `tuple(tuple(${channelConfig} channel, uint128 maxClaimableAmount) voucher, bytes signature, uint128 totalClaimed)`;

export const settlementInterface = new Interface([
  `function deposit(${channelConfig} config, uint128 amount, address collector, bytes collectorData)`,
  `function claim(${voucherClaim}[] voucherClaims)`,
  'function settle(address receiver, address token)',
  `function refund(${channelConfig} config, uint128 amount)`,
  'function multicall(bytes[] data) returns (bytes[] results)',
  'function channels(bytes32 channelId) view returns (uint128 balance, uint128 totalClaimed)',
  'function pendingWithdrawals(bytes32 channelId) view returns (uint128 amount, uint40 initiatedAt)',
  'function receivers(address receiver, address token) view returns (uint128 totalClaimed, uint128 totalSettled)',
  'error InvalidChannel()',
  'error InvalidSignature()',
  'error NotAuthorizedToRefund()',
  'error NotAuthorizedToClaim()',
  'error ClaimExceedsCeiling()',
  'error ClaimExceedsBalance()',
  'error DepositCollectionFailed()',
  'error DepositOverflow()',
  'error WithdrawDelayOutOfRange()',
]);

export const tokenInterface = new Interface([
  'function balanceOf(address account) view returns (uint256)',
  'function name() view returns (string)',
  'function version() view returns (string)',
]);
