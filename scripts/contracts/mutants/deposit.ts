/** What can be wrong with deposits and settlements. */
import { settlement } from './mutant.ts';
import type { Mutant } from './mutant.ts';

export const depositMutants: readonly Mutant[] = [
  settlement('a deposit replaces the balance', 'channel.balance = before + amount;', 'channel.balance = amount;', 'I3'),
  settlement(
    'a deposit is not measured',
    'if (token.balanceOf(address(this)) != held + amount) revert DepositCollectionFailed();',
    '',
    'I10',
  ),
  settlement(
    'a deposit may bring less',
    'if (token.balanceOf(address(this)) != held + amount)',
    'if (token.balanceOf(address(this)) > held + amount)',
    'I10',
  ),
  settlement(
    'a deposit may bring more',
    'if (token.balanceOf(address(this)) != held + amount)',
    'if (token.balanceOf(address(this)) < held + amount)',
  ),
  settlement('an empty deposit is taken', 'if (amount == 0) revert ZeroDeposit();', ''),
  settlement('a missing collector has no name', 'if (collector == address(0)) revert InvalidCollector();', ''),
  settlement('an overflow has no name', 'if (amount > type(uint128).max - before) revert DepositOverflow();', ''),
  settlement(
    'the last unit does not fit',
    'if (amount > type(uint128).max - before)',
    'if (amount >= type(uint128).max - before)',
  ),
  settlement('a channel is announced at every deposit', 'if (before == 0) emit ChannelCreated', 'emit ChannelCreated'),
  settlement(
    'a channel needs no payer',
    'config.payer == address(0) || config.receiver == address(0)',
    'config.receiver == address(0)',
  ),
  settlement(
    'a channel needs no receiver',
    'config.payer == address(0) || config.receiver == address(0)',
    'config.payer == address(0)',
  ),
  settlement(
    'a channel needs no receiver authorizer',
    '|| config.receiverAuthorizer == address(0)\n                || config.token == address(0)',
    '|| config.token == address(0)',
  ),
  settlement('a delay may be too short', 'config.withdrawDelay < MIN_WITHDRAW_DELAY || ', ''),
  settlement(
    'the shortest delay is refused',
    'config.withdrawDelay < MIN_WITHDRAW_DELAY',
    'config.withdrawDelay <= MIN_WITHDRAW_DELAY',
    'I9',
  ),
  settlement('a delay may be too long', ' || config.withdrawDelay > MAX_WITHDRAW_DELAY', ''),
  settlement(
    'the collector may call back',
    'bytes calldata collectorData)\n        external\n        nonReentrant',
    'bytes calldata collectorData)\n        external',
  ),
  settlement('settling is not written down', 'account.totalSettled += amount;', '', 'I5'),
  settlement(
    'settling pays all that was ever claimed',
    'uint128 amount = account.totalClaimed - account.totalSettled;',
    'uint128 amount = account.totalClaimed;',
    'I1',
  ),
  settlement(
    'settling pays whoever sends it',
    'IERC20(token).safeTransfer(receiver, amount);',
    'IERC20(token).safeTransfer(msg.sender, amount);',
    'I9',
  ),
  settlement('settling pays nobody', 'IERC20(token).safeTransfer(receiver, amount);', '', 'I1'),
  settlement('settling nothing asks the token', 'if (amount == 0) return;\n        account', 'account'),
  settlement(
    'settling may be entered again',
    'function settle(address receiver, address token) external nonReentrant {',
    'function settle(address receiver, address token) external {',
  ),
];
