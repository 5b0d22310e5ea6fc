/** What can be wrong with identities, digests and collectors. */
import { inFile } from './mutant.ts';
import type { Mutant } from './mutant.ts';

export const identityMutants: readonly Mutant[] = [
  inFile(
    'BatchSettlementTypes.sol',
    'another domain version',
    'EIP712("x402 Batch Settlement", "1")',
    'EIP712("x402 Batch Settlement", "2")',
  ),
  inFile(
    'BatchSettlementTypes.sol',
    'a nonce leaves the refund digest',
    'abi.encode(REFUND_TYPEHASH, channelId, nonce, amount)',
    'abi.encode(REFUND_TYPEHASH, channelId, amount)',
  ),
  inFile(
    'BatchSettlementTypes.sol',
    'a claimed total leaves the batch digest',
    'row.voucher.maxClaimableAmount, row.totalClaimed)',
    'row.voucher.maxClaimableAmount)',
  ),
  {
    ...inFile(
      'BatchSettlementTypes.sol',
      'two salts make one channel',
      'abi.encode(CHANNEL_CONFIG_TYPEHASH, config)',
      'abi.encode(CHANNEL_CONFIG_TYPEHASH, config.payer, config.payerAuthorizer, config.receiver, config.receiverAuthorizer, config.token, config.withdrawDelay, uint256(config.salt) & ~uint256(1))',
    ),
    invariant: 'I8',
  },
  inFile(
    'ReceiveAuthorizationCollector.sol',
    'anybody collects by authorization',
    'if (msg.sender != settlement) revert OnlySettlement();',
    '',
  ),
  inFile(
    'ReceiveAuthorizationCollector.sol',
    'an authorization funds any channel',
    'validBefore, keccak256(abi.encode(channelId, salt)), signature',
    'validBefore, bytes32(salt), signature',
  ),
  inFile(
    'Permit2Collector.sol',
    'anybody collects by Permit2',
    'if (msg.sender != settlement) revert OnlySettlement();',
    '',
  ),
  inFile(
    'Permit2Collector.sol',
    'a Permit2 signature funds any channel',
    'keccak256(abi.encode(WITNESS_TYPEHASH, channelId))',
    'keccak256(abi.encode(WITNESS_TYPEHASH, bytes32(0)))',
  ),
  inFile(
    'Permit2Collector.sol',
    'a permit sent ahead stops the deposit',
    'try IERC20Permit(token).permit(payer, address(permit2), value, deadline, v, r, s) {} catch {}',
    'IERC20Permit(token).permit(payer, address(permit2), value, deadline, v, r, s);',
  ),
];
