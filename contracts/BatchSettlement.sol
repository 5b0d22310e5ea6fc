// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {BatchSettlementTypes} from "./BatchSettlementTypes.sol";
import {IDepositCollector} from "./IDepositCollector.sol";

/// @title Unidirectional payment channels with the public interface of x402 batch-settlement.
/// @notice For local chains: its code stands at the canonical address there, so that production code and foreign x402
///         clients run unchanged. On public chains the audited contract stands at that address; this one is not deployed.
/// @dev A channel's money: `balance` is everything deposited less what went back to the payer, `totalClaimed` the part of
///      it that belongs to the receiver. totalClaimed <= balance always; a claim moves no token, `settle` does.
contract BatchSettlement is BatchSettlementTypes, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice A channel's money, in the token's smallest unit.
    /// @param balance Everything deposited, less what went back to the payer.
    /// @param totalClaimed The part of it that belongs to the receiver, paid out or not.
    struct ChannelState {
        uint128 balance;
        uint128 totalClaimed;
    }

    /// @notice A withdrawal under way.
    /// @param amount What the payer asked for, less refunds since.
    /// @param initiatedAt Block time of the announcement; zero when none is under way.
    struct WithdrawalState {
        uint128 amount;
        uint40 initiatedAt;
    }

    /// @notice What one receiver earned in one token, over all channels.
    /// @param totalClaimed Everything ever claimed.
    /// @param totalSettled The part of it that was paid out.
    struct ReceiverState {
        uint128 totalClaimed;
        uint128 totalSettled;
    }

    /// @notice Shortest and longest time between a payer's announcement and its money, in seconds.
    uint40 public constant MIN_WITHDRAW_DELAY = 15 minutes;
    /// @notice See MIN_WITHDRAW_DELAY.
    uint40 public constant MAX_WITHDRAW_DELAY = 30 days;

    /// @notice Money of every channel.
    mapping(bytes32 channelId => ChannelState) public channels;
    /// @notice Withdrawals under way.
    mapping(bytes32 channelId => WithdrawalState) public pendingWithdrawals;
    /// @notice Next nonce a signed refund must carry. Every refund attempt uses one up, also one that moves nothing.
    mapping(bytes32 channelId => uint256) public refundNonce;
    /// @notice What every receiver earned in every token.
    mapping(address receiver => mapping(address token => ReceiverState)) public receivers;

    /// @notice The channel got its first money, or money again after it was empty. Tells its configuration.
    event ChannelCreated(bytes32 indexed channelId, ChannelConfig config);
    /// @notice The channel is empty.
    event ChannelClosed(bytes32 indexed channelId, ChannelConfig config);
    /// @notice `amount` came in; the channel holds `newBalance`.
    event Deposited(bytes32 indexed channelId, address indexed sender, uint128 amount, uint128 newBalance);
    /// @notice `claimAmount` was booked for the receiver, `newTotalClaimed` in all; `sender` sent it.
    event Claimed(bytes32 indexed channelId, address indexed sender, uint128 claimAmount, uint128 newTotalClaimed);
    /// @notice `amount` was paid out to the receiver.
    event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount);
    /// @notice The receiver gave `amount` back to the payer.
    event Refunded(bytes32 indexed channelId, address indexed sender, uint128 amount);
    /// @notice The payer wants `amount` back, at the earliest at block time `finalizeAfter`.
    event WithdrawInitiated(bytes32 indexed channelId, uint128 amount, uint40 finalizeAfter);
    /// @notice `amount` went back to the payer.
    event WithdrawFinalized(bytes32 indexed channelId, address indexed sender, uint128 amount);

    /// @notice A party of the channel is the zero address, or the caller is not its payer side.
    error InvalidChannel();
    /// @notice The collector is the zero address.
    error InvalidCollector();
    /// @notice Not signed by who must have signed.
    error InvalidSignature();
    /// @notice Not the current nonce of the channel.
    error InvalidRefundNonce();
    /// @notice A claim without rows.
    error EmptyBatch();
    /// @notice A deposit of nothing.
    error ZeroDeposit();
    /// @notice A refund of nothing.
    error ZeroRefund();
    /// @notice The balance would not fit into 128 bits.
    error DepositOverflow();
    /// @notice The collector brought another amount than it was asked for.
    error DepositCollectionFailed();
    /// @notice A row of a signed batch has another receiver authorizer than the first.
    error NotReceiverAuthorizer();
    /// @notice The caller is not the receiver side of a row.
    error NotAuthorizedToClaim();
    /// @notice The caller is not the receiver side.
    error NotAuthorizedToRefund();
    /// @notice The caller is not the payer side.
    error NotAuthorizedToFinalizeWithdraw();
    /// @notice More is claimed than the voucher allows.
    error ClaimExceedsCeiling();
    /// @notice More is claimed than the channel holds.
    error ClaimExceedsBalance();
    /// @notice A withdrawal is under way.
    error WithdrawalAlreadyPending();
    /// @notice No withdrawal is under way.
    error WithdrawalNotPending();
    /// @notice The withdraw delay is not over.
    error WithdrawDelayNotElapsed();
    /// @notice The withdraw delay is outside of its limits.
    error WithdrawDelayOutOfRange();
    /// @notice More is asked for than is unclaimed.
    error WithdrawAmountExceedsAvailable();
    /// @notice A withdrawal of nothing.
    error NothingToWithdraw();

    /// @notice Adds `amount` to the channel, pulled from the payer by `collector`.
    /// @param config The channel; no party may be zero but the payer authorizer.
    /// @param amount In the token's smallest unit.
    /// @param collector Pulls the tokens; the payer's signature that it checks is what authorizes the deposit.
    /// @param collectorData What the collector needs.
    /// @dev Anybody may send it. The measured balance difference must be exact, so a fee-on-transfer token is refused.
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external
        nonReentrant
    {
        _requireUsable(config);
        if (amount == 0) revert ZeroDeposit();
        if (collector == address(0)) revert InvalidCollector();

        bytes32 channelId = getChannelId(config);
        ChannelState storage channel = channels[channelId];
        uint128 before = channel.balance;
        if (amount > type(uint128).max - before) revert DepositOverflow();
        channel.balance = before + amount;

        IERC20 token = IERC20(config.token);
        uint256 held = token.balanceOf(address(this));
        IDepositCollector(collector).collect(config.payer, config.token, amount, channelId, collectorData);
        if (token.balanceOf(address(this)) != held + amount) revert DepositCollectionFailed();

        if (before == 0) emit ChannelCreated(channelId, config);
        emit Deposited(channelId, msg.sender, amount, before + amount);
    }

    /// @notice Books what the receiver earned on each channel, up to the payer's voucher; sent by the receiver's side.
    /// @param voucherClaims One row for each channel.
    /// @dev Totals are cumulative: a row that is not above what is booked already changes nothing.
    function claim(VoucherClaim[] calldata voucherClaims) external nonReentrant {
        uint256 count = voucherClaims.length;
        if (count == 0) revert EmptyBatch();
        for (uint256 index = 0; index < count; ++index) {
            if (!_isReceiverSide(voucherClaims[index].voucher.channel)) revert NotAuthorizedToClaim();
            _book(voucherClaims[index]);
        }
    }

    /// @notice The same for anybody to send, with the receiver authorizer's signature over the whole batch.
    /// @param voucherClaims Rows whose channels have one receiver authorizer.
    /// @param authorizerSignature Over getClaimBatchDigest.
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature)
        external
        nonReentrant
    {
        uint256 count = voucherClaims.length;
        if (count == 0) revert EmptyBatch();
        address authorizer = voucherClaims[0].voucher.channel.receiverAuthorizer;
        _requireSignature(authorizer, getClaimBatchDigest(voucherClaims), authorizerSignature);
        for (uint256 index = 0; index < count; ++index) {
            if (voucherClaims[index].voucher.channel.receiverAuthorizer != authorizer) revert NotReceiverAuthorizer();
            _book(voucherClaims[index]);
        }
    }

    /// @notice Pays out everything claimed for the receiver in this token. Anybody may send it.
    /// @param receiver Who is paid.
    /// @param token In which token.
    function settle(address receiver, address token) external nonReentrant {
        ReceiverState storage account = receivers[receiver][token];
        uint128 amount = account.totalClaimed - account.totalSettled;
        if (amount == 0) return;
        account.totalSettled += amount;
        IERC20(token).safeTransfer(receiver, amount);
        emit Settled(receiver, token, msg.sender, amount);
    }

    /// @notice The payer's side announces that it wants `amount` back once the withdraw delay is over.
    /// @param config The channel.
    /// @param amount At most what is unclaimed now.
    /// @dev Only booked claims are safe from it: the receiver claims during the delay or loses its vouchers.
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        if (!_isPayerSide(config)) revert InvalidChannel();
        if (amount == 0) revert NothingToWithdraw();
        bytes32 channelId = getChannelId(config);
        WithdrawalState storage withdrawal = pendingWithdrawals[channelId];
        if (withdrawal.initiatedAt != 0) revert WithdrawalAlreadyPending();
        if (amount > _unclaimed(channels[channelId])) revert WithdrawAmountExceedsAvailable();
        withdrawal.amount = amount;
        withdrawal.initiatedAt = uint40(block.timestamp);
        emit WithdrawInitiated(channelId, amount, uint40(block.timestamp) + config.withdrawDelay);
    }

    /// @notice Pays the announced amount back, less what was claimed in the meantime.
    /// @param config The channel.
    function finalizeWithdraw(ChannelConfig calldata config) external nonReentrant {
        if (!_isPayerSide(config)) revert NotAuthorizedToFinalizeWithdraw();
        bytes32 channelId = getChannelId(config);
        WithdrawalState memory withdrawal = pendingWithdrawals[channelId];
        if (withdrawal.initiatedAt == 0) revert WithdrawalNotPending();
        if (block.timestamp < uint256(withdrawal.initiatedAt) + config.withdrawDelay) revert WithdrawDelayNotElapsed();
        delete pendingWithdrawals[channelId];

        ChannelState storage channel = channels[channelId];
        uint128 amount = _smaller(withdrawal.amount, _unclaimed(channel));
        channel.balance -= amount;
        emit WithdrawFinalized(channelId, msg.sender, amount);
        _payBack(config, channelId, channel, amount);
    }

    /// @notice The receiver's side gives unclaimed money back to the payer, at most what is unclaimed.
    /// @param config The channel.
    /// @param amount Above what is unclaimed: everything that is.
    function refund(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        if (!_isReceiverSide(config)) revert NotAuthorizedToRefund();
        _refund(config, getChannelId(config), amount);
    }

    /// @notice The same for anybody to send, with the receiver authorizer's signature over the current nonce.
    /// @param config The channel.
    /// @param amount Above what is unclaimed: everything that is.
    /// @param nonce The channel's refundNonce.
    /// @param receiverAuthorizerSignature Over getRefundDigest.
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external nonReentrant {
        bytes32 channelId = getChannelId(config);
        if (nonce != refundNonce[channelId]) revert InvalidRefundNonce();
        bytes32 digest = getRefundDigest(channelId, nonce, amount);
        _requireSignature(config.receiverAuthorizer, digest, receiverAuthorizerSignature);
        _refund(config, channelId, amount);
    }

    /// @dev Parties are there and the delay is in its limits.
    function _requireUsable(ChannelConfig calldata config) private pure {
        if (
            config.payer == address(0) || config.receiver == address(0) || config.receiverAuthorizer == address(0)
                || config.token == address(0)
        ) revert InvalidChannel();
        if (config.withdrawDelay < MIN_WITHDRAW_DELAY || config.withdrawDelay > MAX_WITHDRAW_DELAY) {
            revert WithdrawDelayOutOfRange();
        }
    }

    /// @dev One row of a claim: fields, then cover, then signature, then the books.
    function _book(VoucherClaim calldata row) private {
        ChannelConfig calldata config = row.voucher.channel;
        bytes32 channelId = getChannelId(config);
        ChannelState storage channel = channels[channelId];
        uint128 before = channel.totalClaimed;
        if (row.totalClaimed <= before) return;
        if (row.totalClaimed > row.voucher.maxClaimableAmount) revert ClaimExceedsCeiling();
        if (row.totalClaimed > channel.balance) revert ClaimExceedsBalance();

        bytes32 digest = getVoucherDigest(channelId, row.voucher.maxClaimableAmount);
        if (config.payerAuthorizer == address(0)) {
            _requireSignature(config.payer, digest, row.signature);
        } else if (ECDSA.recoverCalldata(digest, row.signature) != config.payerAuthorizer) {
            revert InvalidSignature();
        }

        uint128 increase = row.totalClaimed - before;
        channel.totalClaimed = row.totalClaimed;
        receivers[config.receiver][config.token].totalClaimed += increase;
        emit Claimed(channelId, msg.sender, increase, row.totalClaimed);
    }

    /// @dev What both forms of a refund do.
    function _refund(ChannelConfig calldata config, bytes32 channelId, uint128 requested) private {
        if (requested == 0) revert ZeroRefund();
        ++refundNonce[channelId];
        ChannelState storage channel = channels[channelId];
        uint128 amount = _smaller(requested, _unclaimed(channel));
        if (amount == 0) return;
        channel.balance -= amount;

        // A refund is what the payer was waiting for: it counts towards a withdrawal under way.
        WithdrawalState storage withdrawal = pendingWithdrawals[channelId];
        if (withdrawal.initiatedAt != 0) {
            if (amount >= withdrawal.amount) delete pendingWithdrawals[channelId];
            else withdrawal.amount -= amount;
        }
        emit Refunded(channelId, msg.sender, amount);
        _payBack(config, channelId, channel, amount);
    }

    /// @dev Tokens go to the payer and nobody else, after everything is written down.
    function _payBack(ChannelConfig calldata config, bytes32 channelId, ChannelState storage channel, uint128 amount)
        private
    {
        if (channel.balance == 0) emit ChannelClosed(channelId, config);
        if (amount > 0) IERC20(config.token).safeTransfer(config.payer, amount);
    }

    /// @dev Plain or by contract (EIP-1271); OpenZeppelin refuses the upper half of s.
    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) revert InvalidSignature();
    }

    /// @dev The payer or the key that signs for it.
    function _isPayerSide(ChannelConfig calldata config) private view returns (bool) {
        return msg.sender == config.payer || msg.sender == config.payerAuthorizer;
    }

    /// @dev The receiver or the key that signs for it.
    function _isReceiverSide(ChannelConfig calldata config) private view returns (bool) {
        return msg.sender == config.receiver || msg.sender == config.receiverAuthorizer;
    }

    /// @dev What may still go either way.
    function _unclaimed(ChannelState storage channel) private view returns (uint128) {
        return channel.balance - channel.totalClaimed;
    }

    /// @dev The smaller of two amounts.
    function _smaller(uint128 left, uint128 right) private pure returns (uint128) {
        return left < right ? left : right;
    }
}
