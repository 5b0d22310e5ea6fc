// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlement} from "../BatchSettlement.sol";
import {BatchSettlementTypes} from "../BatchSettlementTypes.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {vm} from "./support/Vm.sol";

contract WithdrawTest is SettlementStage {
    BatchSettlementTypes.ChannelConfig internal config;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        config = _config();
        id = _fund(config, 1_000);
    }

    function _initiate(uint128 amount) internal {
        vm.prank(payer);
        settlement.initiateWithdraw(config, amount);
    }

    function _finalize() internal {
        vm.prank(payer);
        settlement.finalizeWithdraw(config);
    }

    function test_I6_pays_back_only_when_the_delay_is_over() public {
        vm.expectEmit(address(settlement));
        emit BatchSettlement.WithdrawInitiated(id, 600, uint40(START + DELAY));
        _initiate(600);
        _expectPending(id, 600, START);
        _expectState(id, 1_000, 0);
        vm.warp(START + DELAY - 1);
        _expectRevert(BatchSettlement.WithdrawDelayNotElapsed.selector);
        _finalize();
        vm.warp(START + DELAY);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.WithdrawFinalized(id, payer, 600);
        _finalize();
        _expectState(id, 400, 0);
        _expectPending(id, 0, 0);
        vm.assertEq(usdc.balanceOf(payer), 600, "paid back");
        _expectRevert(BatchSettlement.WithdrawalNotPending.selector);
        _finalize();
    }

    function test_I6_the_announced_time_stands() public {
        _initiate(600);
        vm.warp(START + 1_000);
        _expectRevert(BatchSettlement.WithdrawalAlreadyPending.selector);
        _initiate(1);
        _expectPending(id, 600, START);
        _expectRevert(BatchSettlement.WithdrawDelayNotElapsed.selector);
        _finalize();
    }

    function test_I7_what_is_claimed_in_the_delay_is_kept() public {
        _initiate(1_000);
        vm.warp(START + DELAY - 1);
        _claim(config, 400);
        vm.warp(START + DELAY);
        _finalize();
        _expectState(id, 400, 400);
        vm.assertEq(usdc.balanceOf(payer), 600, "paid back");
        settlement.settle(receiver, address(usdc));
        vm.assertEq(usdc.balanceOf(receiver), 400, "paid out");
    }

    function test_I7_a_claim_holds_even_after_the_delay_until_somebody_finalizes() public {
        _initiate(1_000);
        vm.warp(START + 2 * DELAY);
        _claim(config, 1_000);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.WithdrawFinalized(id, payer, 0);
        _finalize();
        _expectState(id, 1_000, 1_000);
        vm.assertEq(usdc.balanceOf(payer), 0, "paid back");
    }

    function test_takes_no_more_than_was_announced() public {
        _initiate(100);
        _fund(config, 5_000);
        vm.warp(START + DELAY);
        _finalize();
        _expectState(id, 5_900, 0);
        vm.assertEq(usdc.balanceOf(payer), 100, "paid back");
    }

    function test_closes_an_empty_channel_that_nothing_was_claimed_on() public {
        _initiate(1_000);
        vm.warp(START + DELAY);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.ChannelClosed(id, config);
        _finalize();
        _expectState(id, 0, 0);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.ChannelCreated(id, config);
        _fund(config, 5);
    }

    function test_refuses_nothing_and_more_than_is_there() public {
        _claim(config, 300);
        _expectRevert(BatchSettlement.NothingToWithdraw.selector);
        _initiate(0);
        _expectRevert(BatchSettlement.WithdrawAmountExceedsAvailable.selector);
        _initiate(701);
        _initiate(700);
        _expectPending(id, 700, START);
    }

    function test_I9_the_payer_side_alone_announces_and_ends_and_the_payer_gets_it() public {
        address[3] memory others = [stranger, receiver, receiverAuthorizer];
        for (uint256 index = 0; index < 3; ++index) {
            _expectRevert(BatchSettlement.InvalidChannel.selector);
            vm.prank(others[index]);
            settlement.initiateWithdraw(config, 1);
        }
        vm.prank(payerAuthorizer);
        settlement.initiateWithdraw(config, 1_000);
        vm.warp(START + DELAY);
        for (uint256 index = 0; index < 3; ++index) {
            _expectRevert(BatchSettlement.NotAuthorizedToFinalizeWithdraw.selector);
            vm.prank(others[index]);
            settlement.finalizeWithdraw(config);
        }
        vm.prank(payerAuthorizer);
        settlement.finalizeWithdraw(config);
        vm.assertEq(usdc.balanceOf(payer), 1_000, "paid back");
        vm.assertEq(usdc.balanceOf(payerAuthorizer), 0, "the authorizer gets nothing");
    }

    function test_refuses_to_end_what_was_not_announced() public {
        _expectRevert(BatchSettlement.WithdrawalNotPending.selector);
        _finalize();
    }
}
