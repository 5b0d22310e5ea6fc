// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {BatchSettlement} from "../BatchSettlement.sol";
import {BatchSettlementTypes} from "../BatchSettlementTypes.sol";
import {FeeToken, ReenteringCollector} from "./support/Doubles.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {vm} from "./support/Vm.sol";

contract DepositTest is SettlementStage {
    function test_adds_to_the_channel_and_says_so() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        bytes32 id = _idOf(config);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.ChannelCreated(id, config);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Deposited(id, stranger, 70, 70);
        vm.prank(stranger);
        settlement.deposit(config, 70, address(collector), "");
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Deposited(id, payer, 30, 100);
        vm.prank(payer);
        settlement.deposit(config, 30, address(collector), "");
        _expectState(id, 100, 0);
        vm.assertEq(usdc.balanceOf(address(settlement)), 100, "tokens held");
    }

    function test_announces_a_channel_once() public {
        vm.recordLogs();
        _fund(_config(), 5);
        _fund(_config(), 5);
        vm.assertEq(_countEvents(BatchSettlement.ChannelCreated.selector), 1, "announced");
    }

    function test_each_field_makes_a_channel_of_its_own() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        bytes32 first = _fund(config, 5);
        config.salt = bytes32(uint256(1));
        bytes32 second = _fund(config, 7);
        _expectState(first, 5, 0);
        _expectState(second, 7, 0);
    }

    function test_refuses_a_channel_without_its_parties() public {
        for (uint256 field = 0; field < 4; ++field) {
            BatchSettlementTypes.ChannelConfig memory config = _config();
            if (field == 0) config.payer = address(0);
            if (field == 1) config.receiver = address(0);
            if (field == 2) config.receiverAuthorizer = address(0);
            if (field == 3) config.token = address(0);
            _expectRevert(BatchSettlement.InvalidChannel.selector);
            settlement.deposit(config, 1, address(collector), "");
        }
        BatchSettlementTypes.ChannelConfig memory without = _config();
        without.payerAuthorizer = address(0);
        _expectState(_fund(without, 1), 1, 0);
    }

    function test_holds_the_withdraw_delay_to_its_limits() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        config.withdrawDelay = 15 minutes - 1;
        _expectRevert(BatchSettlement.WithdrawDelayOutOfRange.selector);
        settlement.deposit(config, 1, address(collector), "");
        config.withdrawDelay = 30 days + 1;
        _expectRevert(BatchSettlement.WithdrawDelayOutOfRange.selector);
        settlement.deposit(config, 1, address(collector), "");
        config.withdrawDelay = 15 minutes;
        _fund(config, 1);
        config.withdrawDelay = 30 days;
        _fund(config, 1);
    }

    function test_refuses_nothing_and_no_collector() public {
        _expectRevert(BatchSettlement.ZeroDeposit.selector);
        settlement.deposit(_config(), 0, address(collector), "");
        _expectRevert(BatchSettlement.InvalidCollector.selector);
        settlement.deposit(_config(), 1, address(0), "");
    }

    function test_refuses_what_does_not_fit_and_takes_the_last_unit() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        bytes32 id = _fund(config, type(uint128).max - 1);
        _expectRevert(BatchSettlement.DepositOverflow.selector);
        settlement.deposit(config, 2, address(collector), "");
        _fund(config, 1);
        _expectState(id, type(uint128).max, 0);
    }

    function test_I10_refuses_less_and_more_than_was_asked() public {
        collector.setShortfall(1);
        _expectRevert(BatchSettlement.DepositCollectionFailed.selector);
        settlement.deposit(_config(), 10, address(collector), "");
        collector.setShortfall(-1);
        _expectRevert(BatchSettlement.DepositCollectionFailed.selector);
        settlement.deposit(_config(), 10, address(collector), "");
        _expectState(_idOf(_config()), 0, 0);
    }

    function test_I10_refuses_a_token_that_takes_a_fee() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        config.token = address(new FeeToken());
        _expectRevert(BatchSettlement.DepositCollectionFailed.selector);
        settlement.deposit(config, 10_000, address(collector), "");
    }

    function test_a_collector_cannot_book_one_payment_twice() public {
        BatchSettlementTypes.ChannelConfig memory config = _config();
        ReenteringCollector thief = new ReenteringCollector(settlement, config);
        _expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        settlement.deposit(config, 10, address(thief), "");
    }

    function test_a_collector_of_no_code_is_refused() public {
        vm.expectRevert("");
        settlement.deposit(_config(), 1, address(0xdead), "");
    }
}
