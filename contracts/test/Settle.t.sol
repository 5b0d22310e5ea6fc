// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {BatchSettlement} from "../BatchSettlement.sol";
import {BatchSettlementTypes} from "../BatchSettlementTypes.sol";
import {CallingToken} from "./support/Doubles.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {vm} from "./support/Vm.sol";

contract SettleTest is SettlementStage {
    function test_I5_pays_the_receiver_what_was_claimed_once_whoever_sends_it() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        bytes32 id = _fund(config, 1_000);
        _claim(config, 300);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Settled(receiver, address(usdc), stranger, 300);
        vm.prank(stranger);
        settlement.settle(receiver, address(usdc));
        settlement.settle(receiver, address(usdc));
        vm.assertEq(usdc.balanceOf(receiver), 300, "paid out");
        _expectReceiver(300, 300);
        _claim(config, 450);
        settlement.settle(receiver, address(usdc));
        vm.assertEq(usdc.balanceOf(receiver), 450, "paid out");
        vm.assertEq(usdc.balanceOf(stranger), 0, "the sender gets nothing");
        _expectReceiver(450, 450);
        _expectState(id, 1_000, 450);
    }

    function test_says_nothing_when_nothing_is_due() public {
        settlement.settle(receiver, address(usdc));
        _expectReceiver(0, 0);
        // A token is not asked to move nothing: this address is no token and would fail.
        settlement.settle(receiver, address(0xdead));
    }

    function test_claim_and_settle_go_together_in_one_call_of_the_receiver() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        _fund(config, 1_000);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(settlement.claim, (_rows(_row(PAYER_AUTHORIZER_KEY, config, 10, 10))));
        calls[1] = abi.encodeCall(settlement.settle, (receiver, address(usdc)));
        _expectRevert(BatchSettlement.NotAuthorizedToClaim.selector);
        vm.prank(stranger);
        settlement.multicall(calls);
        vm.prank(receiver);
        settlement.multicall(calls);
        vm.assertEq(usdc.balanceOf(receiver), 10, "paid out");
    }

    function test_a_token_that_calls_back_gets_nowhere() public {
        CallingToken token = new CallingToken();
        BatchSettlementTypes.ChannelConfig memory config = _config();
        config.token = address(token);
        config.payerAuthorizer = address(0);
        config.payer = payer;
        (config.receiver, config.receiverAuthorizer) = (address(token), address(token));
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_row(PAYER_KEY, config, 5, 5));
        settlement.deposit(config, 1_000, address(collector), "");
        vm.prank(address(token));
        settlement.claim(rows);

        bytes[8] memory calls = [
            abi.encodeCall(settlement.settle, (address(token), address(token))),
            abi.encodeCall(settlement.claim, (rows)),
            abi.encodeCall(settlement.claimWithSignature, (rows, "")),
            abi.encodeCall(settlement.refund, (config, 1)),
            abi.encodeCall(settlement.refundWithSignature, (config, 1, 0, "")),
            abi.encodeCall(settlement.initiateWithdraw, (config, 1)),
            abi.encodeCall(settlement.finalizeWithdraw, (config)),
            abi.encodeCall(settlement.deposit, (config, 1, address(collector), ""))
        ];
        for (uint256 index = 0; index < calls.length; ++index) {
            token.setCall(address(settlement), calls[index]);
            _expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
            settlement.settle(address(token), address(token));
        }
        // The guard stands on every way that pays: a refund and a withdrawal cannot be entered again either.
        token.setCall(address(settlement), abi.encodeCall(settlement.settle, (address(token), address(token))));
        _expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        vm.prank(address(token));
        settlement.refund(config, 1);
        vm.prank(payer);
        settlement.initiateWithdraw(config, 1);
        vm.warp(START + DELAY);
        _expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        vm.prank(payer);
        settlement.finalizeWithdraw(config);
    }
}
