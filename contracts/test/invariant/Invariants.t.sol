// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlement} from "../../BatchSettlement.sol";
import {TestUsdc} from "../../TestUsdc.sol";
import {vm} from "../support/Vm.sol";
import {Cast} from "./Cast.sol";
import {Troupe} from "./Troupe.sol";

/// @dev I1 to I11: what holds after every call, whoever made it and in whatever order.
contract InvariantsTest {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    BatchSettlement internal constant settlement = BatchSettlement(0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003);
    TestUsdc internal constant usdc = TestUsdc(0x1111111111111111111111111111111111110006);
    Troupe internal troupe;

    function setUp() public {
        troupe = new Troupe();
    }

    /// @dev Read by forge: the one contract that the fuzzer calls.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(troupe);
    }

    /// @dev Read by forge: the acts, and none of the views.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(troupe), _acts());
    }

    function _acts() private pure returns (bytes4[] memory acts) {
        bytes4[12] memory all = [
            Troupe.deposit.selector,
            Troupe.depositOfFeeToken.selector,
            Troupe.claim.selector,
            Troupe.claimBatch.selector,
            Troupe.forgeClaim.selector,
            Troupe.forgeBatch.selector,
            Troupe.settle.selector,
            Troupe.initiateWithdraw.selector,
            Troupe.finalizeWithdraw.selector,
            Troupe.refund.selector,
            Troupe.trespass.selector,
            Troupe.pass.selector
        ];
        acts = new bytes4[](12);
        for (uint256 index = 0; index < 12; ++index) {
            acts[index] = all[index];
        }
    }

    function invariant_I1_holds_exactly_what_it_owes() public view {
        uint256 owed;
        uint256 promised;
        for (uint256 index = 0; index < troupe.channelCount(); ++index) {
            (uint128 balance, uint128 claimed) = settlement.channels(troupe.roleOf(index).id);
            Cast.Promise memory account = troupe.promiseOf(index);
            owed += balance - claimed;
            promised += account.deposited - account.paidBack;
        }
        address[2] memory receivers = _receivers();
        for (uint256 index = 0; index < 2; ++index) {
            (uint128 claimed, uint128 settled) = settlement.receivers(receivers[index], address(usdc));
            owed += claimed - settled;
            promised -= troupe.settledOf(receivers[index]);
        }
        vm.assertEq(usdc.balanceOf(address(settlement)), owed, "I1: tokens held and owed");
        vm.assertEq(owed, promised, "I1: owed and promised");
    }

    function invariant_I2_claimed_never_falls() public view {
        for (uint256 index = 0; index < troupe.channelCount(); ++index) {
            (, uint128 claimed) = settlement.channels(troupe.roleOf(index).id);
            vm.assertTrue(claimed >= troupe.promiseOf(index).claimed, "I2: claimed fell");
        }
    }

    function invariant_I3_claimed_is_covered_by_the_balance() public view {
        for (uint256 index = 0; index < troupe.channelCount(); ++index) {
            (uint128 balance, uint128 claimed) = settlement.channels(troupe.roleOf(index).id);
            vm.assertTrue(claimed <= balance, "I3: claimed above the balance");
            Cast.Promise memory account = troupe.promiseOf(index);
            vm.assertEq(balance, account.deposited - account.paidBack, "I3: balance");
        }
    }

    function invariant_I4_claimed_is_covered_by_a_signature() public view {
        for (uint256 index = 0; index < troupe.channelCount(); ++index) {
            (, uint128 claimed) = settlement.channels(troupe.roleOf(index).id);
            vm.assertTrue(claimed <= troupe.promiseOf(index).signed, "I4: claimed above every signature");
        }
    }

    function invariant_I5_receivers_get_exactly_what_was_claimed() public view {
        address[2] memory receivers = _receivers();
        for (uint256 person = 0; person < 2; ++person) {
            uint256 sum;
            for (uint256 index = 0; index < troupe.channelCount(); ++index) {
                Cast.Role memory role = troupe.roleOf(index);
                if (role.config.receiver == receivers[person]) sum += troupe.promiseOf(index).claimed;
            }
            (uint128 claimed, uint128 settled) = settlement.receivers(receivers[person], address(usdc));
            vm.assertEq(claimed, sum, "I5: booked for the receiver");
            vm.assertEq(usdc.balanceOf(receivers[person]), settled, "I5: paid to the receiver");
            vm.assertEq(settled, troupe.settledOf(receivers[person]), "I5: settled");
        }
    }

    function invariant_I6_no_payout_before_its_time_and_the_time_stands() public view {
        vm.assertEq(troupe.earlyPayouts(), 0, "I6: paid before the delay was over");
        for (uint256 index = 0; index < troupe.channelCount(); ++index) {
            (uint128 amount, uint40 since) = settlement.pendingWithdrawals(troupe.roleOf(index).id);
            Cast.Promise memory account = troupe.promiseOf(index);
            vm.assertEq(since, account.announcedAt, "I6: announced at");
            vm.assertEq(amount, account.announced, "I6: announced amount");
        }
    }

    function invariant_I7_a_valid_claim_always_succeeds_and_no_other() public view {
        vm.assertEq(troupe.refusedClaims(), 0, "I7: a valid claim was refused, or an invalid one taken");
    }

    function invariant_I8_other_channels_stay_as_they_are() public view {
        vm.assertEq(troupe.foreignChanges(), 0, "I8: another channel changed");
    }

    function invariant_I9_anybody_sends_and_only_the_parties_are_paid() public view {
        vm.assertEq(troupe.trespasses(), 0, "I9: a stranger got through, or a payout was wrong");
        vm.assertEq(troupe.wrongRefusals(), 0, "I9: a right call was refused");
        address[4] memory others = [vm.addr(0xBAD), vm.addr(0xA11CF), vm.addr(0xB0C), vm.addr(0xD2)];
        for (uint256 index = 0; index < 4; ++index) {
            vm.assertEq(usdc.balanceOf(others[index]), 0, "I9: somebody else was paid");
        }
        uint256 paidBack;
        for (uint256 index = 0; index < troupe.channelCount(); ++index) {
            paidBack += troupe.promiseOf(index).paidBack;
        }
        uint256 held = usdc.balanceOf(vm.addr(0xA11CE)) + usdc.balanceOf(vm.addr(0xD1))
            + usdc.balanceOf(troupe.roleOf(3).config.payer);
        vm.assertEq(held, paidBack, "I9: paid back to the payers");
    }

    function invariant_I10_a_token_that_takes_a_fee_never_gets_in() public view {
        vm.assertEq(troupe.feesTaken(), 0, "I10: a short deposit was taken");
        vm.assertEq(troupe.feeTokenAddress().balanceOf(address(settlement)), 0, "I10: tokens held");
    }

    function invariant_I11_no_forged_signature_is_taken() public view {
        vm.assertEq(troupe.forgeriesTaken(), 0, "I11: a forgery was taken");
    }

    /// @dev Invariants over acts that never succeed would prove nothing: a fixed walk must see each of them succeed.
    function test_the_troupe_does_what_it_is_said_to_do() public {
        for (uint256 step = 0; step < 1_000; ++step) {
            (bool worked,) = address(troupe).call(_chooseAct(uint256(keccak256(abi.encode("walk", step)))));
            vm.assertTrue(worked, "an act reverted");
        }
        vm.assertTrue(troupe.deposits() > 20, "deposits");
        vm.assertTrue(troupe.claims() > 10, "claims");
        vm.assertTrue(troupe.claimsInDelay() > 3, "claims in the delay");
        vm.assertTrue(troupe.batches() > 3, "batches");
        vm.assertTrue(troupe.settlements() > 3, "settlements");
        vm.assertTrue(troupe.withdrawals() > 3, "withdrawals");
        vm.assertTrue(troupe.refunds() > 20, "refunds");
        vm.assertTrue(troupe.forgeries() > 20, "forgeries");
    }

    function _chooseAct(uint256 chance) private pure returns (bytes memory) {
        uint256 seed = chance >> 8;
        uint128 amount = uint128(chance >> 100);
        bool flag = (chance >> 240) & 1 == 1;
        uint256 act = chance % 12;
        if (act == 0) return abi.encodeCall(Troupe.deposit, (seed, amount, seed));
        if (act == 1) return abi.encodeCall(Troupe.depositOfFeeToken, (amount));
        if (act == 2) return abi.encodeCall(Troupe.claim, (seed, amount, amount >> 7, flag));
        if (act == 3) return abi.encodeCall(Troupe.claimBatch, (seed, seed >> 9, amount, seed));
        if (act == 4) return abi.encodeCall(Troupe.forgeClaim, (seed, seed >> 9, amount));
        if (act == 5) return abi.encodeCall(Troupe.forgeBatch, (seed, amount, flag));
        if (act == 6) return abi.encodeCall(Troupe.settle, (seed, seed));
        if (act == 7) return abi.encodeCall(Troupe.initiateWithdraw, (seed, amount, flag));
        if (act == 8) return abi.encodeCall(Troupe.finalizeWithdraw, (seed, flag));
        if (act == 9) return abi.encodeCall(Troupe.refund, (seed, amount, flag, seed));
        if (act == 10) return abi.encodeCall(Troupe.trespass, (seed, seed >> 9, amount));
        return abi.encodeCall(Troupe.pass, (seed));
    }

    function _receivers() private view returns (address[2] memory) {
        return [troupe.roleOf(0).config.receiver, troupe.roleOf(4).config.receiver];
    }
}
