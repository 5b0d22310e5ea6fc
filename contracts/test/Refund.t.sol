// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlement} from "../BatchSettlement.sol";
import {BatchSettlementTypes} from "../BatchSettlementTypes.sol";
import {SmartAccount} from "./support/Doubles.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {TypedData} from "./support/TypedData.sol";
import {vm} from "./support/Vm.sol";

contract RefundTest is SettlementStage {
    BatchSettlementTypes.ChannelConfig internal config;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        config = _config();
        id = _fund(config, 1_000);
    }

    function _refund(uint128 amount) internal {
        vm.prank(receiver);
        settlement.refund(config, amount);
    }

    function _signRefund(uint256 key, uint256 nonce, uint128 amount) internal view returns (bytes memory) {
        return _sign(key, TypedData.refund(address(settlement), id, nonce, amount));
    }

    function test_gives_back_to_the_payer_and_uses_up_a_nonce() public {
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Refunded(id, receiver, 200);
        _refund(200);
        _expectState(id, 800, 0);
        vm.assertEq(usdc.balanceOf(payer), 200, "paid back");
        vm.assertEq(settlement.refundNonce(id), 1, "nonce");
        vm.prank(receiverAuthorizer);
        settlement.refund(config, 1);
        vm.assertEq(usdc.balanceOf(payer), 201, "paid back");
        vm.assertEq(settlement.refundNonce(id), 2, "nonce");
    }

    function test_gives_back_no_more_than_is_unclaimed() public {
        _claim(config, 300);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Refunded(id, receiver, 700);
        _refund(type(uint128).max);
        _expectState(id, 300, 300);
        // Nothing is left, but the attempt still uses up a nonce.
        _refund(1);
        vm.assertEq(usdc.balanceOf(payer), 700, "paid back");
        vm.assertEq(settlement.refundNonce(id), 2, "nonce");
        _expectState(id, 300, 300);
    }

    function test_a_channel_with_money_is_not_closed() public {
        vm.recordLogs();
        _refund(999);
        vm.assertEq(_countEvents(BatchSettlement.ChannelClosed.selector), 0, "closed");
    }

    function test_closes_an_empty_channel() public {
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Refunded(id, receiver, 1_000);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.ChannelClosed(id, config);
        _refund(1_000);
    }

    function test_shortens_a_withdrawal_under_way() public {
        vm.prank(payer);
        settlement.initiateWithdraw(config, 500);
        vm.warp(START + 10);
        _refund(200);
        _expectPending(id, 300, START);
        _refund(300);
        _expectPending(id, 0, 0);
        _expectState(id, 500, 0);
        vm.warp(START + DELAY);
        _expectRevert(BatchSettlement.WithdrawalNotPending.selector);
        vm.prank(payer);
        settlement.finalizeWithdraw(config);
    }

    function test_a_refund_of_more_than_the_withdrawal_ends_it() public {
        vm.prank(payer);
        settlement.initiateWithdraw(config, 500);
        _refund(501);
        _expectPending(id, 0, 0);
        vm.prank(payer);
        settlement.initiateWithdraw(config, 499);
        _expectPending(id, 499, START);
    }

    function test_refuses_nothing_and_everybody_but_the_receiver_side() public {
        _expectRevert(BatchSettlement.ZeroRefund.selector);
        _refund(0);
        address[3] memory others = [stranger, payer, payerAuthorizer];
        for (uint256 index = 0; index < 3; ++index) {
            _expectRevert(BatchSettlement.NotAuthorizedToRefund.selector);
            vm.prank(others[index]);
            settlement.refund(config, 1);
        }
        vm.assertEq(settlement.refundNonce(id), 0, "nonce");
    }

    function test_I9_anybody_may_send_what_the_receiver_authorizer_signed_once() public {
        bytes memory signature = _signRefund(RECEIVER_AUTHORIZER_KEY, 0, 200);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Refunded(id, stranger, 200);
        vm.prank(stranger);
        settlement.refundWithSignature(config, 200, 0, signature);
        _expectState(id, 800, 0);
        vm.assertEq(usdc.balanceOf(payer), 200, "paid back");
        _expectRevert(BatchSettlement.InvalidRefundNonce.selector);
        settlement.refundWithSignature(config, 200, 0, signature);
        _expectRevert(BatchSettlement.InvalidSignature.selector);
        settlement.refundWithSignature(config, 200, 1, signature);
    }

    function test_I9_a_signed_refund_holds_for_its_nonce_amount_and_signer() public {
        bytes memory signature = _signRefund(RECEIVER_AUTHORIZER_KEY, 0, 200);
        _expectRevert(BatchSettlement.InvalidSignature.selector);
        settlement.refundWithSignature(config, 201, 0, signature);
        bytes[3] memory wrong = [
            _signRefund(STRANGER_KEY, 0, 200), _signRefund(RECEIVER_KEY, 0, 200), _malleate(signature)
        ];
        for (uint256 index = 0; index < 3; ++index) {
            _expectRevert(BatchSettlement.InvalidSignature.selector);
            settlement.refundWithSignature(config, 200, 0, wrong[index]);
        }
        bytes memory early = _signRefund(RECEIVER_AUTHORIZER_KEY, 1, 200);
        _expectRevert(BatchSettlement.InvalidRefundNonce.selector);
        settlement.refundWithSignature(config, 200, 1, early);
        _expectState(id, 1_000, 0);
    }

    function test_I11_a_contract_may_be_the_receiver_authorizer() public {
        config.receiverAuthorizer = address(new SmartAccount(receiver));
        id = _fund(config, 10);
        settlement.refundWithSignature(config, 10, 0, _signRefund(RECEIVER_KEY, 0, 10));
        _expectState(id, 0, 0);
    }
}
