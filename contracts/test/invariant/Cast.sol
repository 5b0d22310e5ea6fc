// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlementTypes} from "../../BatchSettlementTypes.sol";
import {SmartAccount, FeeToken} from "../support/Doubles.sol";
import {SettlementStage} from "../support/SettlementStage.sol";
import {vm} from "../support/Vm.sol";

/// @dev Three payers and two receivers on five channels of every kind, a stranger, and what each of them was promised.
///      The promises are kept from what the people did, never read back from the contract.
abstract contract Cast is SettlementStage {
    struct Role {
        BatchSettlementTypes.ChannelConfig config;
        bytes32 id;
        /// @dev Signs vouchers; for a contract payer its owner's key.
        uint256 voucherKey;
        /// @dev Signs batches and refunds.
        uint256 authorizerKey;
    }

    struct Promise {
        uint256 deposited;
        uint256 paidBack;
        uint256 claimed;
        /// @dev Highest total that the right key ever signed for this channel here.
        uint256 signed;
        uint256 announced;
        uint256 announcedAt;
    }

    uint256 internal constant CHANNELS = 5;
    Role[CHANNELS] internal roles;
    Promise[CHANNELS] internal promises;
    mapping(address receiver => uint256) internal settled;
    FeeToken internal feeToken;

    function _openCast() internal {
        SettlementStage.setUp();
        feeToken = new FeeToken();
        address otherPayer = vm.addr(0xD1);
        address otherReceiver = vm.addr(0xE1);
        address accountPayer = address(new SmartAccount(vm.addr(0xD3)));
        address accountAuthorizer = address(new SmartAccount(vm.addr(0xE3)));
        // Two channels of one pair; an own signer with the shortest delay; contracts on both sides; the longest delay.
        _cast(0, payer, payerAuthorizer, receiver, receiverAuthorizer, 1 days, PAYER_AUTHORIZER_KEY);
        _cast(1, payer, payerAuthorizer, receiver, receiverAuthorizer, 1 days, PAYER_AUTHORIZER_KEY);
        _cast(2, otherPayer, address(0), receiver, receiverAuthorizer, 15 minutes, 0xD1);
        _cast(3, accountPayer, address(0), otherReceiver, accountAuthorizer, 1 hours, 0xD3);
        _cast(4, otherPayer, vm.addr(0xD2), otherReceiver, accountAuthorizer, 30 days, 0xD2);
        for (uint256 index = 0; index < CHANNELS; ++index) {
            roles[index].authorizerKey = index < 3 ? RECEIVER_AUTHORIZER_KEY : 0xE3;
        }
    }

    function _cast(
        uint256 index,
        address from,
        address signer,
        address to,
        address authorizer,
        uint40 delay,
        uint256 voucherKey
    ) private {
        Role storage role = roles[index];
        role.config = BatchSettlementTypes.ChannelConfig(
            from, signer, to, authorizer, address(usdc), delay, bytes32(index)
        );
        role.id = _idOf(role.config);
        role.voucherKey = voucherKey;
    }

    function channelCount() external pure returns (uint256) {
        return CHANNELS;
    }

    function roleOf(uint256 index) external view returns (Role memory) {
        return roles[index];
    }

    function promiseOf(uint256 index) external view returns (Promise memory) {
        return promises[index];
    }

    function settledOf(address account) external view returns (uint256) {
        return settled[account];
    }

    function feeTokenAddress() external view returns (FeeToken) {
        return feeToken;
    }
}
