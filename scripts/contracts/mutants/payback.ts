/** What can be wrong where money goes back to the payer. */
import { settlement } from './mutant.ts';
import type { Mutant } from './mutant.ts';

export const paybackMutants: readonly Mutant[] = [
  settlement('anybody announces a withdrawal', 'if (!_isPayerSide(config)) revert InvalidChannel();', '', 'I9'),
  settlement('an empty withdrawal is announced', 'if (amount == 0) revert NothingToWithdraw();', '', 'I9'),
  settlement(
    'a withdrawal is announced over another',
    'if (withdrawal.initiatedAt != 0) revert WithdrawalAlreadyPending();',
    '',
    'I6',
  ),
  settlement(
    'more is announced than is there',
    'if (amount > _unclaimed(channels[channelId])) revert WithdrawAmountExceedsAvailable();',
    '',
    'I9',
  ),
  settlement(
    'the announced end is now',
    'uint40(block.timestamp) + config.withdrawDelay);',
    'uint40(block.timestamp));',
  ),
  settlement(
    'anybody ends a withdrawal',
    'if (!_isPayerSide(config)) revert NotAuthorizedToFinalizeWithdraw();',
    '',
    'I9',
  ),
  settlement(
    'the payer authorizer has no say',
    'return msg.sender == config.payer || msg.sender == config.payerAuthorizer;',
    'return msg.sender == config.payer;',
    'I9',
  ),
  settlement(
    'nothing needs to be announced',
    'if (withdrawal.initiatedAt == 0) revert WithdrawalNotPending();',
    '',
    'I6',
  ),
  settlement(
    'no delay',
    'if (block.timestamp < uint256(withdrawal.initiatedAt) + config.withdrawDelay) revert WithdrawDelayNotElapsed();',
    '',
    'I6',
  ),
  settlement(
    'a second too late',
    'if (block.timestamp < uint256(withdrawal.initiatedAt)',
    'if (block.timestamp <= uint256(withdrawal.initiatedAt)',
  ),
  settlement(
    'the shortest delay for everybody',
    'uint256(withdrawal.initiatedAt) + config.withdrawDelay)',
    'uint256(withdrawal.initiatedAt) + MIN_WITHDRAW_DELAY)',
    'I6',
  ),
  settlement('a withdrawal can be ended twice', 'delete pendingWithdrawals[channelId];\n\n', '\n', 'I6'),
  settlement(
    'a withdrawal takes what was claimed',
    'uint128 amount = _smaller(withdrawal.amount, _unclaimed(channel));',
    'uint128 amount = withdrawal.amount;',
    'I3',
  ),
  settlement(
    'a withdrawal takes all that is free',
    'uint128 amount = _smaller(withdrawal.amount, _unclaimed(channel));',
    'uint128 amount = _unclaimed(channel);',
    'I9',
  ),
  settlement(
    'a withdrawal is not written down',
    'channel.balance -= amount;\n        emit WithdrawFinalized',
    'emit WithdrawFinalized',
    'I1',
  ),
  settlement(
    'a payout goes to whoever sends it',
    'safeTransfer(config.payer, amount);',
    'safeTransfer(msg.sender, amount);',
    'I9',
  ),
  settlement(
    'claimed money counts as free',
    'return channel.balance - channel.totalClaimed;',
    'return channel.balance;',
    'I3',
  ),
  settlement('the greater of two', 'return left < right ? left : right;', 'return left < right ? right : left;', 'I9'),
  settlement('anybody refunds', 'if (!_isReceiverSide(config)) revert NotAuthorizedToRefund();', '', 'I9'),
  settlement('an empty refund is taken', 'if (requested == 0) revert ZeroRefund();', ''),
  settlement('a refund uses up no nonce', '++refundNonce[channelId];', '', 'I9'),
  settlement('any nonce will do', 'if (nonce != refundNonce[channelId]) revert InvalidRefundNonce();', ''),
  settlement(
    'nobody signs the refund',
    '_requireSignature(config.receiverAuthorizer, digest, receiverAuthorizerSignature);',
    '',
    'I11',
  ),
  settlement('a refund is not written down', 'channel.balance -= amount;\n\n', '\n', 'I1'),
  settlement(
    'a refund leaves the withdrawal as it is',
    'if (withdrawal.initiatedAt != 0) {',
    'if (withdrawal.initiatedAt == 1) {',
    'I6',
  ),
  settlement(
    'a refund of the whole leaves an empty withdrawal',
    'if (amount >= withdrawal.amount) delete',
    'if (amount > withdrawal.amount) delete',
    'I6',
  ),
  settlement('a channel never closes', 'if (channel.balance == 0) emit ChannelClosed(channelId, config);', ''),
  settlement(
    'a plain claim may be entered again',
    'function claim(VoucherClaim[] calldata voucherClaims) external nonReentrant {',
    'function claim(VoucherClaim[] calldata voucherClaims) external {',
  ),
  settlement('every payout closes the channel', 'if (channel.balance == 0) emit ChannelClosed', 'emit ChannelClosed'),
];
