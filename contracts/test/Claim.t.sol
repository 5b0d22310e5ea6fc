// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {BatchSettlement} from "../BatchSettlement.sol";
import {BatchSettlementTypes} from "../BatchSettlementTypes.sol";
import {SmartAccount} from "./support/Doubles.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {TypedData} from "./support/TypedData.sol";
import {vm} from "./support/Vm.sol";

contract ClaimTest is SettlementStage {
    BatchSettlementTypes.ChannelConfig internal config;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        config = _config();
        id = _fund(config, 1_000);
    }

    function _claimAs(address sender, BatchSettlementTypes.VoucherClaim memory row) internal {
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(row);
        vm.prank(sender);
        settlement.claim(rows);
    }

    function _refuseClaim(bytes4 selector, BatchSettlementTypes.VoucherClaim memory row) internal {
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(row);
        _expectRevert(selector);
        vm.prank(receiver);
        settlement.claim(rows);
        _expectState(id, 1_000, 0);
    }

    function test_books_a_part_of_the_voucher_and_moves_no_token() public {
        BatchSettlementTypes.VoucherClaim memory row = _row(PAYER_AUTHORIZER_KEY, config, 700, 300);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Claimed(id, receiver, 300, 300);
        _claimAs(receiver, row);
        _expectState(id, 1_000, 300);
        _expectReceiver(300, 0);
        vm.assertEq(usdc.balanceOf(address(settlement)), 1_000, "tokens held");
    }

    function test_I2_totals_only_rise_and_each_increase_is_booked_once() public {
        _claimAs(receiver, _row(PAYER_AUTHORIZER_KEY, config, 700, 300));
        _claimAs(receiver, _row(PAYER_AUTHORIZER_KEY, config, 700, 300));
        _claimAs(receiver, _row(PAYER_AUTHORIZER_KEY, config, 700, 200));
        _expectState(id, 1_000, 300);
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Claimed(id, receiverAuthorizer, 401, 701);
        _claimAs(receiverAuthorizer, _row(PAYER_AUTHORIZER_KEY, config, 800, 701));
        _expectState(id, 1_000, 701);
        _expectReceiver(701, 0);
    }

    function test_I3_up_to_the_balance_and_no_further() public {
        _refuseClaim(BatchSettlement.ClaimExceedsBalance.selector, _row(PAYER_AUTHORIZER_KEY, config, 1_001, 1_001));
        _claimAs(receiver, _row(PAYER_AUTHORIZER_KEY, config, 5_000, 1_000));
        _expectState(id, 1_000, 1_000);
    }

    function test_I4_up_to_what_was_signed_and_no_further() public {
        _refuseClaim(BatchSettlement.ClaimExceedsCeiling.selector, _row(PAYER_AUTHORIZER_KEY, config, 500, 501));
        BatchSettlementTypes.VoucherClaim memory raised = _row(PAYER_AUTHORIZER_KEY, config, 500, 501);
        raised.voucher.maxClaimableAmount = 501;
        _refuseClaim(BatchSettlement.InvalidSignature.selector, raised);
        _claimAs(receiver, _row(PAYER_AUTHORIZER_KEY, config, 500, 500));
        _expectState(id, 1_000, 500);
    }

    function test_I4_only_the_payer_authorizer_signs() public {
        _refuseClaim(BatchSettlement.InvalidSignature.selector, _row(STRANGER_KEY, config, 5, 5));
        _refuseClaim(BatchSettlement.InvalidSignature.selector, _row(PAYER_KEY, config, 5, 5));
        _refuseClaim(BatchSettlement.InvalidSignature.selector, _row(RECEIVER_KEY, config, 5, 5));
    }

    function test_I4_a_voucher_holds_for_one_channel_chain_and_contract() public {
        BatchSettlementTypes.ChannelConfig memory other = _config();
        other.salt = bytes32(uint256(9));
        _fund(other, 1_000);
        BatchSettlementTypes.VoucherClaim memory row = _row(PAYER_AUTHORIZER_KEY, other, 5, 5);
        row.voucher.channel = config;
        _refuseClaim(BatchSettlement.InvalidSignature.selector, row);

        row.signature = _sign(PAYER_AUTHORIZER_KEY, TypedData.voucher(address(0xdead), id, 5));
        _refuseClaim(BatchSettlement.InvalidSignature.selector, row);

        vm.chainId(1);
        row.signature = _sign(PAYER_AUTHORIZER_KEY, TypedData.voucher(address(settlement), id, 5));
        vm.chainId(31_337);
        _refuseClaim(BatchSettlement.InvalidSignature.selector, row);
    }

    function test_I11_refuses_the_twin_and_the_short_form_of_a_signature() public {
        BatchSettlementTypes.VoucherClaim memory row = _row(PAYER_AUTHORIZER_KEY, config, 5, 5);
        bytes memory good = row.signature;
        row.signature = _malleate(good);
        bytes32 upper;
        bytes memory twin = row.signature;
        assembly ("memory-safe") {
            upper := mload(add(twin, 64))
        }
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(row);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, upper));
        vm.prank(receiver);
        settlement.claim(rows);

        bytes memory short = new bytes(64);
        for (uint256 index = 0; index < 64; ++index) {
            short[index] = good[index];
        }
        rows[0].signature = short;
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 64));
        vm.prank(receiver);
        settlement.claim(rows);

        rows[0].signature = "";
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 0));
        vm.prank(receiver);
        settlement.claim(rows);
        _expectState(id, 1_000, 0);
    }

    function test_I11_without_a_payer_authorizer_the_payer_signs_person_or_contract() public {
        config.payerAuthorizer = address(0);
        _fund(config, 10);
        BatchSettlementTypes.VoucherClaim memory forged = _row(STRANGER_KEY, config, 5, 5);
        _refuseClaim(BatchSettlement.InvalidSignature.selector, forged);
        forged.signature = _malleate(_row(PAYER_KEY, config, 5, 5).signature);
        _refuseClaim(BatchSettlement.InvalidSignature.selector, forged);
        _claimAs(receiver, _row(PAYER_KEY, config, 5, 5));
        _expectState(_idOf(config), 10, 5);

        config.payer = address(new SmartAccount(payer));
        bytes32 smart = _fund(config, 10);
        _refuseClaim(BatchSettlement.InvalidSignature.selector, _row(STRANGER_KEY, config, 5, 5));
        _claimAs(receiver, _row(PAYER_KEY, config, 5, 5));
        _expectState(smart, 10, 5);
    }

    function test_I11_a_payer_authorizer_signs_plainly_even_if_it_is_a_contract() public {
        config.payerAuthorizer = address(new SmartAccount(payer));
        _fund(config, 10);
        _refuseClaim(BatchSettlement.InvalidSignature.selector, _row(PAYER_KEY, config, 5, 5));
    }

    function test_nobody_but_the_receiver_side_sends_a_plain_claim() public {
        address[3] memory others = [stranger, payer, payerAuthorizer];
        for (uint256 index = 0; index < 3; ++index) {
            BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_row(PAYER_AUTHORIZER_KEY, config, 5, 5));
            _expectRevert(BatchSettlement.NotAuthorizedToClaim.selector);
            vm.prank(others[index]);
            settlement.claim(rows);
        }
        // Every row is looked at, not the first alone.
        BatchSettlementTypes.ChannelConfig memory foreign = _config();
        (foreign.receiver, foreign.receiverAuthorizer) = (stranger, stranger);
        _fund(foreign, 10);
        BatchSettlementTypes.VoucherClaim[] memory both = _rows(
            _row(PAYER_AUTHORIZER_KEY, config, 5, 5), _row(PAYER_AUTHORIZER_KEY, foreign, 5, 5)
        );
        _expectRevert(BatchSettlement.NotAuthorizedToClaim.selector);
        vm.prank(receiver);
        settlement.claim(both);
    }

    function test_refuses_an_empty_batch() public {
        BatchSettlementTypes.VoucherClaim[] memory none = new BatchSettlementTypes.VoucherClaim[](0);
        _expectRevert(BatchSettlement.EmptyBatch.selector);
        vm.prank(receiver);
        settlement.claim(none);
        _expectRevert(BatchSettlement.EmptyBatch.selector);
        settlement.claimWithSignature(none, "");
    }

    function test_I8_a_batch_books_each_row_on_its_own_channel() public {
        BatchSettlementTypes.ChannelConfig memory second = _config();
        second.salt = bytes32(uint256(2));
        bytes32 secondId = _fund(second, 500);
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(
            _row(PAYER_AUTHORIZER_KEY, config, 100, 100), _row(PAYER_AUTHORIZER_KEY, second, 200, 150)
        );
        vm.prank(receiver);
        settlement.claim(rows);
        _expectState(id, 1_000, 100);
        _expectState(secondId, 500, 150);
        _expectReceiver(250, 0);
    }

    function test_I9_anybody_may_send_the_batch_that_the_receiver_authorizer_signed() public {
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_row(PAYER_AUTHORIZER_KEY, config, 100, 90));
        bytes memory signature = _sign(RECEIVER_AUTHORIZER_KEY, TypedData.claimBatch(address(settlement), rows));
        vm.expectEmit(address(settlement));
        emit BatchSettlement.Claimed(id, stranger, 90, 90);
        vm.prank(stranger);
        settlement.claimWithSignature(rows, signature);
        vm.prank(stranger);
        settlement.claimWithSignature(rows, signature);
        _expectState(id, 1_000, 90);
        _expectReceiver(90, 0);
    }

    function test_I9_a_signed_batch_holds_as_it_is_and_for_its_authorizer() public {
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_row(PAYER_AUTHORIZER_KEY, config, 100, 90));
        bytes32 digest = TypedData.claimBatch(address(settlement), rows);
        bytes[4] memory signatures = [
            _sign(STRANGER_KEY, digest),
            _sign(RECEIVER_KEY, digest),
            _malleate(_sign(RECEIVER_AUTHORIZER_KEY, digest)),
            bytes("")
        ];
        for (uint256 index = 0; index < 4; ++index) {
            _expectRevert(BatchSettlement.InvalidSignature.selector);
            settlement.claimWithSignature(rows, signatures[index]);
        }
        rows[0].totalClaimed = 91;
        bytes memory old = _sign(RECEIVER_AUTHORIZER_KEY, digest);
        _expectRevert(BatchSettlement.InvalidSignature.selector);
        settlement.claimWithSignature(rows, old);

        BatchSettlementTypes.ChannelConfig memory foreign = _config();
        foreign.receiverAuthorizer = stranger;
        _fund(foreign, 10);
        rows = _rows(_row(PAYER_AUTHORIZER_KEY, config, 100, 90), _row(PAYER_AUTHORIZER_KEY, foreign, 5, 5));
        bytes memory mixed = _sign(RECEIVER_AUTHORIZER_KEY, TypedData.claimBatch(address(settlement), rows));
        _expectRevert(BatchSettlement.NotReceiverAuthorizer.selector);
        settlement.claimWithSignature(rows, mixed);
        _expectState(id, 1_000, 0);
    }

    function test_I11_a_contract_may_be_the_receiver_authorizer() public {
        config.receiverAuthorizer = address(new SmartAccount(receiver));
        bytes32 smart = _fund(config, 10);
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_row(PAYER_AUTHORIZER_KEY, config, 10, 10));
        bytes32 digest = TypedData.claimBatch(address(settlement), rows);
        _expectRevert(BatchSettlement.InvalidSignature.selector);
        settlement.claimWithSignature(rows, _sign(STRANGER_KEY, digest));
        settlement.claimWithSignature(rows, _sign(RECEIVER_KEY, digest));
        _expectState(smart, 10, 10);
    }

    function test_digests_and_identities_are_those_of_the_specification() public {
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(
            _row(PAYER_AUTHORIZER_KEY, config, 7, 5), _row(PAYER_AUTHORIZER_KEY, config, 9, 8)
        );
        for (uint256 chain = 31_337; chain < 31_339; ++chain) {
            vm.chainId(chain);
            bytes32 channel = _idOf(config);
            vm.assertEq(settlement.getChannelId(config), channel, "channel id");
            vm.assertEq(settlement.getVoucherDigest(channel, 7), TypedData.voucher(address(settlement), channel, 7), "voucher");
            vm.assertEq(
                settlement.getRefundDigest(channel, 3, 4), TypedData.refund(address(settlement), channel, 3, 4), "refund"
            );
            vm.assertEq(settlement.getClaimBatchDigest(rows), TypedData.claimBatch(address(settlement), rows), "batch");
        }
    }
}
